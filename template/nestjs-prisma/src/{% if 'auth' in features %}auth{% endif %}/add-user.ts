import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { AuthService } from './auth.service.js';

// Adds the user EMAIL with a random password, and prints it this once.
const [email] = process.argv.slice(2);
if (!email) {
  throw new Error('Name the e-mail address.');
}
const app = await NestFactory.createApplicationContext(AppModule, {
  logger: ['error'],
});
const password = randomBytes(18).toString('base64url');
await app.get(AuthService).addUser(email, password);
await app.close();
process.stdout.write(`${password}\n`);
