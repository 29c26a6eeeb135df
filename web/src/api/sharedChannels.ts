// Calls and shapes of shared channels (client API sections 2.4 and 6.1) that the official client does not cover.
import { client, fetchJson, isRecord, request } from './client';

/** One organisation as members see it: a connection without its secrets. Times in ms, 0 = never. */
export interface Organisation {
  name: string;
  display_name: string;
  create_at: number;
  delete_at: number;
  last_ping_at: number;
  /** Among the organisations of a channel. */
  sharing?: Sharing;
}

/** How a channel is shared with an organisation: `home`, `participation` or `read_only`, since when (ms), and by whom of ours, empty if by nobody here. */
export interface Sharing {
  mode: string;
  at: number;
  by: string;
}

/** How this server stands to a shared channel. */
export interface Share {
  id: string;
  team_id: string;
  home: boolean;
  readonly: boolean;
  remote_id: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readShare(value: unknown): Share[] {
  if (!isRecord(value) || typeof value['id'] !== 'string') return [];
  return [
    { id: value['id'], team_id: text(value['team_id']), home: value['home'] === true, readonly: value['readonly'] === true, remote_id: text(value['remote_id']) },
  ];
}

/** The shared channels of a team that the reader may know of. All pages. */
export async function listShares(teamId: string): Promise<Share[]> {
  const perPage = 200;
  const found: Share[] = [];
  for (let page = 0; ; page += 1) {
    const answer = await fetchJson(`/sharedchannels/${teamId}?page=${page}&per_page=${perPage}`);
    const entries = Array.isArray(answer) ? answer : [];
    found.push(...entries.flatMap(readShare));
    if (entries.length < perPage) return found;
  }
}

/** The other organisations in a shared channel; `[]` when it is not shared. */
export async function listOrganisations(channelId: string): Promise<Organisation[]> {
  const answer: unknown = await request(client.getSharedChannelRemoteInfos(channelId));
  return Array.isArray(answer) ? answer.filter(isRecord).map(readOrganisation) : [];
}

/** An organisation that does not take a message of the reader's, and why. */
export interface Undelivered {
  post_id: string;
  organisation: string;
  reason: string;
}

/** The reader's own messages in a channel that an organisation has refused for good. */
export async function listUndelivered(channelId: string): Promise<Undelivered[]> {
  const answer = await fetchJson(`/channels/${channelId}/undelivered`);
  const entries = Array.isArray(answer) ? answer.filter(isRecord) : [];
  return entries.map((entry) => ({ post_id: text(entry['post_id']), organisation: text(entry['organisation']), reason: text(entry['reason']) }));
}

/** How the earlier messages of a channel fare that are sent to an organisation (behaviour 8.1). Times in ms. */
export interface HistoryProgress {
  remote_id: string;
  display_name: string;
  /** `running`, `paused`, `cancelling`, `cancelled`, `done` or `refused`. */
  state: string;
  reason: string;
  /** -1 while they are not counted. */
  total: number;
  done: number;
  /** Messages a second, 0 while unknown. */
  rate: number;
  /** -1 while unknown. */
  remaining_seconds: number;
}

/** What is known of a channel's past and its shares. */
export interface ChannelHistory {
  /** Since when a copy is shared with this server, 0 at home: what is older was written before. */
  shared_at: number;
  /** Empty for those who may not share the channel. */
  backfills: HistoryProgress[];
}

function readProgress(value: Record<string, unknown>): HistoryProgress {
  const number = (key: string, unknown: number): number => (typeof value[key] === 'number' ? value[key] : unknown);
  return {
    remote_id: text(value['remote_id']),
    display_name: text(value['display_name']),
    state: text(value['state']),
    reason: text(value['reason']),
    total: number('total', -1),
    done: number('done', 0),
    rate: number('rate', 0),
    remaining_seconds: number('remaining_seconds', -1),
  };
}

/** Where sharing a channel began, and the earlier messages on their way to others. */
export async function getHistory(channelId: string): Promise<ChannelHistory> {
  const answer = await fetchJson(`/sharedchannels/${channelId}/history`);
  if (!isRecord(answer)) return { shared_at: 0, backfills: [] };
  const list = Array.isArray(answer['backfills']) ? answer['backfills'].filter(isRecord) : [];
  return { shared_at: typeof answer['shared_at'] === 'number' ? answer['shared_at'] : 0, backfills: list.map(readProgress) };
}

export type HistoryOrder = 'pause' | 'resume' | 'cancel';

/** Pauses, resumes or cancels sending earlier messages; answers how that stands then. */
export async function orderHistory(remoteId: string, channelId: string, order: HistoryOrder): Promise<HistoryProgress> {
  const answer = await fetchJson(`/remotecluster/${remoteId}/channels/${channelId}/history/${order}`, { method: 'POST' });
  return readProgress(isRecord(answer) ? answer : {});
}

/** How a message fared with one organisation. */
export interface Delivery {
  organisation: string;
  state: 'waiting' | 'sent' | 'stored' | 'refused';
  /** Why, in plain words; may be empty. */
  reason: string;
  online: boolean;
}

/** How a message of the reader's fared: 2 ticks when all organisations have it, 1 when all that can be reached do. */
export interface Deliveries {
  post_id: string;
  ticks: 0 | 1 | 2;
  organisations: readonly Delivery[];
}

function readDelivery(value: Record<string, unknown>): Delivery {
  const state = value['state'];
  return {
    organisation: text(value['organisation']),
    state: state === 'sent' || state === 'stored' || state === 'refused' ? state : 'waiting',
    reason: text(value['reason']),
    online: value['online'] === true,
  };
}

/** How messages fared with other organisations; those that go nowhere or are not the reader's to ask about are missing. */
export async function listDeliveries(postIds: readonly string[]): Promise<Deliveries[]> {
  const answer = await fetchJson('/posts/deliveries', { method: 'POST', body: postIds });
  const entries = Array.isArray(answer) ? answer.filter(isRecord) : [];
  return entries.map((entry) => ({
    post_id: text(entry['post_id']),
    ticks: entry['ticks'] === 2 ? 2 : entry['ticks'] === 1 ? 1 : 0,
    organisations: (Array.isArray(entry['organisations']) ? entry['organisations'] : []).filter(isRecord).map(readDelivery),
  }));
}

/** The organisation behind a connection id, deleted connections too: old messages keep their origin. */
export async function getOrganisation(remoteId: string): Promise<Organisation> {
  return readOrganisation({ ...(await request(client.getRemoteClusterInfo(remoteId, true))) });
}

/** Whether one can write to a person directly now; of another server it depends on both sides. */
export async function canMessage(userId: string): Promise<boolean> {
  const answer = await fetchJson(`/sharedchannels/users/me/can_dm/${userId}`);
  return isRecord(answer) && answer['can_dm'] === true;
}

function readOrganisation(value: Record<string, unknown>): Organisation {
  const time = (key: string): number => (typeof value[key] === 'number' ? value[key] : 0);
  return {
    name: text(value['name']),
    display_name: text(value['display_name']) || text(value['name']),
    create_at: time('create_at'),
    delete_at: time('delete_at'),
    last_ping_at: time('last_ping_at'),
    ...(time('shared_at') > 0 ? { sharing: { mode: text(value['mode']), at: time('shared_at'), by: text(value['shared_by']) } } : {}),
  };
}
