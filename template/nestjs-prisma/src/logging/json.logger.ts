import { ConsoleLogger } from '@nestjs/common';
import { requestId } from './request-id.js';

/** One JSON line an event, with the id of the request it belongs to. */
export class JsonLogger extends ConsoleLogger {
  constructor() {
    super({ json: true, colors: false, flattenParams: true });
  }

  protected override getJsonLogObject(
    ...args: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    return {
      ...super.getJsonLogObject(...args),
      request_id: requestId.getStore(),
    };
  }
}
