// Threads one follows: late answers take nothing back, and the list shows what is followed where one is.
import { describe, expect, it } from 'vitest';
import { aChannel, aMembership, aPost, aUser } from '../testing/entities';
import { apply } from './apply';
import type { Change } from './change';
import type { State } from './model';
import { emptyState } from './model';
import { followedThreads } from './selectors';

function thread(id: string, lastReplyAt: number, replies = 0) {
  return { id, channelId: 'c1', replies, mentions: 0, lastReplyAt };
}

const start: Change[] = [
  { kind: 'signed-in', user: aUser({ id: 'me' }) },
  { kind: 'sidebar', teamId: 't1', channels: [aChannel(), aChannel({ id: 'c2', name: 'other', team_id: 't2' })], memberships: [aMembership()] },
  { kind: 'posts', posts: [aPost({ id: 'a' }), aPost({ id: 'b' }), aPost({ id: 'c' })] },
  { kind: 'threads', threads: [thread('a', 10), thread('b', 30, 2), thread('c', 20)] },
];

function after(...changes: Change[]): State {
  return [...start, ...changes].reduce(apply, emptyState);
}

function listed(state: State, unread = false, end = ''): string[] {
  return followedThreads(state, 't1', unread, end);
}

describe('followed threads', () => {
  it('stand newest reply first, down to where the list reaches', () => {
    expect(listed(after())).toEqual(['b', 'c', 'a']);
    expect(listed(after(), true)).toEqual(['b']);
    expect(listed(after(), false, 'c')).toEqual(['b', 'c']);
  });

  it('move with a new reply, and a late answer moves nothing back', () => {
    const state = after({ kind: 'threads', threads: [thread('a', 40, 1)] }, { kind: 'threads', threads: [thread('a', 10)] });
    expect(listed(state)).toEqual(['a', 'b', 'c']);
    expect(state.threads['a']?.replies).toBe(1);
  });

  it('go when one leaves off, when the message is deleted and when one leaves the channel', () => {
    expect(listed(after({ kind: 'thread-followed', rootId: 'b', following: false }))).toEqual(['c', 'a']);
    expect(listed(after({ kind: 'post-deleted', post: { id: 'b', channel_id: 'c1' }, at: 99 }))).toEqual(['c', 'a']);
    expect(listed(after({ kind: 'channel-left', channelId: 'c1' }))).toEqual([]);
  });

  it('are read one by one, by channel and by team', () => {
    const elsewhere: Change = { kind: 'threads', threads: [{ ...thread('d', 5, 3), channelId: 'c2' }] };
    const unread = (state: State) => Object.values(state.threads).filter((one) => one.replies > 0).map((one) => one.id);
    expect(unread(after(elsewhere))).toEqual(['b', 'd']);
    expect(unread(after(elsewhere, { kind: 'thread-read', rootId: 'd', replies: 0, mentions: 0 }))).toEqual(['b']);
    expect(unread(after(elsewhere, { kind: 'threads-read', place: { channelId: 'c1' } }))).toEqual(['d']);
    expect(unread(after(elsewhere, { kind: 'threads-read', place: { teamId: 't2' } }))).toEqual(['b']);
  });
});
