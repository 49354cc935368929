import { ApiProperty } from '@nestjs/swagger';

export class TokenResponse {
  @ApiProperty()
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds.' })
  expires_in: number;
}
