import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

/**
 * One line of 1 to `max` characters without whitespace around it.
 * They are counted as PostgreSQL does: `@MaxLength` skips some. Control characters
 * and lone surrogates are refused, as the database refuses or replaces them.
 */
export function Text(max: number): PropertyDecorator {
  const character = '[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]';
  const pattern = `^(?!\\s)${character}{1,${max}}(?<!\\s)$`;
  return applyDecorators(
    Matches(new RegExp(pattern, 'u'), {
      message: `must be one line of 1 to ${max} characters without whitespace around it`,
    }),
    ApiProperty({ type: String, minLength: 1, maxLength: max, pattern }),
  );
}
