// Posts, the two orders they are shown in (a channel's roots, a thread's replies), and the stretch of history that is held without gaps.
import type { Post, State } from '../model';
import { supersedes, without } from '../model';
import { fromPost } from './reactions';

function before(posts: Record<string, Post>, a: string, b: string): boolean {
  const left = posts[a]?.create_at ?? 0;
  const right = posts[b]?.create_at ?? 0;
  return left === right ? a < b : left < right;
}

/** `ids` with `id` at its place by creation time. Most posts are the newest, so the search starts at the end. */
function insert(posts: Record<string, Post>, ids: readonly string[], id: string): readonly string[] {
  if (ids.includes(id)) return ids;
  let place = ids.length;
  while (place > 0 && before(posts, id, ids[place - 1] ?? '')) place -= 1;
  return [...ids.slice(0, place), id, ...ids.slice(place)];
}

function list(state: State, post: Post): State {
  if (post.root_id === '') {
    const ids = insert(state.posts, state.timelines[post.channel_id] ?? [], post.id);
    return { ...state, timelines: { ...state.timelines, [post.channel_id]: ids } };
  }
  return { ...state, replies: { ...state.replies, [post.root_id]: insert(state.posts, state.replies[post.root_id] ?? [], post.id) } };
}

function unlist(state: State, post: Post): State {
  const drop = (ids: readonly string[] | undefined): readonly string[] => (ids ?? []).filter((id) => id !== post.id);
  if (post.root_id === '') return { ...state, timelines: { ...state.timelines, [post.channel_id]: drop(state.timelines[post.channel_id]) } };
  return { ...state, replies: { ...state.replies, [post.root_id]: drop(state.replies[post.root_id]) } };
}

/** Takes a post as the server holds it. An older version changes nothing; a deletion is never taken back. Settles the pending post it answers. */
export function put(state: State, post: Post): State {
  const settled = post.pending_post_id !== '' && post.pending_post_id !== post.id ? drop(state, post.pending_post_id) : state;
  const held = settled.posts[post.id];
  if (!supersedes(post, held) || (held !== undefined && held.delete_at > 0)) return settled;
  const stored = { ...settled, posts: { ...settled.posts, [post.id]: post } };
  if (post.delete_at > 0) return bury(stored, post.id, post.channel_id, post.delete_at);
  return fromPost(held === undefined ? list(stored, post) : stored, post);
}

/** Removes a post without a trace: a pending one that was settled or given up, an answer only we saw. */
export function drop(state: State, postId: string): State {
  const post = state.posts[postId];
  if (post === undefined) return state;
  return { ...unlist(state, post), posts: without(state.posts, postId) };
}

/** Marks a post and its replies as deleted. Emptied but kept, so that a late older version cannot bring it back. */
export function bury(state: State, postId: string, channelId: string, at: number): State {
  const held = state.posts[postId] ?? { ...blank, id: postId, channel_id: channelId };
  const grave: Post = { ...held, message: '', metadata: {}, delete_at: held.delete_at || at || 1, update_at: Math.max(held.update_at, at) };
  let next: State = unlist({ ...state, posts: { ...state.posts, [postId]: grave }, reactions: without(state.reactions, postId) }, grave);
  for (const reply of state.replies[postId] ?? []) next = bury(next, reply, channelId, at);
  return next;
}

const blank: Post = {
  id: '', create_at: 0, update_at: 0, edit_at: 0, delete_at: 0, is_pinned: false, user_id: '', channel_id: '', root_id: '', original_id: '',
  message: '', type: '', props: {}, hashtags: '', pending_post_id: '', reply_count: 0,
};

/** A post of our own before the server knows it. It stands last, whatever this machine's clock says. */
export function pending(state: State, draft: { id: string; user_id: string; channel_id: string; root_id: string; message: string; at: number }): Post {
  const siblings = draft.root_id === '' ? state.timelines[draft.channel_id] : state.replies[draft.root_id];
  const last = state.posts[siblings?.at(-1) ?? '']?.create_at ?? 0;
  const at = Math.max(draft.at, last + 1);
  return {
    ...blank, id: draft.id, pending_post_id: draft.id, user_id: draft.user_id, channel_id: draft.channel_id, root_id: draft.root_id,
    message: draft.message, create_at: at, update_at: at, delivery: { state: 'sending' },
  };
}

/** True for posts the server does not keep: our unsettled ones and answers only we can see. */
export function isLocal(post: Post): boolean {
  return post.delivery !== undefined || post.type === 'system_ephemeral';
}

/** Forgets those of `formerly` that were written from `from` on and are not among `keep`: they are not in what the server just told. */
export function forgetMissing(state: State, formerly: readonly string[], from: number, keep: ReadonlySet<string>): State {
  let next = state;
  for (const id of formerly) {
    const post = state.posts[id];
    if (post !== undefined && post.create_at >= from && !keep.has(id) && !isLocal(post)) next = drop(next, id);
  }
  return next;
}
