// Talking to one person.
import { client, request } from '../../api/client';
import { loadChannel } from '../../realtime/load';
import type { Channel } from '../../state/model';
import { dispatch, store } from '../../state/store';

/** The direct channel with a person; made if there is none. */
export async function openDirect(userId: string): Promise<Channel> {
  const channel = await request(client.createDirectChannel([store.getState().me, userId]));
  dispatch({ kind: 'channels', channels: [channel] });
  await loadChannel(channel.id);
  return channel;
}
