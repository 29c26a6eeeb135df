// Runs the scenarios of tests/clients: official clients of Mattermost, as people install them, each against a fresh server.
// `RIALTO_BIN` is the server. What they need of npm and PyPI is installed below target/ first.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Refused, waitUntil } from './organisations.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'tests/clients');
const binary = resolve(process.env.RIALTO_BIN ?? join(root, 'target/release/rialto'));
const python = join(root, 'target/clients-python');

function run(command, args, cwd = folder) {
    execFileSync(command, args, { cwd, stdio: 'inherit' });
}

function install() {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    if (!existsSync(join(python, 'bin/python'))) {
        mkdirSync(join(root, 'target'), { recursive: true });
        run('python3', ['-m', 'venv', python]);
    }
    run(join(python, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt']);
}

/** A port nobody listens on now. */
function freePort() {
    return new Promise((found, failed) => {
        const server = createServer();
        server.on('error', failed);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => found(port));
        });
    });
}

async function play(command, args) {
    const data = mkdtempSync(join(tmpdir(), 'rialto-clients-'));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = {
        ...process.env,
        MM_TEAMSETTINGS_ENABLEOPENSERVER: 'true',
        MM_SERVICESETTINGS_ENABLEBOTACCOUNTCREATION: 'true',
        MM_SERVICESETTINGS_ENABLEUSERACCESSTOKENS: 'true',
    };
    const server = spawn(binary, ['serve', '--data-dir', data, '--listen', `127.0.0.1:${port}`, '--site-url', url], {
        env, stdio: ['ignore', 'ignore', 'inherit'],
    });
    let ended = false;
    server.on('exit', () => { ended = true; });
    try {
        const failed = () => { if (ended) throw new Refused('the server has ended'); };
        await waitUntil('the server', async () => (await fetch(`${url}/api/v4/system/ping`)).ok, { failed });
        run(command, [...args, url]);
    } finally {
        server.kill();
        await new Promise((gone) => (ended ? gone() : server.on('exit', gone)));
        rmSync(data, { recursive: true, force: true });
    }
}

if (!existsSync(binary)) throw new Refused(`there is no ${binary}; build it, or set RIALTO_BIN`);
install();
await play('node', ['javascript.mjs']);
await play(join(python, 'bin/python'), ['python.py']);
