// Secure connections for administrators: the list, making, accepting, changing and ending them (client API section 6.1).
import { fetchAll, fetchJson } from './client';
import { count, record, text } from './reading';

/** How a connection stands, as far as it needs a word of its own. */
export type ConnectionState = 'connected' | 'offline' | 'pending' | 'severed' | 'removed';

/** A secure connection. Times in ms, 0 = never. */
export interface Connection {
  id: string;
  /** Unique here, part of the names of the people from there. */
  name: string;
  displayName: string;
  /** "" until the invitation is accepted. */
  siteUrl: string;
  /** Where channels from there are put; "" for nowhere. */
  teamId: string;
  creatorId: string;
  createdAt: number;
  acceptedAt: number;
  lastPingAt: number;
  severed: boolean;
  endedAt: number;
  /** When the newest invitation code runs out; told for single pending connections. */
  inviteExpiresAt: number;
}

function readConnection(one: Record<string, unknown>): Connection {
  const url = text(one['site_url']);
  return {
    id: text(one['remote_id']),
    name: text(one['name']),
    displayName: text(one['display_name']) || text(one['name']),
    siteUrl: url.startsWith('pending_') ? '' : url,
    teamId: text(one['default_team_id']),
    creatorId: text(one['creator_id']),
    createdAt: count(one['create_at']),
    acceptedAt: count(one['confirmed_at']),
    lastPingAt: count(one['last_ping_at']),
    severed: one['severed'] === true,
    endedAt: count(one['delete_at']),
    inviteExpiresAt: count(one['invite_expires_at']),
  };
}

/** When a connection's last successful ping is older than this, it counts as offline (behaviour 0.4). In ms. */
const OFFLINE_AFTER_MS = 5 * 60 * 1000;

/** How a connection stands at `now`. */
export function connectionState(connection: Connection, now: number): ConnectionState {
  if (connection.severed) return 'severed';
  if (connection.endedAt > 0) return 'removed';
  if (connection.siteUrl === '') return 'pending';
  return now - connection.lastPingAt > OFFLINE_AFTER_MS ? 'offline' : 'connected';
}

/** All connections that are no integration's own, by name; ended ones as well if asked for. */
export async function listConnections(ended = false): Promise<Connection[]> {
  return (await fetchAll(`/remotecluster?exclude_plugins=true${ended ? '&include_deleted=true' : ''}`)).map(readConnection);
}

/** The connections that a channel is shared with. */
export async function listConnectionsOf(channelId: string): Promise<Connection[]> {
  return (await fetchAll(`/remotecluster?exclude_plugins=true&in_channel=${channelId}`)).map(readConnection);
}

/** One connection, ended ones too. */
export async function loadConnection(id: string): Promise<Connection> {
  return readConnection(record(await fetchJson(`/remotecluster/${id}`)));
}

export interface NewConnection {
  name: string;
  displayName: string;
  teamId: string;
  password: string;
}

/** What the other administrator needs, shown once. */
export interface Invitation {
  code: string;
  password: string;
}

const asBody = ({ name, displayName, teamId, password }: NewConnection) => ({ name, display_name: displayName, default_team_id: teamId, password });

/** Makes a pending connection with its first invitation code. */
export async function createConnection(wanted: NewConnection): Promise<{ connection: Connection; invitation: Invitation }> {
  const answer = record(await fetchJson('/remotecluster', { method: 'POST', body: asBody(wanted) }));
  const invitation = { code: text(answer['invite']), password: text(answer['password']) || wanted.password };
  return { connection: readConnection(record(answer['remote_cluster'])), invitation };
}

/** Accepts another server's invitation. */
export async function acceptInvitation(wanted: NewConnection & { code: string }): Promise<Connection> {
  const body = { ...asBody(wanted), invite: wanted.code.trim() };
  return readConnection(record(await fetchJson('/remotecluster/accept_invite', { method: 'POST', body })));
}

/** Another code for a connection nobody has accepted; those made before stay valid unless `invalidate`. */
export async function renewInvitation(id: string, password: string, invalidate: boolean): Promise<Invitation> {
  const body = { password, invalidate_earlier: invalidate };
  return { code: text(await fetchJson(`/remotecluster/${id}/generate_invite`, { method: 'POST', body })), password };
}

/** What an administrator can change of a connection; what is missing stays. */
export interface ConnectionChange {
  displayName?: string;
  teamId?: string;
}

const asPatch = ({ displayName, teamId }: ConnectionChange) => ({
  ...(displayName === undefined ? {} : { display_name: displayName }),
  ...(teamId === undefined ? {} : { default_team_id: teamId }),
});

/** Changes a connection. Refused with 409 if it is not as `seen` any more: somebody else was faster. */
export async function updateConnection(id: string, change: ConnectionChange, seen: ConnectionChange): Promise<Connection> {
  const body = { ...asPatch(change), was: asPatch(seen) };
  return readConnection(record(await fetchJson(`/remotecluster/${id}`, { method: 'PATCH', body })));
}

/** Ends a connection; what was written stays. */
export async function deleteConnection(id: string): Promise<void> {
  await fetchJson(`/remotecluster/${id}`, { method: 'DELETE' });
}
