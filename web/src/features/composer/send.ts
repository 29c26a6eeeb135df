// Sending. A message shows at once and is settled by whichever comes first: the answer, its frame, or the failure. Messages of one channel go out
// one after the other, in the order in which they were written.
import { client, request } from '../../api/client';
import { failureText } from '../../api/failureText';
import type { Translator } from '../../i18n/translate';
import { pending } from '../../state/entities/posts';
import type { Post } from '../../state/model';
import { dispatch, store } from '../../state/store';

const queues = new Map<string, Promise<void>>();
let lastStamp = 0;

/** Own user id and a time that never repeats, as other clients of this API make them. */
function pendingId(me: string): string {
  lastStamp = Math.max(Date.now(), lastStamp + 1);
  return `${me}:${lastStamp}`;
}

/** Sends a message. Failure shows on the message itself, so this never throws. */
export function sendPost(channelId: string, rootId: string, message: string, t: Translator['t']): Promise<void> {
  const state = store.getState();
  const post = pending(state, { id: pendingId(state.me), user_id: state.me, channel_id: channelId, root_id: rootId, message, at: Date.now() });
  return enqueue(post, t);
}

/** Sends a failed message again, under the same pending id: if the first try did arrive, the server answers with that post. */
export function resendPost(post: Post, t: Translator['t']): Promise<void> {
  return enqueue({ ...post, delivery: { state: 'sending' } }, t);
}

function enqueue(post: Post, t: Translator['t']): Promise<void> {
  dispatch({ kind: 'post-pending', post });
  const turn = (queues.get(post.channel_id) ?? Promise.resolve()).then(() => deliver(post, t));
  queues.set(post.channel_id, turn);
  return turn;
}

async function deliver(post: Post, t: Translator['t']): Promise<void> {
  try {
    const wanted = { channel_id: post.channel_id, root_id: post.root_id, message: post.message, pending_post_id: post.id };
    const made = await request(client.createPost(wanted));
    dispatch({ kind: 'posts', posts: [{ ...(made as Post), pending_post_id: post.id }] });
  } catch (error) {
    dispatch({ kind: 'post-failed', pendingId: post.id, reason: failureText(error, t) });
  }
}

export interface CommandPlace {
  teamId: string;
  channelId: string;
  rootId: string;
}

/**
 * Runs a slash command. Its answer comes as an `ephemeral_message` event; without a connection the answer's own text is shown instead.
 *
 * @returns where the server wants the reader to go, if anywhere.
 * @throws {RequestFailed} if the server refused.
 */
export async function runCommand(line: string, place: CommandPlace): Promise<string> {
  const answer = await request(client.executeCommand(line, { channel_id: place.channelId, team_id: place.teamId, root_id: place.rootId }));
  const state = store.getState();
  const text = typeof answer.text === 'string' ? answer.text : '';
  if (state.connection !== 'open' && text !== '') {
    const { delivery: _, ...post } = pending(state, { id: pendingId(state.me), user_id: '', channel_id: place.channelId, root_id: place.rootId, message: text, at: Date.now() });
    dispatch({ kind: 'posts', posts: [{ ...post, type: 'system_ephemeral', pending_post_id: '' }] });
  }
  return typeof answer.goto_location === 'string' ? answer.goto_location : '';
}
