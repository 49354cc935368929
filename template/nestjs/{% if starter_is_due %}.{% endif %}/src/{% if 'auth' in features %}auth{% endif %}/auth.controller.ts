import {
  Body,
  Controller,
  Delete,
  Header,
  HttpCode,
  Ip,
  Post,
  Req,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../common/problem.js';
import type { SignedInRequest } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { CredentialsDto } from './dto/credentials.dto.js';
import { SessionResponse } from './dto/session.response.dto.js';
import { Public } from './public.decorator.js';
import { UserId } from './user-id.decorator.js';

/**
 * Sessions of the service's own clients. For sign-in by third parties use an OpenID
 * Connect provider: this is no OAuth server, and OAuth's password grant is obsolete.
 */
@ApiTags('auth')
@Controller('auth/sessions')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Public()
  @Post()
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: SessionResponse })
  @ApiProblems(400, 401, 413, 415, 429, 503)
  signIn(
    @Body() credentials: CredentialsDto,
    @Ip() address: string,
  ): Promise<SessionResponse> {
    return this.auth.signIn(credentials, address);
  }

  @Delete('current')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiNoContentResponse()
  @ApiProblems(401, 503)
  async signOut(@Req() { session }: SignedInRequest): Promise<void> {
    await this.auth.signOut({ tokenHash: session.tokenHash });
  }

  @Delete()
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiNoContentResponse()
  @ApiProblems(401, 503)
  async signOutEverywhere(@UserId() userId: number): Promise<void> {
    await this.auth.signOut({ userId });
  }
}
