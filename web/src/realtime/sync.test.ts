// Frames and fetches meet in the store: what a frame names is fetched, a gap is fetched again, and what was seen counts as seen.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch, store } from '../state/store';
import { FakeSocket, openFake } from '../testing/FakeSocket';
import { aChannel, aMembership, aPost, aUser } from '../testing/entities';
import { loadWindow } from './load';
import { reset } from './profiles';
import { look, start, takeFrame } from './sync';

const asked: string[] = [];
let answers: Record<string, unknown> = {};

/** The server: answers by "METHOD path" without the query; what is not listed does not exist. */
function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const key = `${(init?.method ?? 'get').toUpperCase()} ${url.pathname.replace('/api/v4', '')}`;
  asked.push(key);
  const found = answers[key];
  const status = found === undefined ? 404 : 200;
  return Promise.resolve(new Response(JSON.stringify(found ?? { id: 'none', message: '', status_code: 404 }), { status, headers: { 'Content-Type': 'application/json' } }));
}

function list(...posts: ReturnType<typeof aPost>[]) {
  const order = [...posts].sort((a, b) => b.create_at - a.create_at).map((post) => post.id);
  return { order, posts: Object.fromEntries(posts.map((post) => [post.id, post])), next_post_id: '', prev_post_id: '', first_inaccessible_post_time: 0 };
}

beforeEach(() => {
  asked.length = 0;
  FakeSocket.made.length = 0;
  reset();
  vi.stubGlobal('fetch', serve);
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  answers = { 'POST /users/ids': [aUser()], 'POST /channels/members/me/view': { status: 'OK' } };
  look({ teamId: 't1', channelId: 'c1' });
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'sidebar', teamId: 't1', channels: [aChannel()], memberships: [aMembership()] });
});

describe('takeFrame', () => {
  it('asks for the channel when one is added to it', async () => {
    answers['GET /channels/c2'] = aChannel({ id: 'c2', name: 'new' });
    answers['GET /channels/c2/members/me'] = aMembership({ channel_id: 'c2' });
    takeFrame({ event: 'user_added', userId: 'me', channelId: 'c2' });
    await vi.waitFor(() => expect(store.getState().memberships['c2']).toBeDefined());
  });

  it('asks for the root again when a reply arrives, so its count is the server’s', async () => {
    dispatch({ kind: 'posts', posts: [aPost({ id: 'root' })] });
    answers['GET /posts/root'] = aPost({ id: 'root', reply_count: 1, update_at: 2000 });
    takeFrame({ event: 'posted', post: aPost({ id: 'r', root_id: 'root', create_at: 2000 }), mentions: [] });
    await vi.waitFor(() => expect(store.getState().posts['root']?.reply_count).toBe(1));
  });

  it('tells the server that a message on screen was seen, and counts one that was not', async () => {
    takeFrame({ event: 'posted', post: aPost(), mentions: [] });
    await vi.waitFor(() => expect(asked).toContain('POST /channels/members/me/view'));
    expect(store.getState().unreads['c1']?.messages).toBe(0);
    look({ teamId: 't1', channelId: '' });
    takeFrame({ event: 'posted', post: aPost({ id: 'p2' }), mentions: ['me'] });
    expect(store.getState().unreads['c1']).toEqual({ messages: 1, mentions: 1 });
  });

  it('asks again whose a channel is and how it may be used when its sharing changes', async () => {
    answers['GET /sharedchannels/t1'] = [{ id: 'c1', team_id: 't1', home: false, readonly: true, remote_id: 'r1' }];
    answers['GET /sharedchannels/c1/remotes'] = [{ name: 'acme', display_name: 'Acme', last_ping_at: 5 }];
    answers['GET /sharedchannels/remote_info/r1'] = { name: 'acme', display_name: 'Acme', last_ping_at: 5 };
    takeFrame({ event: 'channel_updated', channelId: 'c1', channel: aChannel({ shared: true, update_at: 2 }) });
    await vi.waitFor(() => {
      expect(store.getState().shares['c1']?.readonly).toBe(true);
      expect(store.getState().organisations['c1']?.[0]?.display_name).toBe('Acme');
      expect(store.getState().origins['r1']?.display_name).toBe('Acme');
    });
  });

  // E-024
  it('shows the new name of a connection wherever it stands, without a reload', async () => {
    const named = (name: string) => ({ name: 'acme', display_name: name, create_at: 1, delete_at: 0, last_ping_at: 5 });
    dispatch({ kind: 'organisations', channelId: 'c1', organisations: [named('Acme'), { ...named('Globex'), name: 'globex' }] });
    dispatch({ kind: 'origin', remoteId: 'r1', organisation: named('Acme') });
    const before = store.getState().connectionNews;
    answers['GET /sharedchannels/remote_info/r1'] = named('Acme Europe');
    takeFrame({ event: 'rialto_remote_cluster_updated', remoteId: 'r1' });
    await vi.waitFor(() => expect(store.getState().origins['r1']?.display_name).toBe('Acme Europe'));
    expect(store.getState().organisations['c1']?.map((one) => one.display_name)).toEqual(['Acme Europe', 'Globex']);
    expect(store.getState().connectionNews).toBe(before + 1);
    // The handle may have been that of a connection that has ended.
    dispatch({ kind: 'origin', remoteId: 'r0', organisation: { ...named('Old Acme'), delete_at: 7 } });
    expect(store.getState().organisations['c1']?.[0]?.display_name).toBe('Acme Europe');
  });

  it('fetches unknown authors once', async () => {
    takeFrame({ event: 'posted', post: aPost(), mentions: [] });
    takeFrame({ event: 'posted', post: aPost({ id: 'p2' }), mentions: [] });
    await vi.waitFor(() => expect(store.getState().users['u1']?.username).toBe('ada'));
    expect(asked.filter((key) => key === 'POST /users/ids')).toHaveLength(1);
  });
});

describe('start', () => {
  it('is ready when the server knows the connection', async () => {
    const sync = start({ open: openFake });
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    await sync.ready;
    expect(store.getState().connection).toBe('open');
    sync.stop();
  });

  it('fetches again after a gap: an edit, a deletion and a new message that no frame told', async () => {
    answers['GET /channels/c1/posts'] = list(aPost({ id: 'a', create_at: 10 }), aPost({ id: 'b', create_at: 20 }));
    await loadWindow('c1');
    const sync = start({ open: openFake, retry: 1, jitter: 0 });
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    answers['GET /channels/c1/posts'] = list(aPost({ id: 'a', create_at: 10, update_at: 5000, message: 'edited' }), aPost({ id: 'c', create_at: 30 }));
    FakeSocket.last.drop();
    await vi.waitFor(() => expect(FakeSocket.made).toHaveLength(2));
    FakeSocket.last.open();
    FakeSocket.last.hello('two');
    await vi.waitFor(() => expect(store.getState().timelines['c1']).toEqual(['a', 'c']));
    expect(store.getState().posts['a']?.message).toBe('edited');
    sync.stop();
  });
});
