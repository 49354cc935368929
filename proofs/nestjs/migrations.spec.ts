import { afterEach, beforeEach, expect } from 'vitest';
import { Project } from './support/migrate.js';
import { failure, proves } from './support/proves.js';

const ITEM = 'CREATE TABLE "Item" (id int NOT NULL, name text NOT NULL, CONSTRAINT "Item_pkey" PRIMARY KEY (id));';

let project: Project;
beforeEach(async () => {
  project = await Project.create();
  project.model('name String');
  project.migration('20260101_items', ITEM);
});
afterEach(() => project.drop());

proves('Without a terminal `migrate dev` stops', async () => {
  expect(project.prisma('migrate deploy').status).toBe(0);
  await project.sql(`INSERT INTO "Item" VALUES (1, 'x')`);
  project.model('title String?');
  expect(project.prisma('migrate diff --from-config-datasource --to-schema schema.prisma --script').said).toContain('DROP COLUMN "name"');
  const lossy = project.prisma('migrate dev --create-only --name rename');
  expect([lossy.status, lossy.said]).toEqual([1, expect.stringContaining('drop the column `name`')]);
  project.model('name String');
  project.migration('20260101_items', `${ITEM}\n-- edited`);
  const edited = project.prisma('migrate dev --create-only --name next');
  expect([edited.status, edited.said]).toEqual([130, expect.stringContaining('We need to reset')]);
});

proves('After `migrate resolve --rolled-back` the whole file runs again', async () => {
  const file = 'CREATE TABLE first (id int);\nCREATE TABLE second (id int REFERENCES missing);';
  project.migration('20260102_two', file);
  expect(project.prisma('migrate deploy').said).toContain('missing');
  await project.sql('CREATE TABLE missing (id int PRIMARY KEY)');
  await project.sql('CREATE TABLE IF NOT EXISTS first (id int)'); // what was applied
  project.prisma('migrate resolve --rolled-back 20260102_two');
  expect(project.prisma('migrate deploy').said).toMatch(/first.*already exists/);
  await project.sql('DROP TABLE first');
  project.prisma('migrate resolve --rolled-back 20260102_two');
  expect(project.prisma('migrate deploy').status).toBe(0);
});

proves('`… INDEX CONCURRENTLY` is alone in its file', async () => {
  // What Prisma sends for a file that its parser does not split: all of it in one message.
  await project.sql(`${ITEM} CREATE INDEX alone ON "Item" (name)`);
  const error = await failure(project.sql("SET lock_timeout = '5s'; DROP INDEX CONCURRENTLY alone"));
  expect(error.code).toBe('25001');
  await project.sql('DROP INDEX CONCURRENTLY alone');
});
