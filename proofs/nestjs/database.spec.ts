import { expect } from 'vitest';
import { Prisma } from './generated/client/client.js';
import { connect } from './support/prisma.js';
import { barrier, failure, proves, unique } from './support/proves.js';

const prisma = connect();

const createUser = () => prisma.user.create({ data: { email: unique() } });
const createAccounts = () => Promise.all([prisma.account.create({ data: {} }), prisma.account.create({ data: {} })]);

// --- transactions

proves('a call on `this.prisma` survives the rollback', async () => {
  const [outside, inside] = [unique(), unique()];
  const service = (db: Prisma.TransactionClient, email: string) => db.user.create({ data: { email } });
  await failure(
    prisma.$transaction(async (tx) => {
      await service(prisma, outside);
      await service(tx, inside);
      throw new Error('rollback');
    }),
  );
  const kept = await prisma.user.findMany({ where: { email: { in: [outside, inside] } } });
  expect(kept.map(({ email }) => email)).toEqual([outside]);
});

/** What two serializable transactions end with that both read and write both rows, the writes before or after both read. */
async function conflict(step: (tx: Prisma.TransactionClient, id: number) => Promise<unknown>, commitTogether = false): Promise<any> {
  const [a, b] = await createAccounts();
  const [read, written] = [barrier(2), barrier(2)];
  const move = (id: number) =>
    prisma.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT * FROM "Account" WHERE id IN (${a.id}, ${b.id})`;
        if (!commitTogether) await read();
        await step(tx, id);
        if (commitTogether) await written();
      },
      { isolationLevel: 'Serializable' },
    );
  const results = await Promise.allSettled(commitTogether ? [move(a.id), move(b.id)] : [move(a.id), move(a.id)]);
  const failed = results.filter((result) => result.status === 'rejected');
  expect(failed).toHaveLength(1);
  return failed[0].reason;
}

proves('P2034 misses conflicts in raw SQL', async () => {
  const update = (tx: Prisma.TransactionClient, id: number) => tx.account.update({ where: { id }, data: { balance: 1 } });
  const raw = (tx: Prisma.TransactionClient, id: number) => tx.$executeRaw`UPDATE "Account" SET balance = 1 WHERE id = ${id}`;
  const errors = [await conflict(update), await conflict(raw), await conflict(update, true)];
  expect(errors.map((e) => e.code)).toEqual(['P2034', 'P2010', undefined]);
  for (const e of errors) expect((e.meta?.driverAdapterError?.cause ?? e.cause)?.kind).toBe('TransactionWriteConflict');
});

// --- errors

proves('A unique violation is P2002, in raw SQL P2010', async () => {
  const { email } = await createUser();
  const error = await failure(prisma.user.create({ data: { email } }));
  expect(error.code).toBe('P2002');
  expect(error.meta.target).toBeUndefined();
  const raw = await failure(prisma.$executeRaw`INSERT INTO "User" (email) VALUES (${email})`);
  expect(raw.code).toBe('P2010');
});

proves('It aborts the transaction, unless it happens in a nested', async () => {
  const { email } = await createUser();
  const aborted = await failure(
    prisma.$transaction(async (tx) => {
      await failure(tx.user.create({ data: { email } }));
      await tx.user.count();
    }),
  );
  expect(aborted.message).toContain('25P02');
  const other = unique();
  await prisma.$transaction(async (tx) => {
    await tx.user.create({ data: { email: other } });
    await failure(tx.$transaction((savepoint) => savepoint.user.create({ data: { email } })));
    await tx.user.count();
  });
  expect(await prisma.user.count({ where: { email: other } })).toBe(1);
});

// --- results

proves('shifts every `@db.Timestamptz`', async () => {
  const zonedAt = new Date('2026-01-01T12:00:00Z');
  const tokyo = connect({ options: '-c TimeZone=Asia/Tokyo' });
  const written = await tokyo.post.create({ data: { zonedAt } });
  const stored = await prisma.post.findUniqueOrThrow({ where: { id: written.id } });
  expect(stored.zonedAt).toEqual(new Date('2026-01-01T03:00:00Z'));
  const { id } = await prisma.post.create({ data: { zonedAt } });
  expect((await tokyo.post.findUniqueOrThrow({ where: { id } })).zonedAt).toEqual(new Date('2026-01-01T21:00:00Z'));
});

proves('keeps a column out of every result that does not `select` it', async () => {
  const omitting = connect({}, { omit: { user: { passwordHash: true } } });
  const { id, ...created } = await omitting.user.create({ data: { email: unique() } });
  const listed = await omitting.user.findUniqueOrThrow({ where: { id } });
  expect([created, listed].some((row) => 'passwordHash' in row)).toBe(false);
  expect(await omitting.user.findUnique({ where: { id }, select: { passwordHash: true } })).toEqual({ passwordHash: 'hash' });
});
