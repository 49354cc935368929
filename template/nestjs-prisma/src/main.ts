import { Server } from 'node:http';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { setUpApp } from './app.setup.js';
import { Config } from './config/config.js';
import { JsonLogger } from './logging/json.logger.js';

const logger = new JsonLogger();
const app = await NestFactory.create<NestExpressApplication<Server>>(
  AppModule,
  { logger, bodyParser: false },
);
const config = app.get<ConfigService<Config, true>>(ConfigService);
logger.setLogLevels([config.get('LOG_LEVEL', { infer: true })]);
setUpApp(app);

app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
const server = app.getHttpServer();
// Longer than proxies keep one: they would send a request into a closed connection.
server.keepAliveTimeout = 65_000;
// It must not hold the end as long, once the requests in flight are answered.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    setInterval(() => server.closeIdleConnections(), 100);
  });
}

await app.listen(config.get('PORT', { infer: true }));
