import { Prisma } from '../generated/prisma/client.js';
import { databaseFailure } from './database-error.js';

function known(code: string, cause: object = {}) {
  const meta = { driverAdapterError: { cause } };
  return new Prisma.PrismaClientKnownRequestError('', {
    code,
    clientVersion: '7',
    meta,
  });
}

describe('databaseFailure', () => {
  it.each([
    ['unique', known('P2002')],
    ['unique', known('P2010', { kind: 'UniqueConstraintViolation' })],
    ['reference', known('P2003')],
    ['reference', known('P2010', { kind: 'RestrictViolation' })],
    ['unavailable', known('P1001')],
    ['unavailable', known('P2010', { originalCode: '57014' })],
    ['unavailable', known('P2039', { originalCode: '55P03' })],
    [
      'unavailable',
      new Error('DriverAdapterError', { cause: { originalCode: '40001' } }),
    ],
    ['unavailable', new Error('timeout exceeded when trying to connect')],
    ['unavailable', new Error('Query read timeout')],
    [undefined, known('P2025')],
    [undefined, known('P2010', { originalCode: '42601' })],
    [undefined, new Error('other')],
    [undefined, 'text'],
  ])('is %s', (failure, error) => {
    expect(databaseFailure(error)).toBe(failure);
  });
});
