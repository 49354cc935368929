import { PrismaPg } from '@prisma/adapter-pg';
import { expect } from 'vitest';
import { PrismaClient as StrictClient } from './generated/strict/client.js';
import { Project } from './support/migrate.js';
import { connect, url } from './support/prisma.js';
import { failure, proves } from './support/proves.js';

const prisma = connect();

proves('`undefined` in a Prisma `where` is no filter', async () => {
  await prisma.draft.create({ data: {} });
  await prisma.draft.deleteMany({ where: { id: undefined } });
  expect(await prisma.draft.count()).toBe(0);
});

proves('`strictUndefinedChecks` refuses it', 'or turn on `strictUndefinedChecks`', async () => {
  const strict = new StrictClient({ adapter: new PrismaPg({ connectionString: url }) });
  expect((await failure(strict.draft.deleteMany({ where: { id: undefined } }))).message).toContain('explicitly `undefined`');
  await strict.$disconnect();
});

proves('even if Prisma asks for it', 'after `db push` the next `migrate dev` asks for a reset', async () => {
  const project = await Project.create();
  project.model('name String');
  project.prisma('migrate dev --name items');
  project.model('name String\n  note String?');
  expect(project.prisma('db push').status).toBe(0);
  const { status, said } = project.prisma('migrate dev --name note');
  expect([status, said]).toEqual([130, expect.stringContaining('We need to reset')]);
  await project.drop();
});
