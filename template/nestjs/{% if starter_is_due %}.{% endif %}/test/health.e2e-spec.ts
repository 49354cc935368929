import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { NestExpressApplication } from '@nestjs/platform-express';
import { client, startApp } from './app.js';

describe('health', () => {
  describe('with its database', () => {
    let app: NestExpressApplication;

    beforeAll(async () => {
      app = await startApp();
    });

    afterAll(async () => {
      await app.close();
    });

    it.each(['/health', '/ready'])('%s returns ok', async (path) => {
      const response = await client(app).get(path);

      expect(response.status).toBe(200);
      expect(response.body).toEqual({ status: 'ok' });
    });
  });

  describe('with a database that takes connections and hangs', () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    let app: NestExpressApplication;

    beforeAll(async () => {
      await new Promise<void>((resolve) =>
        silent.listen(0, '127.0.0.1', resolve),
      );
      const { port } = silent.address() as AddressInfo;
      const DATABASE_URL = `postgresql://127.0.0.1:${port}/away`;
      app = await startApp({ environment: { DATABASE_URL } });
    });

    afterAll(async () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await app.close();
    });

    it('/health returns ok', async () => {
      const response = await client(app).get('/health');

      expect(response.status).toBe(200);
    });

    it('/ready returns 503 soon', async () => {
      const started = performance.now();

      const response = await client(app).get('/ready');

      expect(response.status).toBe(503);
      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toHaveProperty('retry-after');
      expect(performance.now() - started).toBeLessThan(4_500);
    });
  });
});
