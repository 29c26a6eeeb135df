// Where one was last: team and, per team, channel. Kept in this browser.

export function lastTeam(): string {
  return localStorage.getItem('rialto.team') ?? '';
}

export function lastChannel(teamId: string): string {
  return localStorage.getItem(`rialto.channel.${teamId}`) ?? '';
}

export function rememberPlace(teamId: string, channelId: string): void {
  localStorage.setItem('rialto.team', teamId);
  localStorage.setItem(`rialto.channel.${teamId}`, channelId);
}
