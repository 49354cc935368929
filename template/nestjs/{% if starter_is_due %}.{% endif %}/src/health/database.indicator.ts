import {
  Inject,
  Injectable,
  Logger,
  OnApplicationShutdown,
} from '@nestjs/common';
import { HealthCheckAttempt, HealthIndicatorService } from '@nestjs/terminus';
import { Pool } from 'pg';
import { Config, config } from '../config/config.js';

const READY_MS = 2_000;
const SHARED_MS = 500;

/**
 * Asks the database on a connection of its own. In the pool of the requests load
 * alone would make a probe wait, and take every instance out of rotation.
 */
@Injectable()
export class DatabaseIndicator implements OnApplicationShutdown {
  private readonly pool: Pool;

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(config.KEY) { DATABASE_URL }: Config,
  ) {
    this.pool = new Pool({
      connectionString: DATABASE_URL,
      max: 1,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: READY_MS,
      query_timeout: READY_MS,
    });
    const logger = new Logger(DatabaseIndicator.name);
    this.pool.on('error', (error) => logger.warn(error));
  }

  check(): HealthCheckAttempt<'database'> {
    return this.indicators
      .check('database')
      .attempt(async () => {
        await this.pool.query('SELECT 1');
      })
      .withTimeout(READY_MS)
      .cacheFor(SHARED_MS);
  }

  onApplicationShutdown(): void {
    // Not awaited: a server that hangs does not confirm the end.
    void this.pool.end();
  }
}
