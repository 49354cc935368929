import { createHash, randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemException } from '../common/problem.js';
import { Prisma, Session } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { SessionResponse } from './dto/session.response.dto.js';
import { PasswordService } from './password.service.js';
import { SignInLimitService } from './sign-in-limit.service.js';

const SESSION_HOURS = 12;

@Injectable()
export class AuthService {
  private readonly logger = new Logger(AuthService.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly passwords: PasswordService,
    private readonly limit: SignInLimitService,
  ) {}

  async signIn(
    credentials: { email: string; password: string },
    address: string,
  ): Promise<SessionResponse> {
    const email = credentials.email.toLowerCase();
    await this.limit.count(email, address);

    const user = await this.prisma.user.findUnique({
      where: { email },
      select: { id: true, passwordHash: true, disabledAt: true },
    });
    const passwordMatches = await this.passwords.matches(
      user?.passwordHash,
      credentials.password,
    );
    if (!user || !passwordMatches || user.disabledAt) {
      // Not the e-mail: people type passwords into that field.
      this.logger.warn({ address, user_id: user?.id }, 'sign-in failed');
      throw new ProblemException(
        401,
        '/problems/wrong-credentials',
        'The e-mail or the password is wrong.',
        { headers: { 'WWW-Authenticate': 'Bearer' } },
      );
    }
    await this.limit.forgive(email, address);
    return this.startSession(user.id);
  }

  /** The token is known to the client alone; deleting the row revokes it. */
  async startSession(userId: number): Promise<SessionResponse> {
    const token = randomBytes(32).toString('base64url');
    const now = Date.now();
    const expiresAt = new Date(now + SESSION_HOURS * 3_600_000);
    await this.prisma.session.deleteMany({
      where: { userId, expiresAt: { lte: new Date(now) } },
    });
    await this.prisma.session.create({
      data: { tokenHash: hashOf(token), userId, expiresAt },
    });
    return { token, expires_at: expiresAt };
  }

  sessionOf(token: string): Promise<Session | null> {
    return this.prisma.session.findUnique({
      where: {
        tokenHash: hashOf(token),
        expiresAt: { gt: new Date() },
        user: { disabledAt: null },
      },
    });
  }

  async signOut(where: Prisma.SessionWhereInput): Promise<void> {
    await this.prisma.session.deleteMany({ where });
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
