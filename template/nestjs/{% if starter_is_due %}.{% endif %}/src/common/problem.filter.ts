import {
  ArgumentsHost,
  Catch,
  ExceptionFilter,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { allowedMethods } from '../openapi/document.js';
import { PROBLEM_JSON, ProblemException, problemOf } from './problem.js';

const RETRY_AFTER_SECONDS = '1';

/** Responds to every error, the framework's own included, in one format. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') {
      this.logger.error(thrown);
      return thrown;
    }
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const error = wrongMethod(thrown, http.getRequest<Request>()) ?? thrown;
    const problem = problemOf(error);
    if (problem.status >= 500) {
      // The line of this request carries it: see LoggingModule.
      response.err = error instanceof Error ? error : new Error(String(error));
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status === 503) {
      response.set('Retry-After', RETRY_AFTER_SECONDS);
    }
    if (error instanceof ProblemException) {
      response.set(error.headers);
    }
    if (problem.status === 204) {
      response.status(204).end();
      return;
    }
    response
      .status(problem.status)
      .type(PROBLEM_JSON)
      .send(JSON.stringify(problem));
  }
}

/** Nest responds 404 also where the path exists and only the method does not. */
function wrongMethod(
  error: unknown,
  request: Request,
): ProblemException | undefined {
  const allowed =
    error instanceof NotFoundException ? allowedMethods(request) : [];
  const asked = request.method === 'OPTIONS';
  if (allowed.length === 0 || (allowed.includes(request.method) && !asked)) {
    return undefined;
  }
  return new ProblemException(
    asked ? 204 : 405,
    'about:blank',
    'The path has no such method.',
    { headers: { Allow: allowed.join(', ') } },
  );
}
