import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

/** Refuses a body that no parser reads: it would arrive as an empty one. */
export function jsonOnly(
  request: Request,
  _response: Response,
  next: NextFunction,
): void {
  const unread =
    request.is('application/json') === false &&
    request.get('Content-Length') !== '0';
  next(unread ? new UnsupportedMediaTypeException() : undefined);
}
