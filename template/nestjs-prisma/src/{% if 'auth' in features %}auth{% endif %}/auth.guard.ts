import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ProblemException } from '../common/problem.js';
import { User } from '../generated/prisma/client.js';
import { AuthService } from './auth.service.js';
import { IS_PUBLIC } from './public.decorator.js';

export type SignedInRequest = Request & { user: User };

/** Answers 401 to nobody, except where `@Public()` stands. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(
      IS_PUBLIC,
      [context.getHandler(), context.getClass()],
    );
    if (isPublic) {
      return true;
    }
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const [scheme, token] = request.get('Authorization')?.split(' ') ?? [];
    const user =
      scheme?.toLowerCase() === 'bearer' && token
        ? await this.auth.userOf(token)
        : null;
    if (!user) {
      throw new ProblemException(
        401,
        'about:blank',
        'A valid token is needed.',
        {
          headers: { 'WWW-Authenticate': 'Bearer' },
        },
      );
    }
    request.user = user;
    return true;
  }
}
