// How own messages fared with other organisations: asked for in batches when they come into view, when the server says that something changed,
// and again from time to time while somebody still lacks them, for who can be reached changes without a word.
import { listDeliveries } from '../api/sharedChannels';
import { dispatch, store } from '../state/store';

const BATCH = 200;
const asked = new Set<string>();
const wanted = new Set<string>();

/** Forgets what was asked for, on signing out and in tests. */
export function forgetDeliveries(): void {
  asked.clear();
  wanted.clear();
}

/** Sees to it that the states of a message come into the store. */
export function ensureDeliveries(postId: string): void {
  if (asked.has(postId)) return;
  asked.add(postId);
  const first = wanted.size === 0;
  wanted.add(postId);
  if (!first) return;
  queueMicrotask(() => {
    const ids = [...wanted];
    wanted.clear();
    void loadDeliveries(ids);
  });
}

/** Asks for the states of messages now. */
export async function loadDeliveries(postIds: readonly string[]): Promise<void> {
  for (let start = 0; start < postIds.length; start += BATCH) {
    const batch = postIds.slice(start, start + BATCH);
    try {
      const list = await listDeliveries(batch);
      if (list.length > 0) dispatch({ kind: 'deliveries', list });
    } catch {
      // Asked again when they come into view the next time.
      batch.forEach((id) => asked.delete(id));
    }
  }
}

/** Asks again for the messages of a channel that somebody still lacks. */
export function refreshDeliveries(channelId: string): void {
  const { deliveries, posts } = store.getState();
  const open = Object.values(deliveries).filter((one) => one.ticks < 2 && posts[one.post_id]?.channel_id === channelId);
  if (open.length > 0) void loadDeliveries(open.map((one) => one.post_id));
}
