import { NotFoundException } from '@nestjs/common';
import { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { PROBLEM_JSON, problemOf } from './common/problem.js';
import { Config, config } from './config/config.js';
import { serveDocument } from './openapi/document.js';

/** The part of the application that is no provider; the tests and `openapi` call it too. */
export async function setUpApp(app: NestExpressApplication): Promise<void> {
  const settings = app.get<Config>(config.KEY);
  app.set('trust proxy', settings.TRUSTED_PROXIES);
  // A global prefix belongs here.
  serveDocument(app, settings.API_DOCS);
  await app.init();
  // Nest's own 404 covers the global prefix alone.
  app.use((_request: Request, response: Response) => {
    const problem = problemOf(new NotFoundException());
    response.status(404).type(PROBLEM_JSON).send(JSON.stringify(problem));
  });
}
