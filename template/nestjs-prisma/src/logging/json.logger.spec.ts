import { JsonLogger } from './json.logger.js';
import { requestId } from './request-id.js';

describe('JsonLogger', () => {
  it('writes one JSON line with the id of the request', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);

    requestId.run('abc-1', () =>
      new JsonLogger().log('two\nlines', { status: 200 }, 'Request'),
    );

    const lines = write.mock.calls.map(([line]) => String(line));
    write.mockRestore();
    expect(lines).toHaveLength(1);
    expect(lines[0].trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0])).toMatchObject({
      level: 'log',
      context: 'Request',
      message: 'two\nlines',
      status: 200,
      request_id: 'abc-1',
    });
  });
});
