import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import argon2 from 'argon2';
import { ProblemException } from '../common/problem.js';
import { User } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { SignInLimitService } from './sign-in-limit.service.js';

@Injectable()
export class AuthService {
  private hashOfNobody?: Promise<string>;

  constructor(
    private readonly prisma: PrismaService,
    private readonly limit: SignInLimitService,
    private readonly jwt: JwtService,
  ) {}

  async addUser(email: string, password: string): Promise<User> {
    const passwordHash = await argon2.hash(password);
    return this.prisma.user.create({
      data: { email: email.toLowerCase(), passwordHash },
    });
  }

  /** An access token, for the right password. */
  async signIn(
    credentials: { email: string; password: string },
    address: string,
  ): Promise<string> {
    const email = credentials.email.toLowerCase();
    await this.limit.count(email, address);

    const user = await this.prisma.user.findUnique({ where: { email } });
    // An unknown user takes as long as a wrong password.
    const hash =
      user?.passwordHash ??
      (await (this.hashOfNobody ??= argon2.hash('nobody')));
    const right = await argon2.verify(hash, credentials.password);
    if (!user || !right) {
      throw new ProblemException(
        401,
        '/problems/wrong-credentials',
        'The e-mail or the password is wrong.',
        { headers: { 'WWW-Authenticate': 'Bearer' } },
      );
    }

    await this.limit.forget(email);
    if (argon2.needsRehash(hash)) {
      const passwordHash = await argon2.hash(credentials.password);
      // Unless the password was changed meanwhile.
      await this.prisma.user.updateMany({
        where: { id: user.id, passwordHash: hash },
        data: { passwordHash },
      });
    }
    return this.issue(user.id);
  }

  /** It says who somebody is, for minutes, and nothing else. */
  issue(userId: number): Promise<string> {
    return this.jwt.signAsync({}, { subject: String(userId) });
  }

  /** Whose token it is; null for one that is not ours, or not any more. */
  async userOf(token: string): Promise<User | null> {
    let claims: { sub: string };
    try {
      claims = await this.jwt.verifyAsync<{ sub: string }>(token);
    } catch {
      return null;
    }
    return this.prisma.user.findUnique({ where: { id: Number(claims.sub) } });
  }
}
