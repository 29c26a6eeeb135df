// Threads one follows, and what of them is unread.
import type { FollowedThread, State } from '../model';

/** Takes a thread as the server tells it. One that was asked for before its last reply came is passed over. */
export function put(state: State, thread: FollowedThread): State {
  const held = state.threads[thread.id];
  if (held !== undefined && held.lastReplyAt > thread.lastReplyAt) return state;
  return { ...state, threads: { ...state.threads, [thread.id]: thread }, following: { ...state.following, [thread.id]: true } };
}

export function follow(state: State, rootId: string, following: boolean): State {
  return { ...state, following: { ...state.following, [rootId]: following } };
}

/** One thread was read, or marked unread. */
export function read(state: State, rootId: string, replies: number, mentions: number): State {
  const held = state.threads[rootId];
  return held === undefined ? state : { ...state, threads: { ...state.threads, [rootId]: { ...held, replies, mentions } } };
}

/** All threads of a channel were read; without one, those of a team and of direct messages. */
export function readAll(state: State, place: { channelId: string } | { teamId: string }): State {
  const meant = (thread: FollowedThread): boolean => {
    if ('channelId' in place) return thread.channelId === place.channelId;
    const team = state.channels[thread.channelId]?.team_id ?? '';
    return team === '' || team === place.teamId;
  };
  const threads = Object.entries(state.threads).map(([id, thread]) => [id, meant(thread) ? { ...thread, replies: 0, mentions: 0 } : thread] as const);
  return { ...state, threads: Object.fromEntries(threads) };
}
