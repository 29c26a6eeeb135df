// Answers about the store that more than one feature asks for. Pure functions of the state.
import type { Channel, Organisation, Post, State, User } from './model';

/** An organisation counts as offline when our last successful ping to it is older than this (behaviour 0.4). In ms. */
export const OFFLINE_AFTER_MS = 5 * 60 * 1000;

/** The name people read: nickname or full name first, else the user name; for people from elsewhere the name they have at home. */
export function displayName(user: User | undefined): string {
  if (user === undefined) return '…';
  const full = `${user.first_name} ${user.last_name}`.trim();
  return user.nickname || full || homeUsername(user);
}

/** User name without our suffix for people from elsewhere. Mentions still take `username`. */
export function homeUsername(user: User): string {
  // Servers leave `props` out when it is empty, whatever the official type says.
  const props = user.props as Record<string, string> | undefined;
  return (isRemote(user) && props?.['RemoteUsername']) || user.username;
}

/** True for the stand-in of a person of another server. */
export function isRemote(user: User | undefined): boolean {
  return (user?.remote_id ?? '') !== '';
}

/** The organisation a person comes from; undefined for our own people and while it is not known yet. */
export function originOf(state: State, user: User | undefined): Organisation | undefined {
  return user?.remote_id === undefined ? undefined : state.origins[user.remote_id];
}

/** The other person of a direct channel (oneself, for notes to self). */
export function teammateId(state: State, channel: Channel): string {
  const [one = '', other = ''] = channel.name.split('__');
  return one === state.me ? other : one;
}

export function channelTitle(state: State, channel: Channel): string {
  if (channel.type === 'D') return displayName(state.users[teammateId(state, channel)]);
  return channel.display_name;
}

export interface SidebarSections {
  channels: Channel[];
  direct: Channel[];
}

/** Own channels of a team by name, and the direct and group messages, newest first. */
export function sidebar(state: State, teamId: string): SidebarSections {
  const own = Object.keys(state.memberships).flatMap((id) => state.channels[id] ?? []);
  const channels = own.filter((channel) => channel.team_id === teamId && channel.delete_at === 0);
  const direct = own.filter((channel) => channel.team_id === '' && channel.last_post_at > 0);
  return {
    channels: channels.sort((a, b) => a.display_name.localeCompare(b.display_name)),
    direct: direct.sort((a, b) => b.last_post_at - a.last_post_at),
  };
}

/** Ids of the threads one follows in a team and in direct messages, newest reply first; none behind the thread `end`, if one is given. */
export function followedThreads(state: State, teamId: string, unread: boolean, end: string): string[] {
  const reach = state.threads[end]?.lastReplyAt ?? 0;
  return Object.values(state.threads)
    .filter((thread) => {
      const team = state.channels[thread.channelId]?.team_id;
      const root = state.posts[thread.id];
      const shown = state.following[thread.id] === true && thread.channelId in state.memberships && root !== undefined && root.delete_at === 0;
      return shown && (team === '' || team === teamId) && (!unread || thread.replies > 0) && thread.lastReplyAt >= reach;
    })
    .sort((a, b) => b.lastReplyAt - a.lastReplyAt)
    .map((thread) => thread.id);
}

/** Ids of the root posts to show: those inside the window, oldest first. Undefined while the history is not loaded. */
export function visibleTimeline(state: State, channelId: string): readonly string[] | undefined {
  const window = state.windows[channelId];
  if (window === undefined) return undefined;
  return (state.timelines[channelId] ?? []).filter((id) => (state.posts[id]?.create_at ?? 0) >= window.oldest);
}

export type ComposerState =
  | { kind: 'open' }
  | { kind: 'archived' }
  /** The other person of a direct message cannot be reached now (behaviour 4.7). */
  | { kind: 'unreachable' }
  /** Another organisation shares the channel for reading only. */
  | { kind: 'read-only'; organisation: string }
  /** Administrators here have taken writing from ordinary members. */
  | { kind: 'moderated' };

/** Whether one may write here, and why not (behaviour 4.3, 5.3). */
export function composerState(state: State, channelId: string): ComposerState {
  const channel = state.channels[channelId];
  if (channel !== undefined && channel.delete_at > 0) return { kind: 'archived' };
  const share = state.shares[channelId];
  if (share !== undefined && !share.home && share.readonly) {
    return { kind: 'read-only', organisation: state.origins[share.remote_id]?.display_name ?? state.organisations[channelId]?.[0]?.display_name ?? '' };
  }
  return mayInChannel(state, channelId, 'create_post') ? { kind: 'open' } : { kind: 'moderated' };
}

/** The names of one's roles in a channel, its team and the whole system. */
function rolesIn(state: State, channelId: string): string[] {
  const teamId = state.channels[channelId]?.team_id ?? '';
  const texts = [state.memberships[channelId]?.roles, state.teamRoles[teamId], state.users[state.me]?.roles];
  return texts.flatMap((text) => (text ?? '').split(' ')).filter((name) => name !== '');
}

/** The names of one's roles in the whole system. */
export function systemRoles(state: State): string[] {
  return (state.users[state.me]?.roles ?? '').split(' ').filter((name) => name !== '');
}

/** Whether one's roles in the whole system allow something. */
export function mayInSystem(state: State, permission: string): boolean {
  return systemRoles(state).some((name) => name === 'system_admin' || (state.roles[name]?.includes(permission) ?? false));
}

/** Whether one may look at secure connections, and there can be any (behaviour 5.1). */
export function mayAdministerConnections(state: State): boolean {
  const feature = state.config['ExperimentalRemoteClusterService'] === 'true';
  return feature && (mayInSystem(state, 'manage_secure_connections') || mayInSystem(state, 'manage_shared_channels'));
}

/** Whether one may share channels, and it is possible at all (behaviour 5.2). */
export function mayShareChannels(state: State): boolean {
  return state.config['ExperimentalSharedChannels'] === 'true' && mayInSystem(state, 'manage_shared_channels');
}

/** Names of roles one holds in a channel that nothing is known of yet. */
export function missingRoles(state: State, channelId: string): string[] {
  return rolesIn(state, channelId).filter((name) => !(name in state.roles));
}

/** Whether one's roles allow something in a channel. Until all of them are known it is not denied: the server decides anyway. */
export function mayInChannel(state: State, channelId: string, permission: string): boolean {
  const names = rolesIn(state, channelId);
  if (state.memberships[channelId] === undefined || names.some((name) => !(name in state.roles))) return true;
  return names.some((name) => name === 'system_admin' || (state.roles[name]?.includes(permission) ?? false));
}

/** Whether one may add people to a channel. */
export function mayAddPeople(state: State, channel: Channel): boolean {
  return mayInChannel(state, channel.id, channel.type === 'P' ? 'manage_private_channel_members' : 'manage_public_channel_members');
}

/** The organisations of a channel that have not been heard of for more than five minutes, and since when. */
export function offlineOrganisations(organisations: readonly Organisation[] | undefined, now: number): Organisation[] {
  return (organisations ?? []).filter((entry) => entry.last_ping_at > 0 && entry.delete_at === 0 && now - entry.last_ping_at > OFFLINE_AFTER_MS);
}

/** Roles are one text, separated by spaces. */
export function isSystemAdmin(user: User | undefined): boolean {
  return user?.roles.split(' ').includes('system_admin') ?? false;
}

/** Whether one may delete a post: one's own, or anybody's as an administrator of the system or the channel. */
export function mayDelete(state: State, post: Post): boolean {
  if (post.user_id === state.me) return true;
  return isSystemAdmin(state.users[state.me]) || (state.memberships[post.channel_id]?.scheme_admin ?? false);
}

export function isSystemPost(post: Post): boolean {
  return post.type.startsWith('system_');
}

/** Ids of the live pinned posts of a channel that are known, newest first. */
export function pinnedPosts(state: State, channelId: string): string[] {
  const found = Object.values(state.posts).filter((post) => post.channel_id === channelId && post.is_pinned && post.delete_at === 0);
  return found.sort((a, b) => b.create_at - a.create_at).map((post) => post.id);
}

/** Ids that profiles are missing for. */
export function missingUsers(state: State, ids: Iterable<string>): string[] {
  return [...new Set(ids)].filter((id) => id !== '' && !(id in state.users));
}
