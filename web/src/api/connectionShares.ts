// Which channels go over a connection, and sharing more or fewer of them (client API section 6.1).
import { fetchAll, fetchJson } from './client';
import { count, record, text } from './reading';

/** A channel as far as a list of shares names it. */
export interface NamedChannel {
  id: string;
  name: string;
  displayName: string;
  type: string;
  teamId: string;
}

/** One channel over one connection. Times in ms. */
export interface ConnectionShare {
  channelId: string;
  /** Undefined for channels the reader may not see. */
  channel: NamedChannel | undefined;
  /** True: our channel; false: a copy of theirs. */
  home: boolean;
  readOnly: boolean;
  /** `queued`, `invited`, `active`, `paused`, `failed` or `ended`. */
  state: string;
  reason: string;
  /** Last confirmed exchange, 0: none. */
  lastSyncAt: number;
}

function readChannel(value: unknown): NamedChannel | undefined {
  const channel = record(value);
  const id = text(channel['id']);
  return id === '' ? undefined : { id, name: text(channel['name']), displayName: text(channel['display_name']), type: text(channel['type']), teamId: text(channel['team_id']) };
}

/** The live shares of public and private channels over a connection, in both directions. */
export async function listConnectionShares(remoteId: string): Promise<ConnectionShare[]> {
  const found = await fetchAll(`/remotecluster/${remoteId}/sharedchannelremotes?include_unconfirmed=true`);
  return found
    .filter((one) => count(one['delete_at']) === 0)
    .map((one) => ({
      channelId: text(one['channel_id']),
      channel: readChannel(one['channel']),
      home: one['home'] === true,
      readOnly: one['readonly'] === true,
      state: text(one['state']),
      reason: text(one['reason']),
      lastSyncAt: count(one['last_sync_at']),
    }))
    // Conversations are opened by those who write, not by administrators.
    .filter((share) => share.channel?.type !== 'D' && share.channel?.type !== 'G');
}

/** Shares a channel over a connection. */
export async function inviteToChannel(remoteId: string, channelId: string, readOnly: boolean): Promise<void> {
  await fetchJson(`/remotecluster/${remoteId}/channels/${channelId}/invite`, { method: 'POST', body: { readonly: readOnly } });
}

/** Ends sharing a channel over a connection. */
export async function uninviteFromChannel(remoteId: string, channelId: string): Promise<void> {
  await fetchJson(`/remotecluster/${remoteId}/channels/${channelId}/uninvite`, { method: 'POST' });
}

/** Channels of a team by name, private ones as far as the reader may know of them; no archived ones. */
export async function searchChannels(teamId: string, term: string): Promise<NamedChannel[]> {
  const found = await fetchJson(`/teams/${teamId}/channels/search`, { method: 'POST', body: { term } });
  return (Array.isArray(found) ? found : []).flatMap((one) => readChannel(one) ?? []);
}
