import { Body, Controller, Header, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/problem.js';
import { AuthService } from './auth.service.js';
import { CredentialsDto } from './dto/credentials.dto.js';
import { TokenResponse } from './dto/token.response.dto.js';
import { Public } from './public.decorator.js';
import { TOKEN_SECONDS } from './token.options.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Public()
  @Post('token')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOkResponse({ type: TokenResponse })
  @ApiProblems(400, 401, 413, 415, 429)
  async createToken(
    @Body() body: CredentialsDto,
    @Ip() address: string,
  ): Promise<TokenResponse> {
    return {
      access_token: await this.auth.signIn(body, address),
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
    };
  }
}
