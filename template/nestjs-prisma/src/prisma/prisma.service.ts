import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { PrismaPg } from '@prisma/adapter-pg';
import { Config } from '../config/config.js';
import { PrismaClient } from '../generated/prisma/client.js';

// Without the zone Prisma shifts every timestamp of a session that is not UTC;
// PostgreSQL itself never ends a statement or a forgotten transaction.
const SESSION = [
  '-c TimeZone=UTC',
  '-c statement_timeout=10s',
  '-c idle_in_transaction_session_timeout=10s',
].join(' ');

@Injectable()
export class PrismaService
  extends PrismaClient
  implements OnApplicationShutdown
{
  constructor(config: ConfigService<Config, true>) {
    super({
      adapter: new PrismaPg({
        connectionString: config.get('DATABASE_URL', { infer: true }),
        max: config.get('DATABASE_POOL_SIZE', { infer: true }),
        connectionTimeoutMillis: 5_000,
        options: SESSION,
      }),
    });
  }

  // Not `onModuleDestroy`: requests are still served then.
  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}
