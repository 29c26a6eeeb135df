// Two organisations that share a channel, set up through the public API and slash commands alone, as people would.
//
//   node scripts/demo.mjs          start them, print where they are, stop with Ctrl-C
//   node scripts/demo.mjs --once   start, set up, check that both sides hold the same, stop; exit status 0 if so
//
// RIALTO_BIN is the server's binary (default target/release/rialto). DEMO_PORTS=8065,8066 chooses other ports.
// Everything lives in a temporary folder that is removed at the end.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PASSWORD, Refused, connect, found, newChannel, waitUntil as wait } from './organisations.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const once = process.argv.includes('--once');
const binary = resolve(process.env.RIALTO_BIN ?? join(root, 'target/release/rialto'));
const folder = mkdtempSync(join(tmpdir(), 'rialto-demo-'));
const servers = [];
const interrupted = new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop(console.log('\nstopping')));
});

async function main() {
    if (!existsSync(binary)) throw new Refused(`${binary} does not exist. Build it with: cargo build --release --bin rialto`);
    const [acmePort, globexPort] = await choosePorts();
    // Cookies belong to a host name, not to a port. Two names for this machine keep both sign-ins apart in one browser.
    const acme = await organisation('acme', 'Acme', 'localhost', acmePort, ['ada', 'ben', 'chloe']);
    const globex = await organisation('globex', 'Globex', '127.0.0.1', globexPort, ['gita', 'hugo', 'ines']);
    console.log('connecting Acme and Globex');
    const connection = await connect(acme, globex, waiting);
    console.log('sharing a channel and talking in it');
    const channel = await shareWithHistory(acme, globex, connection);
    await addLocalLife(acme, globex);
    await waitUntil('both sides to hold the same', () => bothAgree(acme, globex, channel));
    if (once) {
        console.log('demo: both organisations hold the same shared channel');
        return;
    }
    printAddresses(acme, globex);
    await new Promise((stop) => {
        for (const server of servers) server.process.once('exit', stop);
    });
    throw new Refused('a server ended by itself');
}

// --- servers ---------------------------------------------------------------------------------------------------------

async function choosePorts() {
    const given = process.env.DEMO_PORTS?.split(',').map(Number);
    if (given === undefined && once) return [await freePort(0), await freePort(0)];
    const ports = given ?? [8065, 8066];
    for (const port of ports) {
        if ((await freePort(port)) === undefined) {
            throw new Refused(`port ${port} is in use. Stop what listens there, or set DEMO_PORTS=9065,9066`);
        }
    }
    return ports;
}

function freePort(port) {
    return new Promise((found) => {
        const probe = createServer();
        probe.once('error', () => found(undefined));
        probe.listen(port, '127.0.0.1', () => {
            const chosen = probe.address().port;
            probe.close(() => found(chosen));
        });
    });
}

function startServer(name, host, port) {
    const data = join(folder, name);
    const log = join(folder, `${name}.log`);
    const output = openSync(log, 'a');
    const site = `http://${host}:${port}`;
    const env = {
        ...process.env,
        MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS: 'true',
        MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE: 'true',
        // Both organisations live on this machine and speak plain http; outside of a demo neither is allowed.
        MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES: 'allow',
        MM_CONNECTEDWORKSPACESSETTINGS_INSECUREPEERS: 'allow',
        MM_TEAMSETTINGS_ENABLEOPENSERVER: 'true',
        MM_TEAMSETTINGS_SITENAME: name === 'acme' ? 'Acme' : 'Globex',
    };
    const args = ['serve', '--data-dir', data, '--listen', `127.0.0.1:${port}`, '--site-url', site];
    const child = spawn(binary, args, { env, stdio: ['ignore', output, output] });
    const server = { name, site, log, process: child };
    servers.push(server);
    return server;
}

async function stopServers() {
    await Promise.all(servers.map(({ process: child }) => new Promise((stopped) => {
        if (child.exitCode !== null || child.signalCode !== null) return stopped();
        const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
        child.once('exit', () => { clearTimeout(impatient); stopped(); });
        child.kill('SIGTERM');
    })));
    rmSync(folder, { recursive: true, force: true });
}

const waitUntil = (what, condition) => wait(what, condition, waiting);
const waiting = {
    failed() {
        const ended = servers.find((server) => server.process.exitCode !== null);
        if (ended) throw new Refused(`${ended.name} ended by itself:\n${readFileSync(ended.log, 'utf8').slice(-2000)}`);
    },
};

// --- what happens in them --------------------------------------------------------------------------------------------

async function organisation(name, title, host, port, usernames) {
    console.log(`starting ${title}`);
    const { site } = startServer(name, host, port);
    await waitUntil(`${title} to answer`, async () => (await fetch(`${site}/api/v4/system/ping`)).ok);
    return found(name, title, site, usernames);
}

async function shareWithHistory(acme, globex, connection) {
    const [ada, ben, chloe] = acme.people;
    const [gita, hugo, ines] = globex.people;
    const channel = await newChannel(acme, 'harbour-bridge', 'Harbour Bridge', 'O',
        'The joint project of Acme and Globex', [ben, chloe]);
    await ada.command(channel, `/share-channel invite --connectionID ${connection}`);
    await waitUntil('the channel to appear at Globex', () => gita.get(`/channels/${channel}`));
    for (const person of globex.people) {
        await gita.post(`/channels/${channel}/members`, { user_id: person.id });
    }
    const arrives = (person, post) => waitUntil(`"${post.message}" to arrive at ${person.username}`,
        async () => (await person.posts(channel)).has(post.id));
    const welcome = await ada.say(channel, 'Welcome, Globex! This channel lives on **both** our servers.');
    await arrives(hugo, welcome);
    await hugo.react(welcome, 'wave');
    const plan = await hugo.say(channel, 'Here is our plan:\n\n| Week | Acme | Globex |\n|---|---|---|\n| 1 | piers | survey |\n| 2 | deck | cables |');
    await arrives(ben, plan);
    await ben.say(channel, 'Can the survey start on Monday?', plan.id);
    await chloe.react(plan, 'tada');
    const answer = await ines.say(channel, 'Yes, weather permitting.', plan.id);
    await arrives(ada, answer);
    const typo = await chloe.say(channel, 'The drawings are reddy.');
    await chloe.put(`/posts/${typo.id}/patch`, { message: 'The drawings are ready. :bridge_at_night:' });
    await arrives(gita, typo);
    await gita.react(typo, 'thumbsup');
    return channel;
}

async function addLocalLife(acme, globex) {
    const [ada, ben] = acme.people;
    const [gita, , ines] = globex.people;
    const budget = await newChannel(acme, 'budget', 'Budget', 'P', 'Acme only', [ben]);
    await ada.say(budget, 'This one stays at Acme.');
    const field = await newChannel(globex, 'field-team', 'Field Team', 'O', 'Globex only', [ines]);
    await gita.say(field, 'Boots and helmets are in the van.');
}

async function bothAgree(acme, globex, channel) {
    const view = async ({ admin }) => {
        const posts = [...(await admin.posts(channel)).values()].filter((post) => !post.type.startsWith('system_'));
        const lines = await Promise.all(posts.map(async (post) => {
            const reactions = (await admin.get(`/posts/${post.id}/reactions`)) ?? [];
            const names = reactions.map((one) => `${one.user_id} ${one.emoji_name}`).sort().join(',');
            return `${post.id} ${post.user_id} ${post.root_id} ${post.message} ${names}`;
        }));
        return lines.sort().join('\n');
    };
    const [here, there] = [await view(acme), await view(globex)];
    return here === there && here.split('\n').filter((line) => line !== '').length >= 5;
}

function printAddresses(acme, globex) {
    const line = ({ title, site, people }) =>
        `  ${title.padEnd(8)}${site.padEnd(24)}${people.map((one) => one.username).join(', ')}  (${people[0].username} administers)`;
    console.log(`
Both organisations are running and share the channel "Harbour Bridge".

${line(acme)}
${line(globex)}

  Password of everybody: ${PASSWORD}

Open both addresses in one browser, side by side, and write in Harbour Bridge.
Use the addresses as printed: the two different host names keep the two sign-ins apart.
Logs are in ${folder}. Ctrl-C stops both and removes everything.
`);
}

// ---------------------------------------------------------------------------------------------------------------------

let status = 0;
try {
    await Promise.race([main(), interrupted]);
} catch (error) {
    status = 1;
    console.error(error instanceof Refused ? `demo: ${error.message}` : error);
}
await stopServers();
process.exit(status);
