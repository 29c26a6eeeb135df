// What is fetched over REST, and how it goes into the store. Every function may be called again at any time: "fetch again" is always allowed.
import type { PostList } from '@mattermost/types/posts';
import { client, request } from '../api/client';
import { listEmoji, listPeerEmoji } from '../api/emoji';
import { listOrganisations, listShares, listUndelivered } from '../api/sharedChannels';
import { linkedMessage } from '../state/embeds';
import { isLocal } from '../state/entities/posts';
import type { Post } from '../state/model';
import { isRemote, visibleTimeline } from '../state/selectors';
import { dispatch, store } from '../state/store';
import { ensureOrigin, ensureOrigins, ensureUsers } from './profiles';
import { ensureRoles, loadTeamRoles } from './roles';

const PAGE = 60;
/** A window of more pages than this is not fetched again after a gap; the newest page replaces it. */
const MAX_PAGES = 5;
const MEMBERS_PAGE = 200;

/** The configuration for people who are signed in; before that only a part of it is told. */
export async function loadConfig(): Promise<void> {
  const config = await request(client.getClientConfig()).catch(() => undefined);
  if (config !== undefined) dispatch({ kind: 'config', config: { ...config } });
}

/** Own teams and the teams one could join. */
export async function loadTeams(): Promise<void> {
  const teams = await request(client.getMyTeams());
  dispatch({ kind: 'teams', teams });
  dispatch({ kind: 'my-teams', teamIds: teams.filter((team) => team.delete_at === 0).map((team) => team.id) });
}

/** The sidebar of a team: channels, memberships, shares. */
export async function loadTeam(teamId: string): Promise<void> {
  const [channels, memberships] = await Promise.all([
    request(client.getMyChannels(teamId)),
    request(client.getMyChannelMembers(teamId)),
    loadShares(teamId),
    loadTeamRoles(teamId),
  ]);
  dispatch({ kind: 'sidebar', teamId, channels, memberships });
  void ensureRoles(memberships.map((membership) => membership.channel_id));
  const me = store.getState().me;
  ensureUsers(channels.flatMap((channel) => (channel.type === 'D' ? channel.name.split('__').filter((id) => id !== me) : [])));
}

/** Which channels of a team are shared, from where and how. Without the feature there are none. */
export async function loadShares(teamId: string): Promise<void> {
  const shares = await listShares(teamId).catch(() => undefined);
  if (shares === undefined) return;
  dispatch({ kind: 'shares', teamId, shares });
  shares.forEach((share) => ensureOrigin(share.remote_id));
}

/** Channel and own membership, fetched because an event named them. A channel that is gone or closed to us is left. */
export async function loadChannel(channelId: string): Promise<void> {
  try {
    const [channel, membership] = await Promise.all([request(client.getChannel(channelId)), request(client.getMyChannelMember(channelId))]);
    dispatch({ kind: 'channels', channels: [channel] });
    dispatch({ kind: 'memberships', memberships: [membership] });
    void ensureRoles([channelId]);
    if (channel.type === 'D') ensureUsers(channel.name.split('__'));
    if (channel.shared === true && channel.team_id !== '') await loadShares(channel.team_id);
  } catch {
    // Joined and left again before we could ask, or out of reach: the next list says so.
  }
}

/** The custom emoji of this server; without the feature there are none. */
export async function loadCustomEmoji(): Promise<void> {
  const list = await listEmoji().catch(() => undefined);
  if (list !== undefined) dispatch({ kind: 'emoji', list });
}

/** The emoji of other organisations that are seen in a channel. */
export async function loadPeerEmoji(channelId: string): Promise<void> {
  const list = await listPeerEmoji(channelId).catch(() => undefined);
  if (list !== undefined) dispatch({ kind: 'peer-emoji', channelId, list });
}

/** Which of the reader's own messages an organisation does not take. */
export async function loadUndelivered(channelId: string): Promise<void> {
  const list = await listUndelivered(channelId).catch(() => undefined);
  if (list !== undefined) dispatch({ kind: 'undelivered', channelId, list });
}

/** The other organisations in a channel, with when each was last heard of. */
export async function loadOrganisations(channelId: string): Promise<void> {
  const organisations = await listOrganisations(channelId).catch(() => undefined);
  if (organisations !== undefined) dispatch({ kind: 'organisations', channelId, organisations });
}

/** All members of a channel with their profiles. */
export async function loadMembers(channelId: string): Promise<void> {
  const users = [];
  for (let page = 0; ; page += 1) {
    const some = await request(client.getProfilesInChannel(channelId, page, MEMBERS_PAGE));
    users.push(...some);
    if (some.length < MEMBERS_PAGE) break;
  }
  dispatch({ kind: 'members', channelId, users });
  ensureOrigins(users.filter(isRemote));
}

interface Page {
  posts: Post[];
  oldest: number;
  oldestId: string;
  atStart: boolean;
}

function readPage(list: PostList): Page {
  const posts = Object.values(list.posts) as Post[];
  const oldestId = list.order.at(-1) ?? '';
  return { posts, oldest: list.posts[oldestId]?.create_at ?? 0, oldestId, atStart: list.prev_post_id === '' || list.order.length === 0 };
}

function getPage(channelId: string, page: number): Promise<PostList> {
  return request(client.getPosts(channelId, page, PAGE, false, true, false));
}

/** Who appears in posts: authors, those who reacted, and authors of what is shown with them. */
export function takePeople(posts: readonly Post[]): void {
  const people = (post: Post): string[] => {
    const linked = linkedMessage(post);
    return [post.user_id, ...(linked === undefined ? [] : [linked.author]), ...(post.metadata?.reactions ?? []).map((reaction) => reaction.user_id)];
  };
  ensureUsers(posts.flatMap(people));
}

/**
 * The newest stretch of a channel's history. A window that is held already is fetched in its whole length, so that what was edited or deleted
 * during a gap is right; one that has grown too long starts over with the newest page.
 */
export async function loadWindow(channelId: string): Promise<void> {
  const before = store.getState();
  const formerly = before.timelines[channelId] ?? [];
  const reach = before.windows[channelId]?.oldest ?? Infinity;
  const posts: Post[] = [];
  let last: Page | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    last = readPage(await getPage(channelId, page));
    posts.push(...last.posts);
    if (last.atStart || last.oldest <= reach || reach === Infinity) break;
  }
  if (last === undefined) return;
  dispatch({ kind: 'window', channelId, posts, oldest: last.atStart ? 0 : last.oldest, atStart: last.atStart, formerly });
  takePeople(posts);
}

const loadingOlder = new Map<string, Promise<void>>();

/** One more page of history, before the oldest post that is held. Asked twice at once, it is fetched once. */
export function loadOlder(channelId: string): Promise<void> {
  const running = loadingOlder.get(channelId);
  if (running !== undefined) return running;
  const task = fetchOlder(channelId).finally(() => loadingOlder.delete(channelId));
  loadingOlder.set(channelId, task);
  return task;
}

async function fetchOlder(channelId: string): Promise<void> {
  const state = store.getState();
  const window = state.windows[channelId];
  if (window === undefined || window.atStart) return;
  const oldest = visibleTimeline(state, channelId)?.find((id) => {
    const post = state.posts[id];
    return post !== undefined && !isLocal(post);
  });
  if (oldest === undefined) {
    // Nothing to count back from: everything near the end was deleted. The next full load finds what lies before.
    dispatch({ kind: 'page', channelId, posts: [], oldest: window.oldest, atStart: true });
    return;
  }
  const page = readPage(await request(client.getPostsBefore(channelId, oldest, 0, PAGE, false, true, false)));
  dispatch({ kind: 'page', channelId, posts: page.posts, oldest: page.atStart ? 0 : page.oldest, atStart: page.atStart });
  takePeople(page.posts);
}

/** A thread: its root and all replies. */
export async function loadThread(rootId: string): Promise<void> {
  const list = await request(client.getPostThread(rootId, true, false, false));
  const posts = Object.values(list.posts) as Post[];
  dispatch({ kind: 'posts', posts });
  takePeople(posts);
}

/** The pinned messages of a channel. */
export async function loadPinned(channelId: string): Promise<void> {
  const list = await request(client.getPinnedPosts(channelId));
  const posts = Object.values(list.posts) as Post[];
  dispatch({ kind: 'posts', posts });
  takePeople(posts);
}

/** A page of the messages that hold what is looked for, newest first. */
export async function findPosts(teamId: string, terms: string, page: number, perPage: number): Promise<Post[]> {
  const offset = -new Date().getTimezoneOffset() * 60;
  const params = { terms, is_or_search: false, include_deleted_channels: false, time_zone_offset: offset, page, per_page: perPage };
  const list = await request(client.searchPostsWithParams(teamId, params));
  const posts = list.order.flatMap((id) => (list.posts[id] === undefined ? [] : [list.posts[id] as Post]));
  dispatch({ kind: 'posts', posts });
  takePeople(posts);
  return posts;
}

/** One message. */
export async function loadPost(postId: string): Promise<Post> {
  const post = (await request(client.getPost(postId))) as Post;
  dispatch({ kind: 'posts', posts: [post] });
  takePeople([post]);
  return post;
}

const refreshing = new Map<string, 'running' | 'again'>();

/** The root of a thread once more, because its replies changed and with them its counts. Calls during a request are answered by one more. */
export async function refreshPost(postId: string): Promise<void> {
  if (refreshing.has(postId)) {
    refreshing.set(postId, 'again');
    return;
  }
  refreshing.set(postId, 'running');
  const post = await request(client.getPost(postId)).catch(() => undefined);
  const again = refreshing.get(postId) === 'again';
  refreshing.delete(postId);
  if (post !== undefined) {
    dispatch({ kind: 'posts', posts: [post] });
    takePeople([post]);
  }
  if (again) await refreshPost(postId);
}

/** Says that everything in a channel has been seen. */
export async function markViewed(channelId: string): Promise<void> {
  dispatch({ kind: 'channel-viewed', channelId, at: Date.now() });
  await request(client.viewMyChannel(channelId)).catch(() => undefined);
}

/** Presence of people on screen. */
export async function loadStatuses(userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  const statuses = await request(client.getStatusesByIds([...userIds])).catch(() => []);
  dispatch({ kind: 'statuses', statuses });
}
