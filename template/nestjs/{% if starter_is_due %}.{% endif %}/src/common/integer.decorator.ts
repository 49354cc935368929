import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** The largest `integer` of PostgreSQL: a larger id is refused, not asked for. */
export const MAX_ID = 2_147_483_647;

/** A whole number in a path or query, in decimal digits: `Number` takes `0x1` and `+1`. */
export function Integer(
  minimum: number,
  maximum: number,
  defaultValue?: number,
): PropertyDecorator {
  const schema = { type: 'integer', minimum, maximum } as const;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string'
        ? /^(0|[1-9]\d*)$/.test(value)
          ? Number(value)
          : NaN
        : value,
    ),
    IsInt(),
    Min(minimum),
    Max(maximum),
    defaultValue === undefined
      ? ApiProperty(schema)
      : ApiPropertyOptional({ ...schema, default: defaultValue }),
  );
}
