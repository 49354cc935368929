import { STATUS_CODES } from 'node:http';
import { applyDecorators, HttpException } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { databaseFailure } from '../prisma/database-error.js';

export const PROBLEM_JSON = 'application/problem+json';

export class InvalidField {
  @ApiProperty()
  field: string;

  @ApiProperty()
  message: string;
}

/** RFC 9457. Clients branch on `type`, which is stable; the text may change. */
export class Problem {
  @ApiProperty({ example: 'about:blank' })
  type: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ type: 'integer' })
  status: number;

  @ApiPropertyOptional()
  detail?: string;

  @ApiPropertyOptional({ type: [InvalidField] })
  errors?: InvalidField[];
}

/** A failure whose `type`, text and headers are made for the client. */
export class ProblemException extends HttpException {
  readonly errors?: InvalidField[];
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    readonly type: string,
    detail: string,
    rest: { errors?: InvalidField[]; headers?: Record<string, string> } = {},
  ) {
    super(detail, status);
    this.errors = rest.errors;
    this.headers = rest.headers ?? {};
  }
}

export function notFound(): ProblemException {
  return new ProblemException(
    404,
    '/problems/not-found',
    'There is no such record.',
  );
}

/** What a client is told of an error. Of a 5xx that is its status, unless the text was made for it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemException) {
    const { type, message: detail, errors } = error;
    return problem(error.getStatus(), { type, detail, errors });
  }
  if (error instanceof HttpException || isOfExpress(error)) {
    const status =
      error instanceof HttpException ? error.getStatus() : error.statusCode;
    const told = status < 500 && error.message !== STATUS_CODES[status];
    return problem(status, told ? { detail: error.message } : {});
  }
  switch (databaseFailure(error)) {
    case 'unavailable':
      return problem(503);
    case 'unique':
      return problem(409, {
        type: '/problems/already-exists',
        detail: 'It repeats a value that must be unique.',
      });
    case 'reference':
      return problem(409, {
        type: '/problems/reference',
        detail: 'It refers to a missing record, or is still referred to.',
      });
    default:
      return problem(500);
  }
}

function problem(status: number, rest: Partial<Problem> = {}): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...rest,
  };
}

/** A client error of Express or its body parser. */
function isOfExpress(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error &&
    'expose' in error &&
    error.expose === true &&
    'statusCode' in error
  );
}

/** Documents these statuses of a handler: Nest by itself declares none. */
export function ApiProblems(
  ...statuses: number[]
): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: STATUS_CODES[status],
        content: {
          [PROBLEM_JSON]: { schema: { $ref: getSchemaPath(Problem) } },
        },
      }),
    ),
  );
}
