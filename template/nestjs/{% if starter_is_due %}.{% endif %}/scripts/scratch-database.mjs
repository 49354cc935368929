import 'dotenv-expand/config';
import { spawnSync } from 'node:child_process';
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
    stop('DATABASE_URL is not set: copy .env.example to .env.');
  }
  const scratch = new URL(url);
  const name = `${scratch.pathname.slice(1)}_${suffix}_${randomUUID().slice(0, 8)}`;
  scratch.pathname = name;
  try {
    await run(url, `CREATE DATABASE "${name}"`);
  } catch (error) {
    stop(
      `No database for tests (${describe(error)}): start it with \`docker compose up -d --wait\`.`,
    );
  }
  return {
    url: scratch.href,
    drop: () => run(url, `DROP DATABASE "${name}" WITH (FORCE)`),
  };
}

/**
 * Runs Prisma's CLI; its exit code and what it printed.
 *
 * @param {string} command
 * @param {Record<string, string>} environment
 */
export function prisma(command, environment) {
  const { status, stdout } = spawnSync(`prisma ${command}`, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    shell: true,
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout);
  return { status: status ?? 1, stdout };
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** @param {unknown} error */
function describe(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  return code ?? message;
}

/**
 * @param {string} url
 * @param {string} statement
 */
async function run(url, statement) {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
  });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
