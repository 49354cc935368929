import { createParamDecorator, ExecutionContext } from '@nestjs/common';
import { requestOf } from './auth.guard.js';

/** The caller's id, which every query of data that belongs to users names. */
export const UserId = createParamDecorator(
  (_data: unknown, context: ExecutionContext): number =>
    requestOf(context).session.userId,
);
