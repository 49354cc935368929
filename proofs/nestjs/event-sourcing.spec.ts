import { CqrsModule, EventBus, EventsHandler, UnhandledExceptionBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { expect, vi } from 'vitest';
import { Errors } from './support/nest.js';
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
