// Creating, finding and joining teams.
import type { Team } from '@mattermost/types/teams';
import { client, request } from '../../api/client';
import { dispatch, store } from '../../state/store';

/** The address a name suggests: what a team's address may hold, 2 to 64 characters. */
export function addressOf(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

/** Teams one could join but has not: the open ones the server lists. */
export async function listJoinable(): Promise<Team[]> {
  const listed = await request(client.getTeams(0, 200));
  const teams = Array.isArray(listed) ? listed : listed.teams;
  dispatch({ kind: 'teams', teams });
  const mine = new Set(store.getState().myTeams);
  return teams.filter((team) => !mine.has(team.id) && team.delete_at === 0 && team.allow_open_invite);
}

export async function createTeam(displayName: string, name: string, open: boolean): Promise<Team> {
  const wanted = { display_name: displayName, name, type: open ? 'O' : 'I', allow_open_invite: open };
  // The official client's type asks for a whole team; the server for what it cannot know.
  const team = await request(client.createTeam(wanted as Team));
  dispatch({ kind: 'teams', teams: [team] });
  dispatch({ kind: 'team-joined', teamId: team.id });
  return team;
}

export async function joinTeam(teamId: string): Promise<void> {
  await request(client.addToTeam(teamId, store.getState().me));
  dispatch({ kind: 'team-joined', teamId });
}
