// Tells message texts who and what they mention, from the store.
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { basePath } from '../api/site';
import { channelHref } from '../state/addresses';
import { useStore } from '../state/react';
import { displayName } from '../state/selectors';
import { ReferencesContext } from '../ui/markdown/context';

const everybody = new Set(['all', 'channel', 'here']);

export function ReferencesProvider({ children }: { children: ReactNode }) {
  const users = useStore((state) => state.users);
  const channels = useStore((state) => state.channels);
  const teams = useStore((state) => state.teams);
  const memberships = useStore((state) => state.memberships);
  const me = useStore((state) => state.me);
  const [location, navigate] = useLocation();
  const teamName = location.split('/')[1] ?? '';

  const value = useMemo(() => {
    const byName = new Map(Object.values(users).map((user) => [user.username, user]));
    const team = Object.values(teams).find((entry) => entry.name === teamName);
    const ours = new Map(
      Object.values(channels)
        .filter((channel) => channel.team_id === team?.id && channel.id in memberships)
        .map((channel) => [channel.name, channel]),
    );
    return {
      mention: (name: string) => {
        if (everybody.has(name)) return { label: name, self: true };
        const user = byName.get(name);
        return user === undefined ? undefined : { label: displayName(user), self: user.id === me };
      },
      channel: (name: string) => {
        const channel = ours.get(name);
        return channel === undefined || team === undefined ? undefined : { label: channel.display_name, href: basePath + channelHref(team, channel) };
      },
      go: (href: string) => navigate(href.slice(basePath.length)),
    };
  }, [users, channels, teams, memberships, me, teamName, navigate]);

  return <ReferencesContext value={value}>{children}</ReferencesContext>;
}
