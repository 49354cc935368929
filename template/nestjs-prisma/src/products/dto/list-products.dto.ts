import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { MAX_ID } from './product-params.dto.js';

/** By key, not by offset: rows neither repeat nor vanish between pages. */
export class ListProductsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 50,
  })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_ID,
    default: 0,
  })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_ID)
  after = 0;
}
