// The official Mattermost client, pointed at this server. Everything the client asks for goes through `request`, which turns failures into one
// union and notices when the session has ended.
import { Client4, ClientError } from '@mattermost/client';
import { siteUrl } from './site';

export const client = new Client4();
client.setUrl(siteUrl);

/** Why a request failed, as far as a screen has to tell the cases apart. */
export type FailureKind = 'signed-out' | 'forbidden' | 'missing' | 'invalid' | 'unreachable' | 'server';

/** A failed request. `id` is Mattermost's error id, `message` the server's words in the reader's language. */
export class RequestFailed extends Error {
  readonly kind: FailureKind;
  readonly id: string;
  readonly status: number;

  constructor(kind: FailureKind, id: string, status: number, message: string) {
    super(message);
    this.name = 'RequestFailed';
    this.kind = kind;
    this.id = id;
    this.status = status;
  }
}

function kindOf(status: number): FailureKind {
  if (status === 401) return 'signed-out';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'missing';
  return status >= 500 ? 'server' : 'invalid';
}

/** Reads whatever a request threw. What is no answer of the server counts as unreachable. */
export function asFailure(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  if (error instanceof ClientError && typeof error.status_code === 'number') {
    return new RequestFailed(kindOf(error.status_code), error.server_error_id ?? '', error.status_code, error.message);
  }
  return new RequestFailed('unreachable', '', 0, error instanceof Error ? error.message : '');
}

const signedOutListeners = new Set<() => void>();

/** Calls `listener` when the server says that the session has ended. Returns how to stop listening. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/**
 * Awaits a call of the official client.
 *
 * @throws {RequestFailed} whatever went wrong.
 */
export async function request<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const failure = asFailure(error);
    // A wrong password is a 401 as well, but no session ended with it.
    if (failure.kind === 'signed-out' && failure.id.startsWith('api.context.')) signedOutListeners.forEach((listener) => listener());
    throw failure;
  }
}

/**
 * A call the official client has no method for, with its headers and its reading of errors.
 *
 * @param path below `/api/v4`, beginning with a slash.
 */
export async function fetchJson(path: string, options: { method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; body?: unknown } = {}): Promise<unknown> {
  const { method = 'GET', body } = options;
  const init = client.getOptions({ method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  let response: Response;
  try {
    response = await fetch(`${siteUrl}/api/v4${path}`, { method, headers: init.headers, credentials: 'include', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch (error) {
    throw asFailure(error);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  const fault = isRecord(answer) ? answer : {};
  const id = typeof fault['id'] === 'string' ? fault['id'] : '';
  return request(Promise.reject(new RequestFailed(kindOf(response.status), id, response.status, typeof fault['message'] === 'string' ? fault['message'] : '')));
}

/** All pages of a list. `path` may have a query already. */
export async function fetchAll(path: string): Promise<Record<string, unknown>[]> {
  const perPage = 200;
  const found: Record<string, unknown>[] = [];
  for (let page = 0; ; page += 1) {
    const answer = await fetchJson(`${path}${path.includes('?') ? '&' : '?'}page=${page}&per_page=${perPage}`);
    const entries: unknown[] = Array.isArray(answer) ? answer : [];
    found.push(...entries.filter(isRecord));
    if (entries.length < perPage) return found;
  }
}

/** True for a JSON object, so that members can be looked at one by one. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
