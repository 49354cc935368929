import { STATUS_CODES } from 'node:http';
import {
  applyDecorators,
  HttpException,
  ValidationError,
} from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { Prisma } from '../generated/prisma/client.js';

export const PROBLEM_JSON = 'application/problem+json';

export class InvalidField {
  @ApiProperty()
  field: string;

  @ApiProperty()
  message: string;
}

/** RFC 9457. Clients branch on `type`, which is stable; the words may change. */
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

/** A failure that clients tell from others of its status by `type`. */
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

/** For `ValidationPipe`. */
export function invalidRequest(errors: ValidationError[]): ProblemException {
  return new ProblemException(
    400,
    '/problems/invalid-request',
    'The request is invalid.',
    { errors: errors.flatMap((error) => invalidFields(error)) },
  );
}

function invalidFields(error: ValidationError, path = ''): InvalidField[] {
  const field = path + error.property;
  const own = Object.values(error.constraints ?? {});
  return [
    ...own.map((message) => ({ field, message })),
    ...(error.children ?? []).flatMap((child) =>
      invalidFields(child, `${field}.`),
    ),
  ];
}

/** What a client is told of an error: of an unexpected one, nothing. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemException) {
    const { type, message: detail, errors } = error;
    return problem(error.getStatus(), { type, detail, errors });
  }
  if (error instanceof HttpException || isOfExpress(error)) {
    const status =
      error instanceof HttpException ? error.getStatus() : error.statusCode;
    const detail =
      error.message === STATUS_CODES[status] ? undefined : error.message;
    return problem(status, { detail });
  }
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    if (error.code === 'P2002') {
      return problem(409, {
        type: '/problems/already-exists',
        detail: 'It repeats a value that must be unique.',
      });
    }
    if (error.code === 'P2025') {
      return problem(404, {
        type: '/problems/not-found',
        detail: 'There is no such record.',
      });
    }
  }
  return problem(500);
}

function problem(status: number, rest: Partial<Problem> = {}): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...rest,
  };
}

/** An error of Express or its body parser that is the client's. */
function isOfExpress(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error &&
    'expose' in error &&
    error.expose === true &&
    'statusCode' in error
  );
}

/** Documents these statuses of a handler: Nest by itself declares none. */
export function ApiProblems(...statuses: number[]): MethodDecorator {
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
