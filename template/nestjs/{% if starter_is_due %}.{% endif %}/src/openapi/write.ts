import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { NestExpressApplication } from '@nestjs/platform-express';

// No database is asked for it, so any URL will do.
process.env.DATABASE_URL = 'postgresql://nobody@127.0.0.1/none';
const { AppModule } = await import('../app.module.js');
const { setUpApp } = await import('../app.setup.js');

const app = await NestFactory.create<NestExpressApplication>(AppModule, {
  logger: ['error'],
});
await setUpApp(app);
const { locals } = app.getHttpAdapter().getInstance();
await writeFile('openapi.json', `${JSON.stringify(locals.openapi, null, 2)}\n`);
await app.close();
