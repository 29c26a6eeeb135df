// Secure connections for administrators: the list, how each fares, a test of the way there and back, another token.
import { fetchJson, isRecord } from './client';

export interface Connection {
  id: string;
  displayName: string;
  siteUrl: string;
  ended: boolean;
}

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

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const span = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

function readConnection(one: Record<string, unknown>): Connection {
  return { id: text(one['remote_id']), displayName: text(one['display_name']), siteUrl: text(one['site_url']), ended: count(one['delete_at']) > 0 };
}

/** Connections of a page. */
export const CONNECTIONS_PAGE = 20;

/** A page of the connections that have not ended, all or those in whose name, address or description `wanted` stands. */
export async function listConnections(wanted = '', page = 0): Promise<Connection[]> {
  const query = new URLSearchParams({ page: String(page), per_page: String(CONNECTIONS_PAGE), q: wanted });
  const answer = await fetchJson(`/remotecluster?${query.toString()}`);
  return (Array.isArray(answer) ? answer : []).filter(isRecord).map(readConnection);
}

export async function loadConnection(id: string): Promise<Connection> {
  return readConnection(record(await fetchJson(`/remotecluster/${id}`)));
}

/** Gives a connection another name here. Refused if it is not called `seen` any more: somebody else was faster. */
export async function renameConnection(id: string, displayName: string, seen: string): Promise<Connection> {
  const body = { display_name: displayName, was: { display_name: seen } };
  return readConnection(record(await fetchJson(`/remotecluster/${id}`, { method: 'PATCH', body })));
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
    undecided: (Array.isArray(answer['recoveries']) ? answer['recoveries'] : []).filter(isRecord).filter((one) => one['state'] === 'new' || one['state'] === 'waiting').length,
    error: isRecord(error) ? { message: text(error['message']), remedy: text(error['remedy']), at: count(error['at']) } : undefined,
  };
}

function steps(value: unknown): Step[] {
  return (Array.isArray(value) ? value : []).filter(isRecord).map((step) => ({
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
