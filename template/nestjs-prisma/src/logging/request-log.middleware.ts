import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { requestId, requestIdFrom } from './request-id.js';

const logger = new Logger('Request');

/** Stands before the body parser: a body that does not parse is logged too. */
export function requestLog(
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  const id = requestIdFrom(request.get('X-Request-ID'));
  const started = performance.now();
  // Without the query, which may hold what must not be logged.
  const { method, path } = request;
  response.set('X-Request-ID', id);
  requestId.run(id, () => {
    response.once(
      'close',
      AsyncLocalStorage.bind(() => {
        logger.log('request', {
          method,
          path,
          status: response.statusCode,
          finished: response.writableFinished,
          duration_ms: Math.round(performance.now() - started),
        });
      }),
    );
    next();
  });
}
