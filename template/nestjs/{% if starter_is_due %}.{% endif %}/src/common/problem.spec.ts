import { BadGatewayException, ForbiddenException } from '@nestjs/common';
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
    [409, databaseError('P2003')],
    [503, databaseError('P1001')],
    [500, databaseError('P2025')],
    [403, new ForbiddenException()],
    [502, new BadGatewayException('secret')],
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
  ])('becomes %i', (status, error) => {
    const problem = problemOf(error);

    expect(problem.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });
});
