// Profiles and organisations that something on screen refers to but nobody fetched yet. Requests of one moment are put together.
import { client, request } from '../api/client';
import { getOrganisation } from '../api/sharedChannels';
import type { User } from '../state/model';
import { isRemote, missingUsers } from '../state/selectors';
import { dispatch, store } from '../state/store';
import { resetRoles } from './roles';

const wanted = new Set<string>();
const asked = new Set<string>();
const askedOrigins = new Set<string>();
const BATCH = 100;

/** Forgets what was asked for; for a new session. */
export function reset(): void {
  wanted.clear();
  asked.clear();
  askedOrigins.clear();
  resetRoles();
}

/** Sees to it that the profiles of `ids` come into the store, with the organisations of those from elsewhere. */
export function ensureUsers(ids: Iterable<string>): void {
  const missing = missingUsers(store.getState(), ids).filter((id) => !asked.has(id));
  if (missing.length === 0) return;
  const first = wanted.size === 0;
  for (const id of missing) {
    wanted.add(id);
    asked.add(id);
  }
  if (first) queueMicrotask(() => void fetchWanted());
}

async function fetchWanted(): Promise<void> {
  const ids = [...wanted];
  wanted.clear();
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH);
    try {
      takeUsers(await request(client.getProfilesByIds(batch)));
    } catch {
      // Asked again when something refers to them the next time; until then they are shown without a name.
      batch.forEach((id) => asked.delete(id));
    }
  }
}

/** Puts profiles into the store and fetches the organisations of those from elsewhere. */
export function takeUsers(users: readonly User[]): void {
  dispatch({ kind: 'users', users });
  ensureOrigins(users);
}

/** Sees to it that the organisations of people from elsewhere come into the store. */
export function ensureOrigins(users: readonly User[]): void {
  const origins = store.getState().origins;
  for (const user of users.filter(isRemote)) if (user.remote_id !== undefined) ensureOrigin(user.remote_id, origins);
}

/** Fetches the organisation behind a connection id once. */
export function ensureOrigin(remoteId: string, origins = store.getState().origins): void {
  if (remoteId === '' || remoteId in origins || askedOrigins.has(remoteId)) return;
  askedOrigins.add(remoteId);
  getOrganisation(remoteId).then(
    (organisation) => dispatch({ kind: 'origin', remoteId, organisation }),
    () => askedOrigins.delete(remoteId),
  );
}

/** Fetches an organisation again: it may be called something else now. What cannot be had stays as it was. */
export function refreshOrigin(remoteId: string): void {
  getOrganisation(remoteId).then(
    (organisation) => dispatch({ kind: 'origin', remoteId, organisation }),
    () => undefined,
  );
}
