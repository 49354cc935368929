import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { JwtModuleOptions } from '@nestjs/jwt';
import { Config } from '../config/config.js';

// A number: a string without a unit would mean milliseconds.
export const TOKEN_SECONDS = 15 * 60;

const PARTIES = { issuer: 'service', audience: 'service' };

export function tokenOptions(
  config: ConfigService<Config, true>,
): JwtModuleOptions {
  return {
    secret: config.get('TOKEN_SECRET', { infer: true }) ?? secretOfProcess(),
    signOptions: { ...PARTIES, algorithm: 'HS256', expiresIn: TOKEN_SECONDS },
    // `maxAge` too: without it a token that never expires is accepted.
    verifyOptions: { ...PARTIES, algorithms: ['HS256'], maxAge: TOKEN_SECONDS },
  };
}

function secretOfProcess(): string {
  new Logger('Token').warn(
    'TOKEN_SECRET is not set: tokens end with this process',
  );
  return randomBytes(32).toString('base64');
}
