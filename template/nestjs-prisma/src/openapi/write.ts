import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';

// No database is asked for it, so any URL will do.
process.env.DATABASE_URL = 'postgresql://nobody@127.0.0.1/none';
const { AppModule } = await import('../app.module.js');
const { createDocument } = await import('./document.js');

const app = await NestFactory.create(AppModule, { logger: ['error'] });
const document = JSON.stringify(createDocument(app), null, 2);
await writeFile('openapi.json', `${document}\n`);
