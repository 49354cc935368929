import 'dotenv/config';
import { readdir, readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { createScratchDatabase } from '../scripts/scratch-database.mjs';

const MIGRATIONS = new URL('../prisma/migrations/', import.meta.url);

/** A migrated database for this run, so that two runs do not meet. */
export default async function setup(): Promise<() => Promise<void>> {
  const database = await createScratchDatabase('test');
  await migrate(database.url);
  process.env.DATABASE_URL = database.url;
  return database.drop;
}

async function migrate(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    const entries = await readdir(MIGRATIONS, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    for (const name of names.sort()) {
      const file = new URL(`${name}/migration.sql`, MIGRATIONS);
      await client.query(await readFile(file, 'utf8'));
    }
  } finally {
    await client.end();
  }
}
