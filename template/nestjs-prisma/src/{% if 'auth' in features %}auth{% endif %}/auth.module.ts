import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PrismaModule } from '../prisma/prisma.module.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { SignInLimitService } from './sign-in-limit.service.js';
import { tokenOptions } from './token.options.js';

@Module({
  imports: [
    PrismaModule,
    JwtModule.registerAsync({
      inject: [ConfigService],
      useFactory: tokenOptions,
    }),
  ],
  controllers: [AuthController],
  providers: [
    AuthService,
    SignInLimitService,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
})
export class AuthModule {}
