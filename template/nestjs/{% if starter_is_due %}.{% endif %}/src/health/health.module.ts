import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Config, config } from '../config/config.js';
import { DatabaseIndicator } from './database.indicator.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [
    // At SIGTERM it turns /ready to 503 and delays the shutdown.
    TerminusModule.forRootAsync({
      inject: [config.KEY],
      useFactory: ({ SHUTDOWN_DELAY_SECONDS }: Config) => ({
        gracefulShutdownTimeoutMs: SHUTDOWN_DELAY_SECONDS * 1_000,
        logger: false,
      }),
    }),
  ],
  controllers: [HealthController],
  providers: [DatabaseIndicator],
})
export class HealthModule {}
