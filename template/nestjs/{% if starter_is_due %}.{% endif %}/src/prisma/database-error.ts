import { Prisma } from '../generated/prisma/client.js';

// Connection exceptions, insufficient resources, operator intervention (timeouts
// among them), rollbacks of deadlocks, lock timeout, forgotten transaction.
const UNAVAILABLE_SQLSTATE = /^(08|53|57|40|55P03|25P03)/;
const UNAVAILABLE_CODE = /^(P1001|P1002|P1008|P1017|P2024|P2028|P2034|P2037)$/;
// The driver gives these no code.
const UNAVAILABLE_MESSAGE =
  /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error)/;

type Cause = { kind?: string; originalCode?: string } | undefined;

/**
 * What went wrong in the database, for what clients can act on. Raw SQL, the
 * model's methods and a commit report the same failure in three different ways.
 */
export function databaseFailure(
  error: unknown,
): 'unavailable' | 'unique' | 'reference' | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const known = error instanceof Prisma.PrismaClientKnownRequestError;
  const code = known ? error.code : '';
  const adapterError = known
    ? (error.meta?.driverAdapterError as { cause?: Cause } | undefined)
    : error;
  const { kind, originalCode = '' } = (adapterError?.cause ??
    {}) as NonNullable<Cause>;
  if (
    UNAVAILABLE_CODE.test(code) ||
    UNAVAILABLE_SQLSTATE.test(originalCode) ||
    UNAVAILABLE_MESSAGE.test(error.message)
  ) {
    return 'unavailable';
  }
  if (code === 'P2002' || kind === 'UniqueConstraintViolation') {
    return 'unique';
  }
  if (
    code === 'P2003' ||
    kind === 'ForeignKeyConstraintViolation' ||
    kind === 'RestrictViolation'
  ) {
    return 'reference';
  }
  return undefined;
}
