// Reactions by post. Each (user, emoji) is one entry whose newest word wins, whether it was said by a frame or by a post's metadata.
import type { Post, Reaction, State } from '../model';

function stamp(reaction: Reaction): number {
  return Math.max(reaction.create_at, reaction.update_at ?? 0, reaction.delete_at ?? 0);
}

function same(one: Reaction, other: Reaction): boolean {
  return one.user_id === other.user_id && one.emoji_name === other.emoji_name;
}

/** A time that makes a wish of our own newer than what is held, whatever this machine's clock says; the server's word will be newer still. */
export function nextStamp(state: State, reaction: Reaction): number {
  const former = state.reactions[reaction.post_id]?.find((entry) => same(entry, reaction));
  return former === undefined ? 1 : stamp(former) + 1;
}

/** Takes one reaction or its removal. What is older than what is held changes nothing. */
export function put(state: State, reaction: Reaction): State {
  const held = state.reactions[reaction.post_id] ?? [];
  const former = held.find((entry) => same(entry, reaction));
  if (former !== undefined && stamp(former) > stamp(reaction)) return state;
  const next = former === undefined ? [...held, reaction] : held.map((entry) => (entry === former ? reaction : entry));
  return { ...state, reactions: { ...state.reactions, [reaction.post_id]: next } };
}

/** A removal; one without a time of its own takes effect right after what it removes. */
export function remove(state: State, reaction: Reaction): State {
  const former = state.reactions[reaction.post_id]?.find((entry) => same(entry, reaction));
  const at = Math.max(reaction.delete_at ?? 0, reaction.update_at ?? 0) || Math.max(reaction.create_at, former === undefined ? 0 : stamp(former)) + 1;
  return put(state, { ...reaction, delete_at: at });
}

/** Takes a post's own list. Entries it lacks are gone, unless they are younger than the post's version. */
export function fromPost(state: State, post: Post): State {
  const told = post.metadata?.reactions;
  const held = state.reactions[post.id];
  if (told === undefined && held === undefined) return state;
  // Frames may say that there are reactions without listing them.
  if (told === undefined && (post.metadata === undefined || post.has_reactions === true)) return state;
  const next: Reaction[] = [...(told ?? [])].sort((a, b) => a.create_at - b.create_at);
  for (const entry of held ?? []) {
    const index = next.findIndex((other) => same(other, entry));
    const other = next[index];
    if (other === undefined) {
      if (stamp(entry) > post.update_at) next.push(entry);
    } else if (stamp(entry) > stamp(other)) {
      next[index] = entry;
    }
  }
  return { ...state, reactions: { ...state.reactions, [post.id]: next } };
}

export interface Tally {
  emoji: string;
  userIds: string[];
}

/** Live reactions of a post, one entry an emoji, in the order in which each emoji came first. */
export function tally(reactions: readonly Reaction[] | undefined): Tally[] {
  const byEmoji = new Map<string, string[]>();
  for (const reaction of reactions ?? []) {
    if ((reaction.delete_at ?? 0) > 0) continue;
    byEmoji.set(reaction.emoji_name, [...(byEmoji.get(reaction.emoji_name) ?? []), reaction.user_id]);
  }
  return [...byEmoji].map(([emoji, userIds]) => ({ emoji, userIds }));
}
