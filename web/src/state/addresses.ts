// Addresses of places in the client, below the base path. They follow the ones Mattermost's links use, so that shared links lead somewhere.
import type { Channel, Team } from './model';

export function teamHref(team: Team): string {
  return `/${team.name}`;
}

export function channelHref(team: Team, channel: Channel): string {
  return `/${team.name}/channels/${channel.name}`;
}

export function threadHref(team: Team, channel: Channel, rootId: string): string {
  return `${channelHref(team, channel)}/thread/${rootId}`;
}

/** The threads one follows in a team. */
export function threadsHref(team: Team): string {
  return `/${team.name}/threads`;
}

export function peopleHref(team: Team, channel: Channel): string {
  return `${channelHref(team, channel)}/people`;
}

export function pinnedHref(team: Team, channel: Channel): string {
  return `${channelHref(team, channel)}/pinned`;
}

export function searchHref(team: Team, channel: Channel): string {
  return `${channelHref(team, channel)}/search`;
}

/** The administration page of secure connections, with which the addresses of its parts begin. */
export const connectionsHref = '/admin_console/connected_workspaces';

export const createConnectionHref = `${connectionsHref}/create`;

export const acceptInvitationHref = `${connectionsHref}/accept`;

export function connectionHref(id: string): string {
  return `${connectionsHref}/${id}`;
}
