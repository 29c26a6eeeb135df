// People: profiles, and who is in which channel.
import type { State, User } from '../model';
import { supersedes } from '../model';

/** Takes profiles; an older version changes nothing. A profile of our own keeps what only we are told. */
export function put(state: State, users: readonly User[]): State {
  const next = { ...state.users };
  for (const user of users) {
    const held = next[user.id];
    if (!supersedes(user, held)) continue;
    // The frame for everybody lacks what only the person's own record has.
    next[user.id] = user.id === state.me && held !== undefined ? { ...held, ...user } : user;
  }
  return { ...state, users: next };
}

export function putMembers(state: State, channelId: string, users: readonly User[]): State {
  return { ...put(state, users), members: { ...state.members, [channelId]: users.map((user) => user.id) } };
}

/** Adds to a member list that is held; one nobody asked for stays unknown. */
export function add(state: State, channelId: string, userId: string): State {
  const held = state.members[channelId];
  if (held === undefined || held.includes(userId)) return state;
  return { ...state, members: { ...state.members, [channelId]: [...held, userId] } };
}

export function remove(state: State, channelId: string, userId: string): State {
  const held = state.members[channelId];
  if (held === undefined || !held.includes(userId)) return state;
  return { ...state, members: { ...state.members, [channelId]: held.filter((id) => id !== userId) } };
}
