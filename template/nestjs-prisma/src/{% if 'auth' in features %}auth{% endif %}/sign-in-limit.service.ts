import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ProblemException } from '../common/problem.js';
import { PrismaService } from '../prisma/prisma.service.js';

const WINDOW_SECONDS = 15 * 60;
const PER_ACCOUNT = 10;
const PER_ADDRESS = 100;

/** Counts in the database, as instances share nothing else. */
@Injectable()
export class SignInLimitService {
  constructor(private readonly prisma: PrismaService) {}

  /** One more attempt; 429 where there were too many of late. */
  async count(email: string, address: string): Promise<void> {
    const now = new Date();
    const start = new Date(now.getTime() - WINDOW_SECONDS * 1_000);
    const account = keyOf('account', email);
    await this.prisma.$executeRaw`
      DELETE FROM sign_in_attempts WHERE key IN (
        SELECT key FROM sign_in_attempts WHERE started_at <= ${start}
        LIMIT 100 FOR UPDATE SKIP LOCKED
      )`;
    // Accounts before addresses, always: no deadlock.
    const counted = await this.prisma.$queryRaw<
      { key: string; attempts: number; started_at: Date }[]
    >`
      INSERT INTO sign_in_attempts AS old (key, attempts, started_at)
      VALUES (${account}, 1, ${now}), (${keyOf('address', address)}, 1, ${now})
      ON CONFLICT (key) DO UPDATE SET
        attempts = CASE WHEN old.started_at > ${start} THEN old.attempts + 1 ELSE 1 END,
        started_at = CASE WHEN old.started_at > ${start} THEN old.started_at ELSE ${now} END
      RETURNING key, attempts, started_at`;

    const over = counted.find(
      ({ key, attempts }) =>
        attempts > (key === account ? PER_ACCOUNT : PER_ADDRESS),
    );
    if (over) {
      const passed = (now.getTime() - over.started_at.getTime()) / 1_000;
      throw new ProblemException(
        429,
        '/problems/too-many-attempts',
        'Too many attempts to sign in.',
        {
          headers: {
            'Retry-After': String(Math.ceil(WINDOW_SECONDS - passed)),
          },
        },
      );
    }
  }

  /** Who has signed in starts anew. */
  async forget(email: string): Promise<void> {
    await this.prisma.signInAttempts.deleteMany({
      where: { key: keyOf('account', email) },
    });
  }
}

function keyOf(kind: 'account' | 'address', value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('hex');
}
