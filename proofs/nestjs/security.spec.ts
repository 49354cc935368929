import { Body, Controller, Post } from '@nestjs/common';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { connect } from './support/prisma.js';
import { proves, unique } from './support/proves.js';

@Controller()
class Handlers {
  @Post() post(@Body() body: object) {
    return body;
  }
}

proves('A value in `where` that no DTO has typed', async () => {
  const prisma = connect();
  const value = unique();
  await prisma.token.create({ data: { value } });
  const body = JSON.parse('{ "token": { "not": "" } }');
  expect(await prisma.token.findFirst({ where: { value: body.token } })).not.toBeNull();
});

proves('Nest parses form bodies', async () => {
  const { url } = await start({ controllers: [Handlers] });
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ amount: '100' }) });
  expect([response.status, await response.json()]).toEqual([201, { amount: '100' }]);
});
