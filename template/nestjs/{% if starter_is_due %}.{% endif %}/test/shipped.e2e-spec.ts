import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What the image runs: it may fail to start where the other tests pass. */
describe('the compiled service', () => {
  let service: ChildProcess;
  let url: string;
  let output = '';

  beforeAll(async () => {
    execFileSync('nest', ['build'], { shell: true, stdio: 'inherit' });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    service = spawn(process.execPath, ['dist/main.js'], {
      env: {
        ...process.env,
        PORT: String(port),
        SHUTDOWN_DELAY_SECONDS: '0',
      },
    });
    for (const stream of [service.stdout, service.stderr]) {
      stream?.on('data', (text) => (output += String(text)));
    }
  }, 120_000);

  afterAll(() => {
    service.kill('SIGKILL');
  });

  it('gets ready, and ends at SIGTERM', async () => {
    await vi.waitFor(
      async () => {
        expect(service.exitCode, output).toBeNull();
        const response = await fetch(`${url}/ready`);
        expect(response.status, output).toBe(200);
      },
      { timeout: 30_000, interval: 200 },
    );

    service.kill('SIGTERM');
    await once(service, 'exit');

    expect(service.exitCode, output).toBe(0);
  }, 60_000);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
