import { ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { Errors } from './support/nest.js';
import { proves } from './support/proves.js';

let redis: ChildProcess;
const connection = { host: '127.0.0.1', port: 0 };

beforeAll(async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  connection.port = (probe.address() as { port: number }).port;
  await new Promise((resolve) => probe.close(resolve));
  redis = spawn('redis-server', ['--port', String(connection.port), '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    redis.on('error', reject);
    redis.stdout?.on('data', (text) => String(text).includes('Ready to accept') && resolve());
  });
});
afterAll(() => redis.kill());

proves('BullMQ runs a job once and keeps it forever', '`add` with a kept `jobId`', async () => {
  const runs: string[] = [];
  const queue = new Queue('proof', { connection });
  const worker = new Worker(
    'proof',
    async ({ name }) => {
      runs.push(name);
      if (name === 'fails') throw new Error('once');
    },
    { connection },
  );
  await queue.add('fails', {});
  await queue.add('recalculate', {}, { jobId: 'customer-1' });
  await vi.waitUntil(async () => (await queue.getJobCounts()).completed === 1);
  await queue.add('recalculate', {}, { jobId: 'customer-1' });
  await sleep(1_000);
  expect(runs.sort()).toEqual(['fails', 'recalculate']);
  expect(await queue.getJobCounts()).toMatchObject({ failed: 1, completed: 1, waiting: 0, delayed: 0 });
  await worker.close();
  await queue.close();
});

proves('`@Cron` runs in every instance, and again', async () => {
  const log: string[] = [];
  let runs = 0;
  @Injectable()
  class Nightly {
    @Cron('* * * * * *') async send() {
      const run = ++runs;
      log.push(`start ${run}`);
      await sleep(3_500);
      log.push(`end ${run}`);
      throw new Error('not sent');
    }
  }
  const logger = new Errors();
  const instance = () => Test.createTestingModule({ imports: [ScheduleModule.forRoot()], providers: [Nightly] }).setLogger(logger).compile();
  const instances = [await instance(), await instance()];
  for (const module of instances) await module.init();
  await vi.waitUntil(() => logger.errors.length, { timeout: 20_000 });
  for (const module of instances) await module.close();
  expect(log.indexOf('end 1')).toBeGreaterThanOrEqual(4); // two instances, and each a second time before its first end
  expect(logger.errors[0]).toContain('not sent');
});
