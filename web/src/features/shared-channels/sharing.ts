// With which organisations a channel is shared, and what somebody is about to change about that (behaviour 5.2). Nothing happens before saving.
import { inviteToChannel, listConnectionShares, uninviteFromChannel } from '../../api/connectionShares';
import type { Connection } from '../../api/connections';
import { connectionState, listConnections, listConnectionsOf } from '../../api/connections';

/** An organisation the channel is shared with. */
export interface Partner {
  id: string;
  name: string;
  readOnly: boolean;
}

/** How the channel is shared, as the server has it. */
export interface Sharing {
  partners: readonly Partner[];
  /** Connections of organisations that have accepted, by name. */
  connections: readonly Connection[];
}

/** What was changed: the mode of an organisation, or null to take it out. What is missing stays. */
export type Draft = Readonly<Record<string, { readOnly: boolean } | null>>;

export type EntryState = 'connected' | 'offline' | 'pending' | 'unsaved';

/** One line of the list. */
export interface Entry extends Partner {
  state: EntryState;
}

/** What saving has to do. */
export interface Changes {
  invite: readonly Partner[];
  uninvite: readonly Partner[];
}

export async function loadSharing(channelId: string): Promise<Sharing> {
  const [all, partners] = await Promise.all([listConnections(), listConnectionsOf(channelId)]);
  const shares = await Promise.all(partners.map((partner) => listConnectionShares(partner.id)));
  return {
    partners: partners.map((partner, index) => ({ id: partner.id, name: partner.displayName, readOnly: shares[index]?.find((share) => share.channelId === channelId)?.readOnly ?? false })),
    connections: all.filter((connection) => connection.siteUrl !== '' && connection.endedAt === 0),
  };
}

function stateOf(connection: Connection | undefined, now: number): EntryState {
  // One that nobody has accepted is not among them.
  const state = connection === undefined ? 'pending' : connectionState(connection, now);
  return state === 'connected' || state === 'offline' ? state : 'pending';
}

/** The list as it would be after saving: what is shared already first, in its order. */
export function entries(sharing: Sharing, draft: Draft, now: number): Entry[] {
  const kept = sharing.partners.flatMap((partner): Entry[] => {
    const change = draft[partner.id];
    if (change === null) return [];
    const connection = sharing.connections.find((one) => one.id === partner.id);
    return [{ ...partner, readOnly: change?.readOnly ?? partner.readOnly, state: stateOf(connection, now) }];
  });
  const added = sharing.connections.flatMap((connection): Entry[] => {
    const change = draft[connection.id];
    if (change === null || change === undefined || sharing.partners.some((partner) => partner.id === connection.id)) return [];
    return [{ id: connection.id, name: connection.displayName, readOnly: change.readOnly, state: 'unsaved' }];
  });
  return [...kept, ...added];
}

/** Connections that are not in the list and can be added. */
export function addable(sharing: Sharing, draft: Draft, now: number): Connection[] {
  const listed = new Set(entries(sharing, draft, now).map((entry) => entry.id));
  return sharing.connections.filter((connection) => !listed.has(connection.id));
}

/** Takes an organisation in. One that was only taken out before saving is as it was. */
export function add(sharing: Sharing, draft: Draft, id: string): Draft {
  const rest = Object.fromEntries(Object.entries(draft).filter(([key]) => key !== id));
  return sharing.partners.some((partner) => partner.id === id) ? rest : { ...rest, [id]: { readOnly: false } };
}

/** Takes an organisation out. */
export function remove(sharing: Sharing, draft: Draft, id: string): Draft {
  const rest = Object.fromEntries(Object.entries(draft).filter(([key]) => key !== id));
  return sharing.partners.some((partner) => partner.id === id) ? { ...rest, [id]: null } : rest;
}

/** What saving has to do; with `on` false everything ends. */
export function changesOf(sharing: Sharing, draft: Draft, on: boolean): Changes {
  const wanted = on ? entries(sharing, draft, 0) : [];
  const before = new Map(sharing.partners.map((partner) => [partner.id, partner]));
  return {
    invite: wanted.filter((entry) => before.get(entry.id)?.readOnly !== entry.readOnly),
    uninvite: sharing.partners.filter((partner) => !wanted.some((entry) => entry.id === partner.id)),
  };
}

/** Carries changes out, one after the other. Answers what failed; the others are done. */
export async function saveSharing(channelId: string, changes: Changes): Promise<unknown[]> {
  const failed: unknown[] = [];
  const attempt = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => void failed.push(error));
  for (const partner of changes.uninvite) await attempt(uninviteFromChannel(partner.id, channelId));
  for (const partner of changes.invite) await attempt(inviteToChannel(partner.id, channelId, partner.readOnly));
  return failed;
}
