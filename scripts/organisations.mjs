// Organisations set up through the public API and slash commands alone, as people would: for scripts that start real
// servers.

export const PASSWORD = 'Demo-Passw0rd';

/** What a script tells its user in one line instead of a stack. */
export class Refused extends Error {}

export const capital = (word) => word[0].toUpperCase() + word.slice(1);

/**
 * Looks again and again until `condition` gives something.
 * @param failed called at each look; throws if waiting is of no use any more.
 */
export async function waitUntil(what, condition, { seconds = 30, failed = () => {} } = {}) {
    const deadline = Date.now() + seconds * 1000;
    let last = '';
    for (;;) {
        try {
            const value = await condition();
            if (value) return value;
        } catch (error) {
            last = `: ${error.message}`;
        }
        failed();
        if (Date.now() > deadline) throw new Refused(`waited ${seconds} s for ${what}${last}`);
        await new Promise((later) => setTimeout(later, 50));
    }
}

/** Somebody with an account on the server at `site`. */
export class Person {
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
        this.id = (await this.post('/users/login', { login_id: this.username, password: PASSWORD })).id;
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

/** Fills a fresh server: people, of whom the first administers it, and a team with all of them. */
export async function found(name, title, site, usernames) {
    const people = [];
    for (const username of usernames) {
        const first = capital(username);
        const body = {
            username, password: PASSWORD, email: `${username}@${name}.example`, first_name: first, last_name: title,
        };
        // The first account becomes the administrator; it makes the others.
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

/** Connects two organisations; returns the connection's id, which both sides know. */
export async function connect(inviter, acceptor, waiting) {
    const code = await inviter.admin.command(inviter.town.id,
        `/secure-connection create --name ${acceptor.name} --displayname ${acceptor.title} --password "${PASSWORD}"`);
    const blob = code.match(/[A-Za-z0-9_=-]{80,}/g)?.sort((a, b) => b.length - a.length)[0];
    if (!blob) throw new Refused(`no invitation code in: ${code}`);
    const accepted = await acceptor.admin.command(acceptor.town.id,
        `/secure-connection accept --name ${inviter.name} --displayname ${inviter.title} --password "${PASSWORD}" --invite ${blob}`);
    const online = async (organisation, peer) => {
        const all = await organisation.admin.get('/remotecluster?page=0&per_page=60');
        return all.find((one) => one.name === peer.name && one.last_ping_at > 0);
    };
    const connection = await waitUntil(`the connection (${accepted.trim()})`, () => online(inviter, acceptor), waiting);
    await waitUntil('the connection to be up on both sides', () => online(acceptor, inviter), waiting);
    return connection.remote_id;
}

/** A channel of an organisation with its administrator and these members; returns its id. */
export async function newChannel(organisation, name, title, type, purpose, members) {
    const body = { team_id: organisation.team.id, name, display_name: title, type, purpose };
    const channel = await organisation.admin.post('/channels', body);
    for (const member of members) {
        await organisation.admin.post(`/channels/${channel.id}/members`, { user_id: member.id });
    }
    return channel.id;
}
