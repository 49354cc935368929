import { expect } from 'vitest';
import { Prisma } from './generated/client/client.js';
import { proves } from './support/proves.js';

const decimal = (value: string): any => new Prisma.Decimal(value);

proves('rounds sums beyond 20 significant digits', () => {
  const sum = () => decimal('1234567890123456789').plus('0.99').toString();
  expect(sum()).toBe('1234567890123456790');
  Prisma.Decimal.set({ precision: 40 });
  expect(sum()).toBe('1234567890123456789.99');
});
