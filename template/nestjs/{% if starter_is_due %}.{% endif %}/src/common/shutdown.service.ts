import type { Server } from 'node:http';
import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { Config, config } from '../config/config.js';

// Requests in flight get this long. The grace period of the platform has to be
// longer than this and SHUTDOWN_DELAY_SECONDS together.
const IN_FLIGHT_MS = 10_000;

@Injectable()
export class ShutdownService implements BeforeApplicationShutdown {
  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(config.KEY) private readonly settings: Config,
  ) {}

  /**
   * Nest closes the listener once HealthModule's delay is over, and then waits for
   * every connection to end, also for those that send nothing.
   */
  beforeApplicationShutdown(signal?: string): void {
    const adapter = this.host.httpAdapter as AbstractHttpAdapter | null;
    if (!adapter) {
      return; // a command
    }
    const server = adapter.getHttpServer() as Server;
    const delay =
      signal === 'SIGTERM' ? this.settings.SHUTDOWN_DELAY_SECONDS * 1_000 : 0;
    setTimeout(() => (server.keepAliveTimeout = 1), delay).unref();
    setTimeout(
      () => server.closeAllConnections(),
      delay + IN_FLIGHT_MS,
    ).unref();
  }
}
