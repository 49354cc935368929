import { setTimeout as sleep } from 'node:timers/promises';
import { CACHE_MANAGER, CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Req, UseInterceptors } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Cache } from 'cache-manager';
import type { Request } from 'express';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { failure, pending, proves } from './support/proves.js';

proves('`CacheInterceptor` keys by URL alone', async () => {
  @Controller()
  class Handlers {
    @UseInterceptors(CacheInterceptor)
    @Get()
    get(@Req() request: Request) {
      return { user: request.headers.authorization };
    }
  }
  const { url } = await start({ imports: [CacheModule.register()], controllers: [Handlers] });
  const seen = [];
  for (const authorization of ['alice', 'bob']) seen.push((await (await fetch(url, { headers: { authorization } })).json()).user);
  expect(seen).toEqual(['alice', 'alice']);
});

async function cache(): Promise<Cache> {
  return (await Test.createTestingModule({ imports: [CacheModule.register()] }).compile()).get(CACHE_MANAGER);
}

proves('`CacheModule.register()` without a store', async () => {
  const [one, other] = [await cache(), await cache()];
  await one.set('key', 1, 50);
  expect(await other.get('key')).toBeUndefined();
  await sleep(100);
  expect(await one.get('key')).toBeUndefined(); // 50 were milliseconds
});

proves('ioredis queues commands while Redis is down', async () => {
  const client = (options: object) => {
    const redis = new Redis({ host: '127.0.0.1', port: 1, ...options });
    redis.on('error', () => {});
    return redis;
  };
  const [patient, failing] = [client({}), client({ enableOfflineQueue: false })];
  const answer = patient.get('key');
  expect(await pending(answer, 3_000)).toBe(true);
  expect((await failure(failing.get('key'))).message).toContain('enableOfflineQueue');
  answer.catch(() => {});
  patient.disconnect();
  failing.disconnect();
});
