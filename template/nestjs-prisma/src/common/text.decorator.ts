import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

/**
 * Text of 1 to `max` characters, counted as PostgreSQL does: `@MaxLength` skips
 * some, and the column refuses the rest. JSON may hold U+0000, a column may not.
 */
export function Text(max: number): PropertyDecorator {
  return applyDecorators(
    Matches(new RegExp('^[^\\u0000]{1,' + max + '}$', 'u'), {
      message: `must be text of 1 to ${max} characters`,
    }),
    ApiProperty({
      type: String,
      minLength: 1,
      maxLength: max,
      pattern: '^[^\\u0000]*$',
    }),
  );
}
