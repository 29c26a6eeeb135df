// A large file over a slow and broken line, between two servers in network namespaces of their own.
//
//   node scripts/slow-link.mjs [--mib 2048] [--mbit 20] [--delay 40] [--break 30]
//
// The line carries `mbit` Mbit/s with a delay of `delay` ms each way and is broken for `break` s after two fifths of the
// file. While the file crosses, a message is written every second. Exit status 0 if the file arrives byte-identical,
// all messages arrive once and in order, and neither server ever held more than 150 MiB.
//
// It needs root, iproute2 and Python. RIALTO_BIN is the server's binary (default target/release/rialto).

import { execFileSync, spawn } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Refused, connect, found, newChannel, waitUntil } from './organisations.mjs';

const { values: options } = parseArgs({ options: {
    mib: { type: 'string', default: '2048' }, mbit: { type: 'string', default: '20' },
    delay: { type: 'string', default: '40' }, break: { type: 'string', default: '30' },
} });
const MIB = 1024 * 1024;
const size = Number(options.mib) * MIB;
const MOST_MEMORY = 150 * MIB;
const root = resolve(fileURLToPath(import.meta.url), '../..');
const binary = resolve(process.env.RIALTO_BIN ?? join(root, 'target/release/rialto'));
const folder = mkdtempSync(join(tmpdir(), 'rialto-slow-link-'));
const ends = [
    { name: 'acme', title: 'Acme', space: 'rialto-acme', line: '10.77.0.1', manage: ['10.78.1.1', '10.78.1.2'] },
    { name: 'globex', title: 'Globex', space: 'rialto-globex', line: '10.77.0.2', manage: ['10.78.2.1', '10.78.2.2'] },
];
const children = [];

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });

function clear() {
    for (const { space } of ends) {
        for (const words of [['link', 'del', space], ['netns', 'del', space]]) {
            try {
                ip(...words);
            } catch {
                // It was not there.
            }
        }
    }
}

// --- the two hosts and the line between them -------------------------------------------------------------------------

async function layLine() {
    for (const { space, manage: [here, there] } of ends) {
        ip('netns', 'add', space);
        ip('-n', space, 'link', 'set', 'lo', 'up');
        // By this pair the script reaches the server; the servers reach each other by the line alone.
        ip('link', 'add', space, 'type', 'veth', 'peer', 'name', 'manage', 'netns', space);
        ip('addr', 'add', `${here}/30`, 'dev', space);
        ip('link', 'set', space, 'up');
        ip('-n', space, 'addr', 'add', `${there}/30`, 'dev', 'manage');
        ip('-n', space, 'link', 'set', 'manage', 'up');
    }
    const [a, b] = ends;
    const line = spawn('python3', [join(root, 'scripts/link.py'), a.space, a.line, b.space, b.line, options.mbit, options.delay],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(line);
    await new Promise((up, down) => {
        line.stdout.once('data', up);
        line.once('exit', () => down(new Refused('the line could not be laid')));
    });
    return line;
}

async function startServer(end) {
    const output = openSync(join(folder, `${end.name}.log`), 'a');
    const env = {
        ...process.env,
        MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS: 'true',
        MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE: 'true',
        MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES: 'allow',
        MM_CONNECTEDWORKSPACESSETTINGS_INSECUREPEERS: 'allow',
        MM_TEAMSETTINGS_ENABLEOPENSERVER: 'true',
        MM_FILESETTINGS_MAXFILESIZE: String(size),
    };
    const serve = ['serve', '--data-dir', join(folder, end.name), '--listen', '0.0.0.0:8065', '--site-url', `http://${end.line}:8065`];
    end.process = spawn('ip', ['netns', 'exec', end.space, binary, ...serve], { env, stdio: ['ignore', output, output] });
    children.push(end.process);
    end.site = `http://${end.manage[1]}:8065`;
    await waitUntil(`${end.title} to answer`, async () => (await fetch(`${end.site}/api/v4/system/ping`)).ok);
}

/** The most memory the server ever held, in bytes. */
function peak(end) {
    const status = readFileSync(`/proc/${end.process.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

// --- the file --------------------------------------------------------------------------------------------------------

/** Bytes that no compression makes smaller, always the same. */
function* content() {
    const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16));
    const zeros = Buffer.alloc(MIB);
    for (let left = size; left > 0; left -= MIB) yield stream.update(zeros);
}

/** Uploads in one request of an upload session, as clients do with large files. */
async function upload(person, channel) {
    const session = await person.post('/uploads', { channel_id: channel, filename: 'model.bin', file_size: size });
    const hash = createHash('sha256');
    const answer = await new Promise((done, failed) => {
        const sending = request(`${person.site}/api/v4/uploads/${session.id}`, {
            method: 'POST',
            headers: { Authorization: `Bearer ${person.token}`, 'Content-Length': size, 'Content-Type': 'application/octet-stream' },
        }, async (response) => {
            let text = '';
            for await (const chunk of response) text += chunk;
            done({ status: response.statusCode, text });
        });
        sending.once('error', failed);
        (async () => {
            for (const part of content()) {
                hash.update(part);
                if (!sending.write(part)) await new Promise((drained) => sending.once('drain', drained));
            }
            sending.end();
        })();
    });
    if (answer.status !== 200) throw new Refused(`the upload was answered ${answer.status} ${answer.text}`);
    return { id: JSON.parse(answer.text).id, digest: hash.digest('hex') };
}

async function digestOf(person, file) {
    const answer = await fetch(`${person.site}/api/v4/files/${file}`, { headers: { Authorization: `Bearer ${person.token}` } });
    if (!answer.ok) return undefined;
    const hash = createHash('sha256');
    for await (const part of answer.body) hash.update(part);
    return hash.digest('hex');
}

// --- the run ---------------------------------------------------------------------------------------------------------

/** Writes a message a second at one side and notes when the other side has it. */
function talk(writer, reader, channel) {
    const said = new Map();
    const heard = [];
    let running = true;
    const writing = (async () => {
        for (let number = 1; running; number += 1) {
            const post = await writer.say(channel, `message ${number}`);
            said.set(post.id, Date.now());
            await new Promise((later) => setTimeout(later, 1000));
        }
    })();
    const reading = (async () => {
        const seen = new Set();
        while (running || seen.size < said.size) {
            const list = await reader.get(`/channels/${channel}/posts?per_page=200`);
            for (const id of [...list.order].reverse()) {
                if (!said.has(id) || seen.has(id)) continue;
                seen.add(id);
                heard.push({ message: list.posts[id].message, at: said.get(id), took: Date.now() - said.get(id) });
            }
            await new Promise((later) => setTimeout(later, 20));
        }
    })();
    const failed = Promise.all([writing, reading]).then(() => new Promise(() => {}));
    return { failed, async stop() { running = false; await Promise.all([writing, reading]); return { said: said.size, heard }; } };
}

async function main() {
    if (!existsSync(binary)) throw new Refused(`${binary} does not exist. Build it with: cargo build --release --bin rialto`);
    if (process.getuid() !== 0) throw new Refused('namespaces need root');
    clear();
    const line = await layLine();
    for (const end of ends) await startServer(end);
    const [acme, globex] = await Promise.all(ends.map((end) => found(end.name, end.title, end.site, ['ada', 'ben'])));
    const connection = await connect(acme, globex);
    const channel = await newChannel(acme, 'models', 'Models', 'O', '', [acme.people[1]]);
    await acme.admin.command(channel, `/share-channel invite --connectionID ${connection}`);
    await waitUntil('the channel to appear', () => globex.admin.get(`/channels/${channel}`));

    console.log(`uploading ${options.mib} MiB at Acme`);
    const { id, digest } = await upload(acme.admin, channel);
    const talking = talk(acme.people[1], globex.admin, channel);
    const begun = Date.now();
    await acme.admin.post('/posts', { channel_id: channel, message: 'the model', file_ids: [id] });
    console.log(`it has to cross ${options.mbit} Mbit/s with ${2 * options.delay} ms there and back`);

    const expected = (size * 8) / (Number(options.mbit) * 1e6);
    const pause = (seconds) => Promise.race([new Promise((later) => setTimeout(later, seconds * 1000)), talking.failed]);
    await pause(expected * 0.4);
    console.log(`breaking the line for ${options.break} s`);
    const broken = { from: Date.now() };
    line.kill('SIGUSR1');
    await pause(Number(options.break));
    line.kill('SIGUSR2');
    broken.to = Date.now();
    await waitUntil('the file to arrive', async () => (await digestOf(globex.admin, id)) === digest,
        { seconds: expected * 2 + 120 });
    const took = (Date.now() - begun) / 1000;
    const { said, heard } = await talking.stop();

    // What was written in the break, or just before it, had to wait for its end.
    const calm = heard.filter(({ at, took: time }) => at + time < broken.from || at > broken.to + 30_000);
    const times = calm.map((one) => one.took).sort((a, b) => a - b);
    const held = ends.map(peak);
    const megabytes = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
    console.log(`crossed in ${took.toFixed(1)} s, of which ${options.break} s without a line; the line alone needs ${expected.toFixed(1)} s`);
    console.log(`messages meanwhile: ${said}, median ${times[times.length >> 1]} ms, slowest ${times.at(-1)} ms away from the break`);
    console.log(`most memory: ${ends.map(({ title }, index) => `${title} ${megabytes(held[index])}`).join(', ')}`);
    if (heard.length !== said) throw new Refused(`${said} messages were written and ${heard.length} arrived`);
    const order = heard.map(({ message }) => message);
    if (order.some((message, index) => message !== `message ${index + 1}`)) throw new Refused('messages arrived out of order');
    if (Math.max(...held) > MOST_MEMORY) throw new Refused(`a server held more than ${megabytes(MOST_MEMORY)}`);
    console.log('slow-link: the file is byte-identical');
}

let status = 0;
try {
    await main();
} catch (error) {
    status = 1;
    console.error(error instanceof Refused ? `slow-link: ${error.message}` : error);
    for (const { name } of ends) {
        const log = join(folder, `${name}.log`);
        if (existsSync(log)) console.error(`--- ${name}\n${readFileSync(log, 'utf8').slice(-3000)}`);
    }
}
for (const child of children) child.kill('SIGTERM');
clear();
rmSync(folder, { recursive: true, force: true });
process.exit(status);
