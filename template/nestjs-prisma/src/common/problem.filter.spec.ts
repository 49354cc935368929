import { Prisma } from '../generated/prisma/client.js';
import { loggable } from './problem.filter.js';

describe('loggable', () => {
  it('leaves out the values that Prisma quotes', () => {
    const error = new Prisma.PrismaClientValidationError(
      'Invalid call:\n{ password: "secret" }\n\nArgument `email` is missing.',
      { clientVersion: '7' },
    );

    expect(loggable(error)).toBe(
      'PrismaClientValidationError: Argument `email` is missing.',
    );
  });

  it('keeps other errors whole', () => {
    const error = new Error('broken');

    expect(loggable(error)).toBe(error);
  });
});
