import { stdSerializers } from 'pino';
import { Prisma } from '../generated/prisma/client.js';
import { loggableError } from './loggable-error.js';

describe('loggableError', () => {
  it('leaves out the values that Prisma quotes and keeps the stack', () => {
    const error = new Prisma.PrismaClientValidationError(
      'Invalid call:\n{ password: "secret" }\n\nArgument `email` is missing.',
      { clientVersion: '7' },
    );

    const logged = loggableError(stdSerializers.err(error));

    expect(logged).toMatchObject({
      message: 'Argument `email` is missing.',
      stack: expect.stringMatching(/^ {4}at .*spec\.ts/m),
    });
    expect(JSON.stringify(logged)).not.toContain('secret');
  });

  it('keeps the cause of other errors', () => {
    const error = new Error('broken', { cause: new Error('because') });

    const logged = loggableError(stdSerializers.err(error));

    expect(logged).toMatchObject({
      message: 'broken: because',
      stack: expect.stringContaining('caused by: Error: because'),
    });
  });
});
