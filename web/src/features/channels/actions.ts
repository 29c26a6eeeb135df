// Creating, joining and leaving channels, and adding people to them.
import { client, fetchJson, request } from '../../api/client';
import { loadChannel, loadMembers } from '../../realtime/load';
import { takeUsers } from '../../realtime/profiles';
import type { Channel, User } from '../../state/model';
import { isRemote } from '../../state/selectors';
import { dispatch, store } from '../../state/store';

/** The address a channel's name suggests: what it may hold, up to 64 characters. */
export function addressOf(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 64);
}

export interface NewChannel {
  teamId: string;
  displayName: string;
  purpose: string;
  type: 'O' | 'P';
}

export async function createChannel(wanted: NewChannel): Promise<Channel> {
  // Names of other scripts leave nothing of themselves in an address; such a channel gets a number for one.
  const name = addressOf(wanted.displayName) || `channel-${Date.now().toString(36)}`;
  const channel = await request(client.createChannel({ team_id: wanted.teamId, display_name: wanted.displayName, name, purpose: wanted.purpose, type: wanted.type }));
  dispatch({ kind: 'channels', channels: [channel] });
  await loadChannel(channel.id);
  return channel;
}

/** All public channels of a team that are not archived. */
export async function listPublic(teamId: string): Promise<Channel[]> {
  const found: Channel[] = [];
  const perPage = 200;
  for (let page = 0; ; page += 1) {
    const some = await request(client.getChannels(teamId, page, perPage));
    found.push(...some);
    if (some.length < perPage) break;
  }
  dispatch({ kind: 'channels', channels: found });
  return found;
}

export async function joinChannel(channelId: string): Promise<void> {
  await request(client.addToChannel(store.getState().me, channelId));
  await loadChannel(channelId);
}

export async function leaveChannel(channelId: string): Promise<void> {
  await request(client.removeFromChannel(store.getState().me, channelId));
  dispatch({ kind: 'channel-left', channelId });
}

/** People of the team who are not in the channel yet, by name. People from elsewhere only where the channel is shared: their own organisation is
 * asked to add them. */
export async function findAddable(teamId: string, channelId: string, term: string): Promise<User[]> {
  const shared = store.getState().channels[channelId]?.shared === true;
  const found =
    term.trim() === ''
      ? await request(client.getProfilesNotInChannel(teamId, channelId, false, 0, 50))
      : await request(client.searchUsers(term.trim(), { team_id: teamId, not_in_channel_id: channelId, limit: 50 }));
  takeUsers(found);
  return found.filter((user) => (shared || !isRemote(user)) && user.delete_at === 0);
}

/** Adds somebody, or has their own organisation asked to; a list is the answer to the latter. */
export async function addMember(channelId: string, userId: string): Promise<'added' | 'asked'> {
  const answer = await fetchJson(`/channels/${channelId}/members`, { method: 'POST', body: { user_id: userId } });
  if (Array.isArray(answer)) return 'asked';
  await loadMembers(channelId);
  return 'added';
}
