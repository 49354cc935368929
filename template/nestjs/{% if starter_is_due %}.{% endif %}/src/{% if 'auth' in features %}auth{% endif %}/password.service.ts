import { randomBytes } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import argon2 from 'argon2';
import pLimit from 'p-limit';
import { ProblemException } from '../common/problem.js';

// OWASP's minimum for Argon2id: 19 MiB a hash. Two at a time, so that a flood of
// sign-ins leaves half of libuv's four threads to everything else.
const PARAMETERS = { memoryCost: 19 * 1_024, timeCost: 2, parallelism: 1 };
const CONCURRENT = 2;
const WAITING = 200;

@Injectable()
export class PasswordService implements OnModuleInit {
  private readonly limit = pLimit(CONCURRENT);
  private dummyHash: string;

  async onModuleInit(): Promise<void> {
    this.dummyHash = await this.hash(randomBytes(16).toString('hex'));
  }

  hash(password: string): Promise<string> {
    return this.limit(() => argon2.hash(password, PARAMETERS));
  }

  /** Takes as long without a hash, for an unknown user, as with a wrong password. */
  async matches(hash: string | undefined, password: string): Promise<boolean> {
    if (this.limit.pendingCount >= WAITING) {
      throw new ProblemException(503, 'about:blank', 'Too many sign-ins.');
    }
    const matches = await this.limit(() =>
      argon2.verify(hash ?? this.dummyHash, password),
    );
    return matches && hash !== undefined;
  }
}
