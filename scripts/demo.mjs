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

const root = resolve(fileURLToPath(import.meta.url), '../..');
const once = process.argv.includes('--once');
const binary = resolve(process.env.RIALTO_BIN ?? join(root, 'target/release/rialto'));
const password = 'Demo-Passw0rd';
const folder = mkdtempSync(join(tmpdir(), 'rialto-demo-'));
const servers = [];
const interrupted = new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop(console.log('\nstopping')));
});

class Refused extends Error {}

async function main() {
    if (!existsSync(binary)) throw new Refused(`${binary} does not exist. Build it with: cargo build --release --bin rialto`);
    const [acmePort, globexPort] = await choosePorts();
    // Cookies belong to a host name, not to a port. Two names for this machine keep both sign-ins apart in one browser.
    const acme = await organisation('acme', 'Acme', 'localhost', acmePort, ['ada', 'ben', 'chloe']);
    const globex = await organisation('globex', 'Globex', '127.0.0.1', globexPort, ['gita', 'hugo', 'ines']);
    console.log('connecting Acme and Globex');
    const connection = await connect(acme, globex);
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

async function waitUntil(what, condition, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    let last = '';
    for (;;) {
        try {
            const value = await condition();
            if (value) return value;
        } catch (error) {
            last = `: ${error.message}`;
        }
        const ended = servers.find((server) => server.process.exitCode !== null);
        if (ended) throw new Refused(`${ended.name} ended by itself:\n${readFileSync(ended.log, 'utf8').slice(-2000)}`);
        if (Date.now() > deadline) throw new Refused(`waited ${seconds} s for ${what}${last}`);
        await new Promise((later) => setTimeout(later, 50));
    }
}

// --- the public API --------------------------------------------------------------------------------------------------

class Person {
    constructor(site, username) {
        this.site = site;
        this.username = username;
    }

    async call(method, path, body) {
        const headers = { 'Content-Type': 'application/json' };
        if (this.token) headers.Authorization = `Bearer ${this.token}`;
        const answer = await fetch(`${this.site}/api/v4${path}`, {
            method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Refused(`${method} ${path} as ${this.username}: ${answer.status} ${text}`);
        if (path === '/users/login') this.token = answer.headers.get('token');
        return text === '' ? null : JSON.parse(text);
    }

    get(path) { return this.call('GET', path); }
    post(path, body) { return this.call('POST', path, body); }
    put(path, body) { return this.call('PUT', path, body); }

    async signIn() {
        this.id = (await this.post('/users/login', { login_id: this.username, password })).id;
        return this;
    }

    async command(channel, command) {
        return (await this.post('/commands/execute', { channel_id: channel, command })).text;
    }

    say(channel, message, rootId = '') {
        return this.post('/posts', { channel_id: channel, message, root_id: rootId });
    }

    react(post, emoji) {
        return this.post('/reactions', { user_id: this.id, post_id: post.id, emoji_name: emoji });
    }

    async posts(channel) {
        const all = new Map();
        for (let page = 0; ; page += 1) {
            const list = await this.get(`/channels/${channel}/posts?page=${page}&per_page=200`);
            for (const id of list.order) all.set(id, list.posts[id]);
            if (list.order.length < 200) return all;
        }
    }
}

async function organisation(name, title, host, port, usernames) {
    console.log(`starting ${title}`);
    const { site } = startServer(name, host, port);
    await waitUntil(`${title} to answer`, async () => (await fetch(`${site}/api/v4/system/ping`)).ok);
    // The first account becomes the administrator; it makes the others.
    const people = [];
    for (const username of usernames) {
        const first = capital(username);
        const body = { username, password, email: `${username}@${name}.example`, first_name: first, last_name: title };
        await (people[0] ?? new Person(site, username)).post('/users', body);
        people.push(await new Person(site, username).signIn());
    }
    const [admin] = people;
    const team = await admin.post('/teams', { name, display_name: title, type: 'O' });
    for (const person of people.slice(1)) {
        await admin.post(`/teams/${team.id}/members`, { team_id: team.id, user_id: person.id });
    }
    const town = await admin.get(`/teams/${team.id}/channels/name/town-square`);
    return { name, title, site, people, admin, team, town };
}

async function connect(inviter, acceptor) {
    const code = await inviter.admin.command(inviter.town.id,
        `/secure-connection create --name ${acceptor.name} --displayname ${acceptor.title} --password "${password}"`);
    const blob = code.match(/[A-Za-z0-9_=-]{80,}/g)?.sort((a, b) => b.length - a.length)[0];
    if (!blob) throw new Refused(`no invitation code in: ${code}`);
    const accepted = await acceptor.admin.command(acceptor.town.id,
        `/secure-connection accept --name ${inviter.name} --displayname ${inviter.title} --password "${password}" --invite ${blob}`);
    const online = async (organisation, peer) => {
        const all = await organisation.admin.get('/remotecluster?page=0&per_page=60');
        return all.find((one) => one.name === peer.name && one.last_ping_at > 0);
    };
    const connection = await waitUntil(`the connection (${accepted.trim()})`, () => online(inviter, acceptor));
    await waitUntil('the connection to be up on both sides', () => online(acceptor, inviter));
    return connection.remote_id;
}

async function newChannel(organisation, name, title, type, purpose, members) {
    const body = { team_id: organisation.team.id, name, display_name: title, type, purpose };
    const channel = await organisation.admin.post('/channels', body);
    for (const member of members) {
        await organisation.admin.post(`/channels/${channel.id}/members`, { user_id: member.id });
    }
    return channel.id;
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

const capital = (word) => word[0].toUpperCase() + word.slice(1);

function printAddresses(acme, globex) {
    const line = ({ title, site, people }) =>
        `  ${title.padEnd(8)}${site.padEnd(24)}${people.map((one) => one.username).join(', ')}  (${people[0].username} administers)`;
    console.log(`
Both organisations are running and share the channel "Harbour Bridge".

${line(acme)}
${line(globex)}

  Password of everybody: ${password}

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
