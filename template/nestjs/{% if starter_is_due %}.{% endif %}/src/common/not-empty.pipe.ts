import { PipeTransform } from '@nestjs/common';
import { ProblemException } from './problem.js';

/** Refuses a PATCH that changes nothing: `@Body(NotEmptyPipe)`. */
export class NotEmptyPipe implements PipeTransform {
  transform(body: object): object {
    if (Object.values(body).every((value) => value === undefined)) {
      throw new ProblemException(
        400,
        '/problems/invalid-request',
        'The body changes nothing.',
      );
    }
    return body;
  }
}
