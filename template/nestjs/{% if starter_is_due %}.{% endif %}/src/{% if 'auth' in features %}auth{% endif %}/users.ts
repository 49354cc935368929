import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { isEmail } from 'class-validator';
import { AppModule } from '../app.module.js';
import { databaseFailure } from '../prisma/database-error.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { PasswordService } from './password.service.js';

// `add EMAIL` prints a random password, this once; `disable EMAIL` ends every session.
const [action = '', typed = ''] = process.argv.slice(2);
const email = typed.toLowerCase();
if (!['add', 'disable'].includes(action) || !isEmail(email)) {
  process.stderr.write('Arguments: add EMAIL, or disable EMAIL\n');
  process.exit(2);
}

const app = await NestFactory.createApplicationContext(AppModule, {
  logger: ['error'],
});
const prisma = app.get(PrismaService);
try {
  process.stdout.write(`${await (action === 'add' ? add() : disable())}\n`);
} catch (error) {
  if (databaseFailure(error) !== 'unique') {
    throw error;
  }
  process.stderr.write(`${email} exists already.\n`);
  process.exitCode = 1;
} finally {
  await app.close();
}

async function add(): Promise<string> {
  const password = randomBytes(18).toString('base64url');
  const passwordHash = await app.get(PasswordService).hash(password);
  await prisma.user.create({ data: { email, passwordHash } });
  return password;
}

async function disable(): Promise<string> {
  const { count } = await prisma.user.updateMany({
    where: { email },
    data: { disabledAt: new Date() },
  });
  process.exitCode = count === 1 ? 0 : 1;
  return count === 1 ? `${email} is disabled.` : `There is no ${email}.`;
}
