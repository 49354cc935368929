import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from './database.js';

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
  private readonly folder: string;

  private constructor(private readonly database: Database) {
    this.folder = `project-${database.name}`;
  }

  static async create(): Promise<Project> {
    const project = new Project(await Database.create());
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
      env: { ...process.env, DATABASE_URL: this.database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, said: stdout + stderr };
  }

  sql(statements: string): Promise<void> {
    return this.database.sql(statements);
  }

  drop(): Promise<void> {
    return this.database.drop();
  }
}
