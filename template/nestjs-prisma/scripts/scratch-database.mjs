import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/**
 * Makes an empty database beside that of DATABASE_URL, for this run alone.
 *
 * @param {string} suffix
 */
export async function createScratchDatabase(suffix) {
  const url = process.env.DATABASE_URL;
  if (!url) {
    throw new Error('DATABASE_URL is not set.');
  }
  const scratch = new URL(url);
  const name = `${scratch.pathname.slice(1)}_${suffix}_${randomUUID().slice(0, 8)}`;
  scratch.pathname = name;
  await run(url, `CREATE DATABASE "${name}"`);
  return {
    url: scratch.href,
    drop: () => run(url, `DROP DATABASE "${name}" WITH (FORCE)`),
  };
}

/**
 * @param {string} url
 * @param {string} statement
 */
async function run(url, statement) {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
