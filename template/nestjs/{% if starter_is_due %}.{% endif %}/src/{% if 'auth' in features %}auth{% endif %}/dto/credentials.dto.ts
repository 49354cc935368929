import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { Text } from '../../common/text.decorator.js';

export class CredentialsDto {
  @Text(254)
  email: string;

  // Any text: it is hashed, never stored.
  @ApiProperty({ minLength: 1, maxLength: 1024 })
  @IsString()
  @Length(1, 1024)
  password: string;
}
