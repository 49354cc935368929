import { Body, Controller, Post, ValidationPipe } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { connect } from './support/prisma.js';
import { failure, proves, unique } from './support/proves.js';

const prisma = connect();

proves('A global filter that maps P2025 to 404', async () => {
  const [missing, internal] = [prisma.user.update({ where: { id: -1 }, data: {} }), prisma.user.findUniqueOrThrow({ where: { id: -1 } })];
  expect([(await failure(missing)).code, (await failure(internal)).code]).toEqual(['P2025', 'P2025']);
});

proves('A Prisma row returned whole', async () => {
  const user = await prisma.user.create({ data: { email: unique(), passwordHash: 'secret' } as any });
  expect(JSON.stringify(await prisma.user.findUniqueOrThrow({ where: { id: user.id } }))).toContain('secret');
});

proves('A body whose `Content-Type` no parser reads', async () => {
  class PatchDto {
    @IsOptional() @IsString() name?: string;
  }
  @Controller()
  class Handlers {
    @Post() post(@Body() body: PatchDto) {
      return { body };
    }
  }
  const { url } = await start({ controllers: [Handlers] }, (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })));
  const response = await fetch(url, { method: 'POST', body: '{"name": 1}', headers: { 'content-type': 'text/plain' } });
  expect([response.status, await response.json()]).toEqual([201, { body: {} }]);
});

proves('Text with `\\u0000` fails in PostgreSQL', async () => {
  const { name } = JSON.parse('{ "name": "a\\u0000b" }');
  const error = await failure(prisma.user.create({ data: { email: unique(), name } }));
  expect([error.code, error.meta.driverAdapterError.cause.originalCode]).toEqual(['P2039', '22021']);
});
