import {
  ArgumentsHost,
  Catch,
  ExceptionFilter,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { Prisma } from '../generated/prisma/client.js';
import { PROBLEM_JSON, ProblemException, problemOf } from './problem.js';

/** Answers every error, the framework's own included, in one format. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const error = wrongMethod(thrown, http.getRequest<Request>()) ?? thrown;
    const problem = problemOf(error);
    if (problem.status === 500) {
      this.logger.error(loggable(error));
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof ProblemException) {
      response.set(error.headers);
    }
    response
      .status(problem.status)
      .type(PROBLEM_JSON)
      .send(JSON.stringify(problem));
  }
}

/** Prisma quotes the whole call, passwords included, before its last line. */
export function loggable(error: unknown): unknown {
  return error instanceof Prisma.PrismaClientValidationError
    ? `${error.name}: ${error.message.split('\n').at(-1)}`
    : error;
}

/** Express answers 404 also where the path is right and only the method is not. */
function wrongMethod(
  error: unknown,
  request: Request,
): ProblemException | undefined {
  if (!(error instanceof NotFoundException) || request.route) {
    return undefined;
  }
  // The types leave out `match`.
  const layers = request.app.router.stack as unknown as {
    match(path: string): boolean;
    route?: { stack: { method: string }[] };
  }[];
  const methods = layers
    .filter((layer) => layer.match(request.path))
    .flatMap((layer) => layer.route?.stack ?? [])
    .map(({ method }) => method.toUpperCase());
  if (methods.length === 0) {
    return undefined;
  }
  const headers = { Allow: [...new Set(methods)].join(', ') };
  return new ProblemException(
    405,
    'about:blank',
    'The path has no such method.',
    { headers },
  );
}
