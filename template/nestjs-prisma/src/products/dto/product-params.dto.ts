import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** The largest `integer` of PostgreSQL: a larger id is refused, not asked for. */
export const MAX_ID = 2_147_483_647;

export class ProductParams {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_ID })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_ID)
  id: number;
}
