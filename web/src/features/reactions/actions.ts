// Adding and taking back one's own reactions. They show at once; the server's word, or its refusal, settles them.
import { client, request } from '../../api/client';
import { nextStamp } from '../../state/entities/reactions';
import type { Reaction } from '../../state/model';
import { dispatch, store } from '../../state/store';

function wish(reaction: Reaction, wanted: boolean): void {
  const at = nextStamp(store.getState(), reaction);
  dispatch({ kind: wanted ? 'reaction-added' : 'reaction-removed', reaction: { ...reaction, update_at: at, delete_at: wanted ? 0 : at } });
}

export async function toggleReaction(postId: string, emoji: string): Promise<void> {
  const { me, reactions } = store.getState();
  const held = reactions[postId]?.find((reaction) => reaction.user_id === me && reaction.emoji_name === emoji && (reaction.delete_at ?? 0) === 0);
  const reaction = held ?? { user_id: me, post_id: postId, emoji_name: emoji, create_at: 0 };
  wish(reaction, held === undefined);
  try {
    if (held === undefined) await request(client.addReaction(me, postId, emoji));
    else await request(client.removeReaction(me, postId, emoji));
  } catch {
    wish(reaction, held !== undefined);
  }
}
