import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Module } from '@nestjs/common';
import type { Request } from 'express';
import { LoggerModule } from 'nestjs-pino';
import { Config, config } from '../config/config.js';
import { loggableError } from './loggable-error.js';

const PROBES = /\/(health|ready)$/;

/**
 * One JSON line for each request, with its error where the status is 5xx: the
 * filter leaves it in `response.err`. Other lines carry the request's id too.
 */
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [config.KEY],
      useFactory: (settings: Config) => ({
        pinoHttp: {
          level: settings.LOG_LEVEL,
          formatters: { level: (level: string) => ({ level }) },
          genReqId: requestId,
          customLogLevel: (request, response) =>
            response.statusCode >= 500
              ? 'error'
              : PROBES.test(pathOf(request))
                ? 'debug'
                : 'info',
          // Neither headers nor the query: both may hold a token.
          serializers: {
            req: ({
              id,
              method,
              raw,
            }: {
              id: string;
              method: string;
              raw: Request;
            }) => ({
              id,
              method,
              path: pathOf(raw),
              address: raw.ip,
            }),
            res: ({ statusCode }: ServerResponse) => ({ statusCode }),
            err: loggableError,
          },
        },
      }),
    }),
  ],
})
export class LoggingModule {}

function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  return (request.originalUrl ?? request.url ?? '').replace(/\?.*/s, '');
}

/** The caller's id, unless it could forge a log line. */
function requestId(request: IncomingMessage, response: ServerResponse): string {
  const sent = request.headers['x-request-id'];
  const id =
    typeof sent === 'string' && /^[\w.-]{1,64}$/.test(sent)
      ? sent
      : randomUUID();
  response.setHeader('X-Request-ID', id);
  return id;
}
