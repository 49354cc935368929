import { ApiProperty } from '@nestjs/swagger';

export class SessionResponse {
  @ApiProperty({ description: 'Send it as `Authorization: Bearer …`.' })
  token: string;

  @ApiProperty({ type: String, format: 'date-time' })
  expires_at: Date;
}
