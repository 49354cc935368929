import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

const CONFIG = `import { defineConfig } from 'prisma/config';
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
`;
const SCHEMA = `generator client {
  provider = "prisma-client"
  output   = "./client"
}
datasource db {
  provider = "postgresql"
}
`;

/** A project with an empty database, and what its Prisma commands say; there is no terminal. */
export class Project {
  private readonly name = `proofs_${randomUUID().slice(0, 8)}`;
  private readonly folder = `project-${this.name}`;
  private readonly url = Object.assign(new URL(process.env.TEST_POSTGRES_URL as string), { pathname: this.name }).href;

  static async create(): Promise<Project> {
    const project = new Project();
    await run(process.env.TEST_POSTGRES_URL as string, `CREATE DATABASE ${project.name}`);
    mkdirSync(join(project.folder, 'migrations'), { recursive: true });
    writeFileSync(join(project.folder, 'prisma.config.ts'), CONFIG);
    writeFileSync(join(project.folder, 'migrations/migration_lock.toml'), 'provider = "postgresql"\n');
    return project;
  }

  model(fields: string): void {
    writeFileSync(join(this.folder, 'schema.prisma'), `${SCHEMA}\nmodel Item {\n  id Int @id\n  ${fields}\n}\n`);
  }

  migration(name: string, statements: string): void {
    mkdirSync(join(this.folder, 'migrations', name), { recursive: true });
    writeFileSync(join(this.folder, 'migrations', name, 'migration.sql'), statements);
  }

  prisma(command: string): { status: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['../node_modules/prisma/build/index.js', ...command.split(' ')], {
      cwd: this.folder,
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: this.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, said: stdout + stderr };
  }

  async sql(statements: string): Promise<void> {
    await run(this.url, statements);
  }

  async drop(): Promise<void> {
    await run(process.env.TEST_POSTGRES_URL as string, `DROP DATABASE ${this.name} WITH (FORCE)`);
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
