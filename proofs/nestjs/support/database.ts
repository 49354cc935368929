import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** An empty database of its own on the server of TEST_POSTGRES_URL. */
export class Database {
  private constructor(
    readonly name: string,
    private readonly server: string,
  ) {}

  static async create(): Promise<Database> {
    const server = process.env.TEST_POSTGRES_URL;
    if (!server) throw new Error('TEST_POSTGRES_URL is not set.');
    const name = `proofs_${randomUUID().slice(0, 8)}`;
    await run(server, `CREATE DATABASE ${name}`);
    return new Database(name, server);
  }

  get url(): string {
    return Object.assign(new URL(this.server), { pathname: this.name }).href;
  }

  sql(statements: string): Promise<void> {
    return run(this.url, statements);
  }

  drop(): Promise<void> {
    return run(this.server, `DROP DATABASE ${this.name} WITH (FORCE)`);
  }
}

async function run(url: string, statements: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
