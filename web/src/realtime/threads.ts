// Threads one follows: what is fetched of them, and what is told about them.
import type { UserThread } from '@mattermost/types/threads';
import { client, isRecord, request } from '../api/client';
import type { FollowedThread, Post } from '../state/model';
import { dispatch, store } from '../state/store';
import { takePeople } from './load';

/** Threads of one request. */
export const PAGE = 25;

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A thread as the server tells it, with its first message; undefined if it is none. */
export function readThread(value: unknown): { thread: FollowedThread; root: Post } | undefined {
  if (!isRecord(value) || typeof value['id'] !== 'string' || !isRecord(value['post'])) return undefined;
  const root = value['post'];
  if (typeof root['channel_id'] !== 'string' || typeof root['message'] !== 'string') return undefined;
  const thread = {
    id: value['id'],
    channelId: root['channel_id'],
    replies: number(value['unread_replies']),
    mentions: number(value['unread_mentions']),
    lastReplyAt: number(value['last_reply_at']),
  };
  return { thread, root: root as unknown as Post };
}

/** Puts a thread that one follows into the store. */
export function takeThread(value: unknown): FollowedThread | undefined {
  const read = readThread(value);
  if (read === undefined) return undefined;
  dispatch({ kind: 'posts', posts: [read.root] });
  dispatch({ kind: 'threads', threads: [read.thread] });
  takePeople([read.root]);
  return read.thread;
}

/** The team in whose list a thread stands: direct messages are in everyone's. */
function teamOf(rootId: string): string {
  const state = store.getState();
  const channel = state.channels[state.posts[rootId]?.channel_id ?? ''];
  return channel?.team_id || (state.myTeams[0] ?? '');
}

/** A page of the threads one follows in a team, newest reply first, behind `before`; their ids. */
export async function loadThreads(teamId: string, unread: boolean, before = ''): Promise<string[]> {
  const list = await request(client.getUserThreads('me', teamId, { before, perPage: PAGE, unread, threadsOnly: true, extended: false }));
  return list.threads.flatMap((thread: UserThread) => takeThread(thread)?.id ?? []);
}

const counting = new Map<string, 'running' | 'again'>();

/** How many threads of a team hold something unread. Calls during a request are answered by one more. */
export async function loadThreadTotals(teamId: string): Promise<void> {
  if (teamId === '') return;
  if (counting.has(teamId)) {
    counting.set(teamId, 'again');
    return;
  }
  counting.set(teamId, 'running');
  const totals = await request(client.getUserThreads('me', teamId, { totalsOnly: true })).catch(() => undefined);
  const again = counting.get(teamId) === 'again';
  counting.delete(teamId);
  if (totals !== undefined) dispatch({ kind: 'thread-totals', teamId, unread: number(totals.total_unread_threads), mentions: number(totals.total_unread_mentions) });
  if (again) await loadThreadTotals(teamId);
}

/** Whether one follows a thread, and if so what of it is unread. */
export async function loadFollowing(rootId: string): Promise<void> {
  const list = await request(client.getPaginatedPostThread(rootId, { fetchThreads: true, collapsedThreads: true, perPage: 1 }));
  const root = list.posts[rootId];
  const following = root?.is_following === true;
  dispatch({ kind: 'thread-followed', rootId, following });
  if (root === undefined) return;
  dispatch({ kind: 'posts', posts: [root] });
  if (following) takeThread(await request(client.getUserThread('me', teamOf(rootId), rootId)));
}

/** Follows a thread, or leaves off. */
export async function followThread(rootId: string, following: boolean): Promise<void> {
  await request(client.updateThreadFollowForUser('me', teamOf(rootId), rootId, following));
  dispatch({ kind: 'thread-followed', rootId, following });
}

/** Says that everything in a thread was seen that is shown of it. The time is the last reply's, whatever the clock here says. */
export async function readThreadTo(rootId: string): Promise<void> {
  const state = store.getState();
  const at = Math.max(state.threads[rootId]?.lastReplyAt ?? 0, state.posts[rootId]?.last_reply_at ?? 0);
  dispatch({ kind: 'thread-read', rootId, replies: 0, mentions: 0 });
  await request(client.updateThreadReadForUser('me', teamOf(rootId), rootId, at)).catch(() => undefined);
}

/** Says that everything in all threads of a team was seen. */
export async function readAllThreads(teamId: string): Promise<void> {
  await request(client.updateThreadsReadForUser('me', teamId));
  dispatch({ kind: 'threads-read', place: { teamId } });
}
