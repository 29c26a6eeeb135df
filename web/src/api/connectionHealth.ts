// How a secure connection fares, a test of the way there and back, another token, and what has to be decided about it.
import { fetchJson, isRecord } from './client';
import { count, record, records, span, text } from './reading';

/** How a connection fares. Spans in ms, null: not known. */
export interface Health {
  state: string;
  since: number;
  roundTrip: number | null;
  skew: number | null;
  waiting: number;
  lag: number;
  theirLag: number | null;
  availability: number | null;
  setAside: number;
  renewedAt: number;
  error: { message: string; remedy: string; at: number } | undefined;
  /** Since when it is held until an administrator decides; 0: it is not. */
  heldAt: number;
  /** Channels of ours whose lost messages the other side may have, to be decided about. */
  undecided: number;
  /** How many things wait, by channel. */
  waitingIn: Record<string, number>;
}

export interface Step {
  name: string;
  state: string;
  code: string;
  remedy: string;
}

export interface Report {
  outgoing: Step[];
  incoming: Step[];
  incomingError: string;
}

export async function loadHealth(id: string): Promise<Health> {
  const answer = record(await fetchJson(`/remotecluster/${id}/health`));
  const outgoing = record(answer['outgoing']);
  const error = answer['last_error'];
  return {
    state: text(answer['state']),
    since: count(answer['since']),
    roundTrip: span(answer['round_trip_ms']),
    skew: span(answer['clock_skew_ms']),
    waiting: count(outgoing['items']),
    lag: count(outgoing['lag_ms']),
    theirLag: span(record(answer['incoming'])['lag_ms']),
    availability: span(answer['availability_24h']),
    setAside: count(answer['set_aside']),
    renewedAt: count(answer['token_renewed_at']),
    heldAt: count(answer['held_at']),
    undecided: records(answer['recoveries']).filter((one) => one['state'] === 'new' || one['state'] === 'waiting').length,
    waitingIn: Object.fromEntries(records(answer['channels']).map((one) => [text(one['channel_id']), count(one['items'])])),
    error: isRecord(error) ? { message: text(error['message']), remedy: text(error['remedy']), at: count(error['at']) } : undefined,
  };
}

function steps(value: unknown): Step[] {
  return records(value).map((step) => ({
    name: text(step['name']),
    state: text(step['state']),
    code: text(step['code']),
    remedy: text(step['remedy']),
  }));
}

/** Takes the way to the peer step by step, and has the peer take the way back. */
export async function testConnection(id: string): Promise<Report> {
  const answer = record(await fetchJson(`/remotecluster/${id}/test`, { method: 'POST' }));
  return { outgoing: steps(answer['outgoing']), incoming: steps(answer['incoming']), incomingError: text(answer['incoming_error']) };
}

/** Has the peer present another token. Returns why it has not taken it yet, or an empty text. */
export async function rotateToken(id: string): Promise<string> {
  return text(record(await fetchJson(`/remotecluster/${id}/rotate`, { method: 'POST', body: { emergency: false } }))['cause']);
}

/** Goes on with a held connection. Returns why the peer could not be called yet, or an empty text. */
export async function resumeConnection(id: string): Promise<string> {
  return text(record(await fetchJson(`/remotecluster/${id}/resume`, { method: 'POST' }))['cause']);
}

/** Decides about messages that a restore here has lost and the peer has: fetch them back, or do without. */
export async function recoverMessages(id: string, discard: boolean): Promise<void> {
  await fetchJson(`/remotecluster/${id}/recover`, { method: 'POST', body: { discard } });
}

/** Something the other side refuses for good, until an administrator decides about it. */
export interface SetAside {
  kind: string;
  itemId: string;
  channelId: string;
  attempts: number;
  cause: string;
}

/** What was set aside for a connection. */
export async function listSetAside(id: string): Promise<SetAside[]> {
  return records(await fetchJson(`/remotecluster/${id}/set_aside`)).map((one) => ({
    kind: text(one['kind']),
    itemId: text(one['item_id']),
    channelId: text(one['channel_id']),
    attempts: count(one['attempts']),
    cause: text(one['cause']),
  }));
}

/** Sends one thing that was set aside again, or all of them; or forgets it. */
export async function decideSetAside(id: string, item: SetAside | undefined, decision: 'retry' | 'discard'): Promise<void> {
  const one = item === undefined ? '' : `/${encodeURIComponent(item.kind)}/${encodeURIComponent(item.itemId)}`;
  await fetchJson(`/remotecluster/${id}/set_aside${one}`, { method: decision === 'retry' ? 'POST' : 'DELETE' });
}
