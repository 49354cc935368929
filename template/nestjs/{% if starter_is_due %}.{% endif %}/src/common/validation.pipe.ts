import { ValidationError, ValidationPipe } from '@nestjs/common';
import { InvalidField, ProblemException } from './problem.js';

export const validationPipe = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  transform: true,
  exceptionFactory: (errors: ValidationError[]) =>
    new ProblemException(
      400,
      '/problems/invalid-request',
      'The request is invalid.',
      { errors: errors.flatMap((error) => invalidFields(error)) },
    ),
});

function invalidFields(error: ValidationError, path = ''): InvalidField[] {
  const field = path + error.property;
  const own = Object.values(error.constraints ?? {});
  return [
    ...own.map((message) => ({ field, message })),
    ...(error.children ?? []).flatMap((child) =>
      invalidFields(child, `${field}.`),
    ),
  ];
}
