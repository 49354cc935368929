import { CqrsModule, EventBus, EventsHandler, UnhandledExceptionBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { expect, vi } from 'vitest';
import { Errors } from './support/nest.js';
import { url } from './support/prisma.js';
import { proves } from './support/proves.js';

proves('`EventBus.publish` does not wait for its handlers', async () => {
  class Placed {}
  const seen: string[] = [];
  @EventsHandler(Placed)
  class Handler {
    async handle() {
      await new Promise((resolve) => setTimeout(resolve, 100));
      seen.push('handled');
      throw new Error('lost');
    }
  }
  const module = await Test.createTestingModule({ imports: [CqrsModule.forRoot()], providers: [Handler] }).setLogger(new Errors()).compile();
  await module.init();
  module.get(UnhandledExceptionBus).subscribe(({ exception }) => seen.push(exception.message));
  await module.get(EventBus).publish(new Placed());
  seen.push('published');
  await vi.waitUntil(() => seen.length === 3);
  expect(seen).toEqual(['published', 'handled', 'lost']);
});

proves('Polling `position > last` misses transactions that commit later', async () => {
  const clients = [new Client(url), new Client(url), new Client(url)];
  await Promise.all(clients.map((client) => client.connect()));
  const [slow, fast, reader] = clients;
  await reader.query('CREATE TABLE event (position bigserial PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id())');
  const positions = async (condition: string) => (await reader.query(`SELECT position FROM event WHERE ${condition}`)).rows.map((row) => Number(row.position));
  await slow.query('BEGIN; INSERT INTO event DEFAULT VALUES');
  await fast.query('INSERT INTO event DEFAULT VALUES');
  const gated = 'xid < pg_snapshot_xmin(pg_current_snapshot())';
  expect([await positions('position > 0'), await positions(`position > 0 AND ${gated}`)]).toEqual([[2], []]);
  await slow.query('COMMIT');
  expect(await positions('position > 2')).toEqual([]);
  // Any older transaction of the server holds the gate back.
  await vi.waitUntil(async () => String(await positions(`position > 0 AND ${gated}`)) === '1,2', { timeout: 30_000 });
  await Promise.all(clients.map((client) => client.end()));
});
