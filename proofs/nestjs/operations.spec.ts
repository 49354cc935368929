import { connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Injectable, OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { expect, vi } from 'vitest';
import { start } from './support/nest.js';
import { connect } from './support/prisma.js';
import { failure, pending, proves, unique } from './support/proves.js';

const prisma = connect();

proves('`onModuleDestroy` runs while requests are still served', async () => {
  const order: string[] = [];
  @Injectable()
  class Client implements OnModuleDestroy, OnApplicationShutdown {
    onModuleDestroy() {
      order.push('onModuleDestroy');
    }
    onApplicationShutdown() {
      order.push('onApplicationShutdown');
    }
  }
  @Controller()
  class Handlers {
    @Get() async get() {
      order.push('started');
      await sleep(1_000);
      order.push('served');
    }
  }
  const { app, url } = await start({ providers: [Client], controllers: [Handlers] });
  const response = fetch(url);
  await vi.waitUntil(() => order.length);
  await app.close();
  expect((await response).status).toBe(200);
  expect(order).toEqual(['started', 'onModuleDestroy', 'served', 'onApplicationShutdown']);
});

proves('`app.close()` waits forever for a silent connection', async () => {
  const { app, url } = await start({});
  const silent = dial(Number(new URL(url).port), '127.0.0.1');
  silent.on('error', () => {});
  await sleep(300);
  const closed = app.close();
  expect(await pending(closed, 5_000)).toBe(true);
  app.getHttpServer().closeAllConnections();
  await closed;
});

proves('Without `connectionTimeoutMillis` a full pool waits forever', async () => {
  const patient = connect({ max: 1 });
  const slow = patient.$queryRaw`SELECT pg_sleep(8)::text`.then(() => true);
  await sleep(100);
  expect(await pending(patient.user.count().then(), 7_000)).toBe(true);
  await slow;
  const bounded = connect({ max: 1, connectionTimeoutMillis: 300 });
  const busy = bounded.$queryRaw`SELECT pg_sleep(2)::text`.then(() => true);
  await sleep(100);
  const error = await failure(bounded.user.count());
  expect([error.code, error.message]).toEqual([undefined, 'timeout exceeded when trying to connect']);
  await busy;
  const impatient = connect({ options: '-c statement_timeout=300 -c lock_timeout=100' });
  const codes = [(await failure(impatient.$queryRaw`SELECT pg_sleep(5)::text`)).code];
  await prisma.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE "Account"`;
    codes.push((await failure(impatient.account.create({ data: {} }))).code);
  });
  expect(codes).toEqual(['P2010', 'P2039']);
});

proves('`PrismaClientValidationError` quotes the whole call', async () => {
  const error = await failure(prisma.user.create({ data: { email: unique(), passwordHash: 'secret', admin: true } as any }));
  expect([error.name, error.message]).toEqual(['PrismaClientValidationError', expect.stringContaining('secret')]);
  expect(error.message.split('\n').at(-1)).toContain('Unknown argument `admin`');
});
