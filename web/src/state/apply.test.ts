// The store's promises: versions never go back, order does not matter, and counts count what people have not seen.
import { describe, expect, it } from 'vitest';
import { aChannel, aMembership, aPost, aReaction, aUser } from '../testing/entities';
import { apply } from './apply';
import type { Change } from './change';
import { pending } from './entities/posts';
import { tally } from './entities/reactions';
import type { State } from './model';
import { emptyState } from './model';
import { visibleTimeline } from './selectors';

const start: State = { ...emptyState, me: 'me' };

function run(changes: readonly Change[], from: State = start): State {
  return changes.reduce(apply, from);
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length <= 1) {
    yield [...items];
    return;
  }
  for (let index = 0; index < items.length; index += 1) {
    const rest = items.filter((_, other) => other !== index);
    for (const tail of permutations(rest)) yield [items[index] as T, ...tail];
  }
}

describe('versions', () => {
  it('never lets an older post overwrite a newer one', () => {
    const newer = aPost({ message: 'second', update_at: 2000, edit_at: 2000 });
    const state = run([{ kind: 'posts', posts: [newer] }, { kind: 'posts', posts: [aPost({ message: 'first' })] }]);
    expect(state.posts['p1']?.message).toBe('second');
  });

  it('takes the newcomer among equal versions', () => {
    const state = run([{ kind: 'posts', posts: [aPost({ reply_count: 0 })] }, { kind: 'posts', posts: [aPost({ reply_count: 1 })] }]);
    expect(state.posts['p1']?.reply_count).toBe(1);
  });

  it('holds for channels, users and teams', () => {
    const state = run([
      { kind: 'channels', channels: [aChannel({ update_at: 5, display_name: 'New' })] },
      { kind: 'channels', channels: [aChannel({ update_at: 4, display_name: 'Old' })] },
      { kind: 'users', users: [aUser({ update_at: 5, nickname: 'New' })] },
      { kind: 'users', users: [aUser({ update_at: 4, nickname: 'Old' })] },
    ]);
    expect(state.channels['c1']?.display_name).toBe('New');
    expect(state.users['u1']?.nickname).toBe('New');
  });

  it('never takes a deletion back', () => {
    const state = run([
      { kind: 'posts', posts: [aPost()] },
      { kind: 'post-deleted', post: { id: 'p1', channel_id: 'c1' }, at: 3000 },
      { kind: 'posts', posts: [aPost({ update_at: 4000 })] },
    ]);
    expect(state.posts['p1']?.delete_at).toBe(3000);
    expect(state.timelines['c1']).toEqual([]);
  });

  it('does not need to have seen a post to know that it is deleted', () => {
    const state = run([
      { kind: 'post-deleted', post: { id: 'p1', channel_id: 'c1' }, at: 3000 },
      { kind: 'posts', posts: [aPost({ update_at: 3500 })] },
    ]);
    expect(state.timelines['c1'] ?? []).toEqual([]);
  });
});

describe('order', () => {
  const changes: Change[] = [
    { kind: 'posts', posts: [aPost({ id: 'a', create_at: 1, update_at: 1 }), aPost({ id: 'b', create_at: 2, update_at: 2 })] },
    { kind: 'posted', post: aPost({ id: 'c', create_at: 3, update_at: 3 }), mentioned: false, viewing: true },
    { kind: 'posts', posts: [aPost({ id: 'a', create_at: 1, update_at: 9, edit_at: 9, message: 'edited' })] },
    { kind: 'post-deleted', post: { id: 'b', channel_id: 'c1' }, at: 8 },
    { kind: 'posts', posts: [aPost({ id: 'r', root_id: 'a', create_at: 4, update_at: 4 })] },
  ];

  it('ends the same whichever comes first, REST answers or frames', () => {
    const wanted = run(changes);
    expect(wanted.timelines['c1']).toEqual(['a', 'c']);
    expect(wanted.posts['a']?.message).toBe('edited');
    let tried = 0;
    for (const order of permutations(changes)) {
      const state = run(order);
      expect(state.timelines['c1']).toEqual(wanted.timelines['c1']);
      expect(state.replies['a']).toEqual(['r']);
      expect(state.posts['a']).toEqual(wanted.posts['a']);
      expect(state.posts['b']?.delete_at).toBe(8);
      tried += 1;
    }
    expect(tried).toBe(120);
  });

  it('is by creation, not by arrival: what catches up late stands where it belongs', () => {
    const state = run([
      { kind: 'posts', posts: [aPost({ id: 'late', create_at: 50 }), aPost({ id: 'early', create_at: 10 })] },
      { kind: 'posted', post: aPost({ id: 'between', create_at: 30 }), mentioned: false, viewing: false },
    ]);
    expect(state.timelines['c1']).toEqual(['early', 'between', 'late']);
  });
});

describe('windows', () => {
  const page: Extract<Change, { kind: 'window' }> = { kind: 'window', channelId: 'c1', posts: [aPost({ id: 'n', create_at: 100 })], oldest: 100, atStart: false, formerly: [] };

  it('show nothing from before their beginning, so no gap is hidden', () => {
    const state = run([page, { kind: 'posts', posts: [aPost({ id: 'root', create_at: 5 })] }]);
    expect(visibleTimeline(state, 'c1')).toEqual(['n']);
    const longer = apply(state, { kind: 'page', channelId: 'c1', posts: [], oldest: 0, atStart: true });
    expect(visibleTimeline(longer, 'c1')).toEqual(['root', 'n']);
  });

  it('told afresh lose what the server no longer has, but not what arrived while it answered', () => {
    const before = run([{ kind: 'posts', posts: [aPost({ id: 'gone', create_at: 150 })] }]);
    const arrived = apply(before, { kind: 'posted', post: aPost({ id: 'new', create_at: 200 }), mentioned: false, viewing: true });
    const state = apply(arrived, { ...page, formerly: ['gone'] });
    expect(state.timelines['c1']).toEqual(['n', 'new']);
  });

  it('keep answers that only the reader sees', () => {
    const told = aPost({ id: 'e', type: 'system_ephemeral', create_at: 150 });
    const state = run([{ kind: 'posts', posts: [told] }, { ...page, formerly: ['e'] }]);
    expect(state.timelines['c1']).toEqual(['n', 'e']);
  });
});

describe('sending', () => {
  const draft = pending(start, { id: 'me:1', user_id: 'me', channel_id: 'c1', root_id: '', message: 'hi', at: 5000 });
  const made = aPost({ id: 'real', user_id: 'me', message: 'hi', pending_post_id: 'me:1', create_at: 4000 });
  const pendingChange: Change = { kind: 'post-pending', post: draft };

  it('shows at once and is settled by answer or frame, whichever comes first, once', () => {
    expect(run([pendingChange]).timelines['c1']).toEqual(['me:1']);
    const answerFirst = run([pendingChange, { kind: 'posts', posts: [made] }, { kind: 'posted', post: made, mentioned: false, viewing: true }]);
    const frameFirst = run([pendingChange, { kind: 'posted', post: made, mentioned: false, viewing: true }, { kind: 'posts', posts: [made] }]);
    for (const state of [answerFirst, frameFirst]) {
      expect(state.timelines['c1']).toEqual(['real']);
      expect(state.posts['me:1']).toBeUndefined();
    }
  });

  it('stands last even if this clock is behind', () => {
    const state = run([{ kind: 'posts', posts: [aPost({ create_at: 9000 })] }]);
    const late = pending(state, { id: 'me:2', user_id: 'me', channel_id: 'c1', root_id: '', message: 'x', at: 5000 });
    expect(apply(state, { kind: 'post-pending', post: late }).timelines['c1']).toEqual(['p1', 'me:2']);
  });

  it('keeps a failed message with its reason until it is sent again or dropped', () => {
    const failed = run([pendingChange, { kind: 'post-failed', pendingId: 'me:1', reason: 'no' }]);
    expect(failed.posts['me:1']?.delivery).toEqual({ state: 'failed', reason: 'no' });
    expect(apply(failed, { kind: 'post-dropped', postId: 'me:1' }).timelines['c1']).toEqual([]);
    const again = run([pendingChange, { kind: 'posts', posts: [made] }], failed);
    expect(again.timelines['c1']).toEqual(['real']);
  });

  it('ignores a failure of something that did arrive', () => {
    const state = run([pendingChange, { kind: 'posts', posts: [made] }, { kind: 'post-failed', pendingId: 'me:1', reason: 'time-out' }]);
    expect(state.timelines['c1']).toEqual(['real']);
    expect(state.posts['real']?.delivery).toBeUndefined();
  });
});

describe('unread', () => {
  const joined = run([
    { kind: 'channels', channels: [aChannel({ total_msg_count: 7 })] },
    { kind: 'memberships', memberships: [aMembership({ msg_count: 5, mention_count: 1 })] },
  ]);
  const post = (part: object, more: object = {}): Change => ({ kind: 'posted', post: aPost({ id: 'x', ...part }), mentioned: false, viewing: false, ...more });

  it('is what the server counted, plus what arrives', () => {
    expect(joined.unreads['c1']).toEqual({ messages: 2, mentions: 1 });
    expect(apply(joined, post({}, { mentioned: true })).unreads['c1']).toEqual({ messages: 3, mentions: 2 });
  });

  it('counts neither own posts, nor system posts, nor what one is looking at, nor the same post twice', () => {
    expect(apply(joined, post({ user_id: 'me' })).unreads['c1']?.messages).toBe(2);
    expect(apply(joined, post({ type: 'system_join_channel' })).unreads['c1']?.messages).toBe(2);
    expect(apply(joined, post({}, { viewing: true })).unreads['c1']?.messages).toBe(2);
    expect(run([post({}), post({})], joined).unreads['c1']?.messages).toBe(3);
  });

  it('ends when the channel is viewed, here or on another device, and an older list does not bring it back', () => {
    const viewed = apply(joined, { kind: 'channel-viewed', channelId: 'c1', at: 9000 });
    expect(viewed.unreads['c1']).toEqual({ messages: 0, mentions: 0 });
    const late = apply(viewed, { kind: 'memberships', memberships: [aMembership({ msg_count: 5, mention_count: 1, last_viewed_at: 10 })] });
    expect(late.unreads['c1']).toEqual({ messages: 0, mentions: 0 });
  });

  it('forgets channels that a fresh sidebar no longer lists', () => {
    const state = apply(joined, { kind: 'sidebar', teamId: 't1', channels: [aChannel({ id: 'c2' })], memberships: [aMembership({ channel_id: 'c2' })] });
    expect(Object.keys(state.memberships)).toEqual(['c2']);
  });
});

describe('reactions', () => {
  const shown = (state: State) => tally(state.reactions['p1']).map((entry) => `${entry.emoji}×${entry.userIds.length}`);

  it('end the same whichever of adding and removing is heard first', () => {
    const added: Change = { kind: 'reaction-added', reaction: aReaction() };
    const removed: Change = { kind: 'reaction-removed', reaction: aReaction({ update_at: 2000, delete_at: 2000 }) };
    expect(shown(run([added, removed]))).toEqual([]);
    expect(shown(run([removed, added]))).toEqual([]);
  });

  it('can be given again after being taken back', () => {
    const state = run([
      { kind: 'reaction-added', reaction: aReaction() },
      { kind: 'reaction-removed', reaction: aReaction({ delete_at: 2000 }) },
      { kind: 'reaction-added', reaction: aReaction({ create_at: 3000, update_at: 3000 }) },
    ]);
    expect(shown(state)).toEqual(['rocket×1']);
  });

  it('come with posts; younger news survives an older list', () => {
    const state = run([
      { kind: 'reaction-added', reaction: aReaction({ user_id: 'u2', create_at: 5000, update_at: 5000 }) },
      { kind: 'posts', posts: [aPost({ update_at: 4000, metadata: { reactions: [aReaction()] } })] },
    ]);
    expect(shown(state)).toEqual(['rocket×2']);
  });

  it('stay when a frame says that there are some without listing them', () => {
    const state = run([
      { kind: 'posts', posts: [aPost({ has_reactions: true, metadata: { reactions: [aReaction()] } })] },
      { kind: 'posts', posts: [aPost({ update_at: 4000, message: 'edited', has_reactions: true, metadata: {} })] },
    ]);
    expect(shown(state)).toEqual(['rocket×1']);
  });

  it('that a newer post no longer lists are gone', () => {
    const state = run([
      { kind: 'posts', posts: [aPost({ metadata: { reactions: [aReaction()] } })] },
      { kind: 'posts', posts: [aPost({ update_at: 4000, metadata: {} })] },
    ]);
    expect(shown(state)).toEqual([]);
  });
});
