import { createScratchDatabase, prisma } from '../scripts/scratch-database.mjs';

/** A migrated database for this run, so that two runs do not meet. */
export default async function setup(): Promise<() => Promise<void>> {
  const database = await createScratchDatabase('test');
  const { status } = prisma('migrate deploy', { DATABASE_URL: database.url });
  if (status !== 0) {
    await database.drop();
    throw new Error('The migrations fail on an empty database.');
  }
  process.env.DATABASE_URL = database.url;
  return database.drop;
}
