import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** One database for the run, with the tables of schema.prisma. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('TEST_POSTGRES_URL is not set.');
  const name = `proofs_${randomUUID().slice(0, 8)}`;
  const url = new URL(server);
  url.pathname = name;
  await run(server, `CREATE DATABASE ${name}`);
  process.env.DATABASE_URL = url.href;
  prisma('generate');
  await run(url.href, prisma('migrate', 'diff', '--from-empty', '--to-schema', 'schema.prisma', '--script'));
  return () => run(server, `DROP DATABASE ${name} WITH (FORCE)`);
}

const prisma = (...words: string[]): string =>
  execFileSync(process.execPath, ['node_modules/prisma/build/index.js', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function run(url: string, statements: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
