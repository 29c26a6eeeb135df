// A real Rialto for a test: its own data directory, its own port, gone afterwards.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const binary = process.env['RIALTO_BIN'] ?? resolve(import.meta.dirname, '../../target/tested/rialto');

const settings = {
  MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS: 'true',
  MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE: 'true',
  MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES: 'allow',
  MM_CONNECTEDWORKSPACESSETTINGS_INSECUREPEERS: 'allow',
  MM_TEAMSETTINGS_ENABLEOPENSERVER: 'true',
};

export interface Server {
  url: string;
  /** Ends the process; the data stays until `remove`. */
  stop: () => Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart: () => Promise<void>;
  remove: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves when the server answers; rejects with what it said if it ends before. */
async function answers(url: string, child: ChildProcess, said: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${said()}`);
    const ok = await fetch(`${url}/api/v4/system/ping`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`the server does not answer:\n${said()}`);
    // The next look, not a wait for something to have happened by then.
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** @param path of the site URL, such as `/chat`; "" for the root. */
export async function startServer(path = ''): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), 'rialto-e2e-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${path}`;
  let child: ChildProcess | undefined;
  let log = '';

  async function run(): Promise<void> {
    child = spawn(binary, ['serve', '--data-dir', data, '--listen', `127.0.0.1:${port}`, '--site-url', url], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-20_000);
      });
    }
    await answers(url, child, () => log);
  }

  async function stop(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  }

  await run();
  return {
    url,
    stop,
    restart: run,
    remove: async () => {
      await stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
