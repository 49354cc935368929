import { ForbiddenException } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { problemOf } from './problem.js';

function databaseError(code: string) {
  return new Prisma.PrismaClientKnownRequestError('secret', {
    code,
    clientVersion: '7',
  });
}

describe('problemOf', () => {
  it.each([
    [409, databaseError('P2002')],
    [404, databaseError('P2025')],
    [500, databaseError('P2000')],
    [403, new ForbiddenException()],
    [
      413,
      Object.assign(new Error('too large'), { statusCode: 413, expose: true }),
    ],
    [
      500,
      Object.assign(new Error('secret'), { statusCode: 502, expose: false }),
    ],
    [500, new Error('secret')],
    [500, 'secret'],
  ])('answers %i', (status, error) => {
    const problem = problemOf(error);

    expect(problem.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });
});
