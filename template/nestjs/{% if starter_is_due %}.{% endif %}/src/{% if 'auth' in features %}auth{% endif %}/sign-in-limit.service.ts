import { createHash } from 'node:crypto';
import { isIPv6, SocketAddress } from 'node:net';
import { Injectable } from '@nestjs/common';
import { ProblemException } from '../common/problem.js';
import { PrismaService } from '../prisma/prisma.service.js';

const WINDOW_SECONDS = 15 * 60;
const PER_ACCOUNT_AND_ADDRESS = 10;
const PER_ADDRESS = 100;

/**
 * Counts failed sign-ins in the database, for all processes together. There is no
 * limit by account alone: with one, anybody could lock its owner out.
 */
@Injectable()
export class SignInLimitService {
  constructor(private readonly prisma: PrismaService) {}

  /** Counts an attempt before it is made, as many come at once; 429 above the limits. */
  async count(email: string, address: string): Promise<void> {
    const [pair, network] = keysOf(email, address);
    const now = new Date();
    const start = new Date(now.getTime() - WINDOW_SECONDS * 1_000);
    await this.prisma.$executeRaw`
      DELETE FROM sign_in_attempts WHERE key IN (
        SELECT key FROM sign_in_attempts WHERE started_at <= ${start}
        LIMIT 100 FOR UPDATE SKIP LOCKED
      )`;
    // The pair before the network, always: no deadlock.
    const counted = await this.prisma.$queryRaw<
      { key: string; attempts: number; started_at: Date }[]
    >`
      INSERT INTO sign_in_attempts AS old (key, attempts, started_at)
      VALUES (${pair}, 1, ${now}), (${network}, 1, ${now})
      ON CONFLICT (key) DO UPDATE SET
        attempts = CASE WHEN old.started_at > ${start} THEN old.attempts + 1 ELSE 1 END,
        started_at = CASE WHEN old.started_at > ${start} THEN old.started_at ELSE ${now} END
      RETURNING key, attempts, started_at`;

    const over = counted.find(
      ({ key, attempts }) =>
        attempts > (key === pair ? PER_ACCOUNT_AND_ADDRESS : PER_ADDRESS),
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

  /** A successful sign-in does not count. */
  async forgive(email: string, address: string): Promise<void> {
    const [pair, network] = keysOf(email, address);
    await this.prisma.signInAttempts.deleteMany({ where: { key: pair } });
    await this.prisma.signInAttempts.updateMany({
      where: { key: network, attempts: { gt: 0 } },
      data: { attempts: { decrement: 1 } },
    });
  }
}

function keysOf(email: string, address: string): [string, string] {
  const network = networkOf(address);
  return [hash(`account ${network} ${email}`), hash(`address ${network}`)];
}

/** The address, or of IPv6 the /64 that one customer has. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)|%.*$/gi, '');
  if (!isIPv6(plain)) {
    return plain;
  }
  const { address: normal } = new SocketAddress({
    address: plain,
    family: 'ipv6',
  });
  const [head = [], tail = []] = normal
    .split('::')
    .map((half) => half.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
