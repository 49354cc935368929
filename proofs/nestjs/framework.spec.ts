import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import { expect } from 'vitest';
import { Left } from './fixtures/cycle/left.js';
import { Right } from './fixtures/cycle/right.js';
import { connect } from './support/prisma.js';
import { proves, unique } from './support/proves.js';

/** What the compiled fixture prints when Node starts it. */
function started(fixture: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [`compiled/${fixture}/main.js`], { encoding: 'utf8' });
  return stdout + stderr;
}

proves('crash the compiled service', async () => {
  const module = await Test.createTestingModule({ providers: [Left, Right] }).compile();
  expect(module.get(Left).right).toBe(module.get(Right)); // in Vitest
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'fixtures'], { encoding: 'utf8' });
  expect(tsc.stdout).toBe('');
  expect(started('cycle')).toContain("Cannot access 'Left' before initialization");
  expect(started('alias')).toBe('started\n');
});

proves("Prisma's promises are lazy", async () => {
  const prisma = connect();
  const email = unique();
  void prisma.user.create({ data: { email } });
  await sleep(500);
  expect(await prisma.user.count({ where: { email } })).toBe(0);
});
