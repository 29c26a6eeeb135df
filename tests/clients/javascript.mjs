// A morning with the official JavaScript client: signing in, a team, a channel, a post, a file, a thread, a reaction, a search,
// and another person who sees it all live. `node javascript.mjs URL`; the server is fresh, its first account the administrator.
import assert from 'node:assert/strict';

import clients from '@mattermost/client';
import WebSocket from 'ws';

const { Client4, WebSocketClient } = clients;
globalThis.WebSocket = WebSocket;

const site = process.argv[2];
const PASSWORD = 'Clients-Passw0rd';

/** Somebody with a client of their own. */
class Person {
    constructor(username) {
        this.username = username;
        this.client = new Client4();
        this.client.setUrl(site);
        this.heard = [];
    }

    async signIn() {
        this.me = await this.client.login(this.username, PASSWORD);
        assert.equal(this.me.username, this.username);
        assert.ok(this.client.getToken(), 'the token comes in a header');
        return this;
    }

    /** Connects; from then on `heard` holds the events. */
    async listen() {
        this.socket = new WebSocketClient();
        this.socket.addMessageListener((message) => this.heard.push(message));
        await new Promise((resolve, reject) => {
            this.socket.addFirstConnectListener(resolve);
            this.socket.addErrorListener(reject);
            this.socket.initialize(`${site.replace(/^http/, 'ws')}/api/v4/websocket`, this.client.getToken());
        });
    }

    async event(name, fits = () => true) {
        for (let tries = 0; tries < 400; tries++) {
            const found = this.heard.find((message) => message.event === name && fits(message));
            if (found) return found;
            await new Promise((later) => setTimeout(later, 25));
        }
        throw new Error(`${this.username} heard no ${name}, but ${this.heard.map((one) => one.event)}`);
    }
}

const admin = new Person('admin');
const account = (name) => ({ username: name, email: `${name}@clients.example`, password: PASSWORD });
await admin.client.createUser(account('admin'), '', '');
await admin.signIn();
const anna = new Person('anna');
await admin.client.createUser(account('anna'), '', '');
await anna.signIn();

const config = await anna.client.getClientConfig();
assert.equal(config.Version.split('.').length, 3);
const team = await admin.client.createTeam({ name: 'yard', display_name: 'The Yard', type: 'O' });
await admin.client.addToTeam(team.id, anna.me.id);
const [own] = await anna.client.getMyTeams();
assert.equal(own.id, team.id);
await anna.listen();
await admin.listen();

const channel = await admin.client.createChannel({
    team_id: team.id, name: 'slipway', display_name: 'Slipway', type: 'O', header: '', purpose: '',
});
await admin.client.addToChannel(anna.me.id, channel.id);
await anna.event('user_added', (message) => message.broadcast.channel_id === channel.id);

const root = await admin.client.createPost({ channel_id: channel.id, message: 'Who launches **Bucintoro**? @anna #launch' });
const told = await anna.event('posted', (message) => JSON.parse(message.data.post).id === root.id);
assert.deepEqual(JSON.parse(told.data.mentions), [anna.me.id]);

const form = new FormData();
form.append('channel_id', channel.id);
form.append('files', new Blob(['the plan of the keel']), 'keel.txt');
form.append('client_ids', 'keel-1');
const upload = await anna.client.uploadFile(form);
assert.deepEqual(upload.client_ids, ['keel-1']);
const reply = await anna.client.createPost({
    channel_id: channel.id, root_id: root.id, message: 'I do', file_ids: [upload.file_infos[0].id],
});
assert.equal(reply.metadata.files[0].name, 'keel.txt');
const file = await fetch(anna.client.getFileUrl(reply.file_ids[0], 0), {
    headers: { Authorization: `Bearer ${anna.client.getToken()}` },
});
assert.equal(await file.text(), 'the plan of the keel');

const thread = await admin.client.getPostThread(root.id);
assert.deepEqual(thread.order.toSorted(), [root.id, reply.id].toSorted());
assert.equal(thread.posts[root.id].reply_count, 1);
await anna.client.addReaction(anna.me.id, root.id, 'anchor');
await admin.event('reaction_added', (message) => JSON.parse(message.data.reaction).emoji_name === 'anchor');
const [reaction] = await admin.client.getReactionsForPost(root.id);
assert.equal(reaction.user_id, anna.me.id);

await admin.client.patchPost({ id: root.id, message: 'Who launches the Bucintoro?' });
await anna.event('post_edited', (message) => JSON.parse(message.data.post).id === root.id);
const [before] = await admin.client.getPostEditHistory(root.id);
assert.equal(before.message, 'Who launches **Bucintoro**? @anna #launch');

const found = await anna.client.searchPostsWithParams(team.id, { terms: 'bucintoro in:slipway from:admin', is_or_search: false });
assert.deepEqual(found.order, [root.id]);
const people = await anna.client.autocompleteUsers('adm', team.id, channel.id);
assert.equal(people.users[0].username, 'admin');
const direct = await anna.client.createDirectChannel([anna.me.id, admin.me.id]);
await anna.client.createPost({ channel_id: direct.id, message: 'between us' });
await admin.event('posted', (message) => message.data.channel_type === 'D');

await anna.client.savePreferences(anna.me.id, [
    { user_id: anna.me.id, category: 'flagged_post', name: root.id, value: 'true' },
]);
const saved = await anna.client.getFlaggedPosts(anna.me.id);
assert.deepEqual(saved.order, [root.id]);
const threads = await admin.client.getUserThreads(admin.me.id, team.id, { perPage: 10 });
assert.equal(threads.threads[0].id, root.id);
const answer = await anna.client.executeCommand('/shrug', { channel_id: channel.id, team_id: team.id, root_id: '' });
assert.equal(answer.response_type, 'in_channel');
await anna.client.deletePost(reply.id);
await admin.event('post_deleted', (message) => JSON.parse(message.data.post).id === reply.id);

// What fails says so in a way the client understands.
await assert.rejects(anna.client.getTeam('aaaaaaaaaaaaaaaaaaaaaaaaaa'), (error) => {
    assert.equal(typeof error.server_error_id, 'string');
    assert.ok([403, 404].includes(error.status_code), String(error.status_code));
    return true;
});
anna.socket.close();
admin.socket.close();
await anna.client.logout();
await assert.rejects(anna.client.getMe(), (error) => error.status_code === 401);
console.log('clients: @mattermost/client went through its morning');
process.exit(0);
