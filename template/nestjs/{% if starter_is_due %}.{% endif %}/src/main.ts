import { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { setUpApp } from './app.setup.js';
import { Config, config } from './config/config.js';

const app = await NestFactory.create<NestExpressApplication<Server>>(
  AppModule,
  { bodyParser: false, bufferLogs: true },
);
app.useLogger(app.get(Logger));
await setUpApp(app);
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });

const server = app.getHttpServer();
// Above the 60 s of load balancers: they would send a request into a closed connection.
server.keepAliveTimeout = 65_000;
// For a whole request, its body included.
server.requestTimeout = 30_000;
await app.listen(app.get<Config>(config.KEY).PORT);
