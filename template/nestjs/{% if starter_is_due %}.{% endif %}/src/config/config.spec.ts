import { validateConfig } from './config.js';

const DATABASE_URL = 'postgresql://app:secret@127.0.0.1:5432/app';

describe('validateConfig', () => {
  it('needs DATABASE_URL alone', () => {
    expect(validateConfig({ DATABASE_URL })).toEqual({
      DATABASE_URL,
      DATABASE_POOL_SIZE: 10,
      PORT: 3000,
      TRUSTED_PROXIES: 0,
      API_DOCS: true,
      SHUTDOWN_DELAY_SECONDS: 5,
      LOG_LEVEL: 'info',
    });
  });

  it('converts text', () => {
    const config = validateConfig({
      DATABASE_URL,
      PORT: '8080',
      API_DOCS: 'false',
    });

    expect(config).toMatchObject({ PORT: 8080, API_DOCS: false });
  });

  it('takes an empty value for none', () => {
    expect(validateConfig({ DATABASE_URL, PORT: '' }).PORT).toBe(3000);
  });

  it('hides the API documents in production', () => {
    const config = validateConfig({ DATABASE_URL, NODE_ENV: 'production' });

    expect(config.API_DOCS).toBe(false);
  });

  it.each([
    ['DATABASE_URL', {}],
    ['DATABASE_URL', { DATABASE_URL: 'https://127.0.0.1/app' }],
    [
      'DATABASE_URL',
      { NODE_ENV: 'production', DATABASE_URL: 'postgresql://app:app@db/app' },
    ],
    ['PORT', { DATABASE_URL, PORT: '3000x' }],
    ['DATABASE_POOL_SIZE', { DATABASE_URL, DATABASE_POOL_SIZE: '0' }],
    ['API_DOCS', { DATABASE_URL, API_DOCS: 'maybe' }],
    ['LOG_LEVEL', { DATABASE_URL, LOG_LEVEL: 'loud' }],
  ])('names %s when it is invalid', (name, environment) => {
    expect(() => validateConfig(environment)).toThrow(name);
  });

  it('keeps values out of its message', () => {
    expect(() =>
      validateConfig({ DATABASE_URL: 'https://app:secret@127.0.0.1/app' }),
    ).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('secret'),
      }),
    );
  });
});
