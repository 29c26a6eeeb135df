// What the reader's roles allow. Fetched when a role appears that nothing is known of: a channel that administrators have moderated names other roles.
import { client, request } from '../api/client';
import { missingRoles, systemRoles } from '../state/selectors';
import { dispatch, store } from '../state/store';

const asked = new Set<string>();

/** Forgets what was asked for; for a new session. */
export function resetRoles(): void {
  asked.clear();
}

/** Own roles in a team; without them the team's administrators would be told that they may not write. */
export async function loadTeamRoles(teamId: string): Promise<void> {
  const member = await request(client.getTeamMember(teamId, store.getState().me)).catch(() => undefined);
  if (member !== undefined) dispatch({ kind: 'team-roles', teamId, roles: member.roles });
}

/** Sees to it that the store knows what one's roles in the whole system allow. */
export async function ensureSystemRoles(): Promise<void> {
  await ensureNamed(systemRoles(store.getState()));
}

/** Sees to it that the store knows what one's roles in these channels allow. */
export async function ensureRoles(channelIds: readonly string[]): Promise<void> {
  const state = store.getState();
  await ensureNamed(channelIds.flatMap((id) => missingRoles(state, id)));
}

async function ensureNamed(names: readonly string[]): Promise<void> {
  const known = store.getState().roles;
  const missing = [...new Set(names)].filter((name) => !(name in known) && !asked.has(name));
  if (missing.length === 0) return;
  missing.forEach((name) => asked.add(name));
  try {
    dispatch({ kind: 'roles', roles: await request(client.getRolesByNames(missing)) });
  } catch {
    // Asked again with the next membership; until then nothing is denied that the server would not deny.
    missing.forEach((name) => asked.delete(name));
  }
}
