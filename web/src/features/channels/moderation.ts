// Reading and changing how a channel is moderated.
import { fetchJson } from '../../api/client';

export type Role = 'members' | 'guests';

/** One thing that can be taken from members or guests; null where these never have it. */
export interface Moderation {
  name: string;
  roles: Record<Role, { value: boolean; enabled: boolean } | null>;
}

export async function listModerations(channelId: string): Promise<readonly Moderation[]> {
  return (await fetchJson(`/channels/${channelId}/moderations`)) as readonly Moderation[];
}

/** Takes something from members or guests, or gives it back; answers how the channel is moderated then. */
export async function setModeration(channelId: string, name: string, role: Role, allowed: boolean): Promise<readonly Moderation[]> {
  const body = [{ name, roles: { [role]: allowed } }];
  return (await fetchJson(`/channels/${channelId}/moderations/patch`, { method: 'PUT', body })) as readonly Moderation[];
}
