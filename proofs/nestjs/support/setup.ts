import { execFileSync } from 'node:child_process';
import { Database } from './database.js';

/** One database for the run, with the tables of schema.prisma. */
export default async function setup(): Promise<() => Promise<void>> {
  const database = await Database.create();
  process.env.DATABASE_URL = database.url;
  prisma('generate');
  await database.sql(prisma('migrate', 'diff', '--from-empty', '--to-schema', 'schema.prisma', '--script'));
  return () => database.drop();
}

const prisma = (...words: string[]): string =>
  execFileSync(process.execPath, ['node_modules/prisma/build/index.js', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
