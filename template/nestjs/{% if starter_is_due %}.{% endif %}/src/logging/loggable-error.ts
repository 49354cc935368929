import { HttpException } from '@nestjs/common';
import type { SerializedError } from 'pino';

/** Prisma quotes the whole call, passwords included, before its last line. */
export function loggableError(error: SerializedError): object {
  const { type, message, stack, raw } = error;
  if (type === 'PrismaClientValidationError') {
    const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
    const lastLine = message.split('\n').at(-1);
    return { type, message: lastLine, stack: frames.join('\n') };
  }
  return {
    type,
    message,
    stack,
    code: 'code' in raw ? raw.code : undefined,
    response: raw instanceof HttpException ? raw.getResponse() : undefined,
  };
}
