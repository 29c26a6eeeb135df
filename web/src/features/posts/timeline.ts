// Turns a channel's posts into what stands on screen: days, the line where the new begins, and posts that follow each other closely as one block.
import type { Post } from '../../state/model';
import { isSystemPost } from '../../state/selectors';

export type Row =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'new'; key: string }
  /** What stands above was written before the channel was shared with this server. */
  | { kind: 'shared'; key: string }
  /** `joined`: same author as the row above, shortly after. */
  | { kind: 'post'; key: string; id: string; joined: boolean };

/** Posts of one author within this time stand together, in ms. */
const TOGETHER_MS = 5 * 60 * 1000;

function follows(post: Post, previous: Post): boolean {
  if (isSystemPost(post) || isSystemPost(previous)) return false;
  if (post.user_id !== previous.user_id || post.props['override_username'] !== previous.props['override_username']) return false;
  // A thread below the former post ends its block.
  return post.create_at - previous.create_at < TOGETHER_MS && previous.reply_count === 0;
}

/**
 * @param readUntil what was seen before the channel was opened (ms, 0 for nothing known).
 * @param me posts of one's own are never new.
 * @param sharedAt since when the channel is shared with this server (ms, 0 for channels of its own).
 */
export function rows(posts: readonly Post[], readUntil: number, me: string, sharedAt = 0): Row[] {
  const found: Row[] = [];
  let previous: Post | undefined;
  let marked = readUntil === 0;
  for (const post of posts) {
    const startsShare = previous !== undefined && previous.create_at < sharedAt && post.create_at >= sharedAt;
    if (startsShare) found.push({ kind: 'shared', key: 'shared' });
    const newDay = previous === undefined || new Date(previous.create_at).toDateString() !== new Date(post.create_at).toDateString();
    if (newDay) found.push({ kind: 'day', key: `day-${new Date(post.create_at).toDateString()}`, at: post.create_at });
    const startsNew = !marked && post.create_at > readUntil && post.user_id !== me && post.delivery === undefined && !isSystemPost(post);
    if (startsNew) {
      marked = true;
      found.push({ kind: 'new', key: 'new' });
    }
    const joined = previous !== undefined && !newDay && !startsNew && !startsShare && follows(post, previous);
    // A post keeps its row when the server settles it.
    found.push({ kind: 'post', key: post.pending_post_id || post.id, id: post.id, joined });
    previous = post;
  }
  // Of a copy in which nothing was said since, everything was said before.
  if (previous !== undefined && previous.create_at < sharedAt) found.push({ kind: 'shared', key: 'shared' });
  return found;
}
