import { registerAs } from '@nestjs/config';
import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  Matches,
  Max,
  Min,
  validateSync,
} from 'class-validator';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Every variable the service reads. One without a default must be set. */
export class Config {
  @Matches(/^postgres(ql)?:\/\/./, {
    message: 'must look like postgresql://user:password@host:5432/name',
  })
  DATABASE_URL: string;

  /** Connections of one process; those of all stay below `max_connections`. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  DATABASE_POOL_SIZE = 10;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(65_535)
  PORT = 3000;

  /** Own proxies in front: without it all clients behind them share one address. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(10)
  TRUSTED_PROXIES = 0;

  @Transform(({ value }) => ({ true: true, false: false })[String(value)])
  @IsBoolean()
  API_DOCS: boolean;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(60)
  SHUTDOWN_DELAY_SECONDS = 5;

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';
}

/** Fails startup, listing the invalid variables without their values. */
export function validateConfig(environment: Record<string, unknown>): Config {
  const production = environment.NODE_ENV === 'production';
  // `PORT=` in a file means "not set".
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const config = plainToInstance(Config, {
    API_DOCS: !production,
    ...Object.fromEntries(set),
  });
  const problems = validateSync(config).map(({ property, constraints = {} }) =>
    [property, ...Object.values(constraints)].join(': '),
  );
  if (production && /^\w+:\/\/app:app@/.test(config.DATABASE_URL)) {
    problems.push('DATABASE_URL: has the public password of .env.example');
  }
  if (problems.length > 0) {
    throw new Error(`Invalid configuration.\n${problems.join('\n')}`);
  }
  return config;
}

/** `@Inject(config.KEY) config: Config` */
export const config = registerAs('config', () => validateConfig(process.env));
