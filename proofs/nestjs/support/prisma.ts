import { PrismaPg } from '@prisma/adapter-pg';
import type { PoolConfig } from 'pg';
import { afterAll } from 'vitest';
import { Prisma, PrismaClient } from '../generated/client/client.js';

export const url = process.env.DATABASE_URL as string;

/** A client on the database of this run; disconnected when the file is done. */
export function connect(pool: PoolConfig = {}, options: Partial<Prisma.PrismaClientOptions> = {}): PrismaClient {
  const adapter = new PrismaPg({ connectionString: url, ...pool });
  const client = new PrismaClient({ ...options, adapter } as Prisma.PrismaClientOptions);
  afterAll(() => client.$disconnect());
  return client;
}
