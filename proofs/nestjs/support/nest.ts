import type { LoggerService, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll } from 'vitest';

/** A running application on a port of its own; closed when the file is done. */
export async function start(
  metadata: ModuleMetadata,
  setUp: (app: NestExpressApplication) => void = () => {},
  options: NestApplicationOptions = {},
): Promise<{ app: NestExpressApplication; url: string }> {
  const module = await Test.createTestingModule(metadata).compile();
  const app = module.createNestApplication<NestExpressApplication>({ logger: false, ...options });
  setUp(app);
  await app.listen(0, '127.0.0.1');
  afterAll(() => app.close());
  return { app, url: await app.getUrl() };
}

export const send = (url: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init });

/** A logger that keeps the errors. */
export class Errors implements LoggerService {
  readonly errors: string[] = [];
  log(): void {}
  warn(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
}
