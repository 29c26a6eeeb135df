// Channels of all teams that can be shared over a connection, while one types.
import { useEffect, useState } from 'react';
import { listShares } from '../../api/sharedChannels';
import type { NamedChannel } from '../../api/connectionShares';
import { searchChannels } from '../../api/connectionShares';
import type { Option } from '../../ui/SearchSelect';
import { listTeams } from './teams';

/** A channel with the team it stands in. */
export interface FoundChannel extends NamedChannel {
  team: string;
}

/** How long typing has to pause, in ms. */
const PAUSE_MS = 250;

/** Which of `found` can be shared: neither in `shared` already nor at home elsewhere. By name. */
export function shareable(found: readonly FoundChannel[], shared: ReadonlySet<string>, foreign: ReadonlySet<string>): FoundChannel[] {
  return found.filter((channel) => (channel.type === 'O' || channel.type === 'P') && !shared.has(channel.id) && !foreign.has(channel.id)).sort((a, b) => a.displayName.localeCompare(b.displayName));
}

async function find(team: Option, term: string): Promise<{ found: FoundChannel[]; foreign: string[] }> {
  const [channels, shares] = await Promise.all([searchChannels(team.id, term), listShares(team.id)]);
  return { found: channels.map((channel) => ({ ...channel, team: team.label })), foreign: shares.filter((share) => !share.home).map((share) => share.id) };
}

/** What matches `term`; undefined while nothing is searched for or known. */
export function useChannelSearch(term: string, shared: readonly string[]): { found: FoundChannel[] | undefined; error: unknown } {
  const [told, setTold] = useState<{ term: string; found: FoundChannel[] | undefined; error: unknown }>({ term: '', found: undefined, error: undefined });
  const wanted = term.trim().replace(/^~/, '');

  useEffect(() => {
    if (wanted === '') return undefined;
    let live = true;
    const search = async (): Promise<void> => {
      try {
        const parts = await Promise.all((await listTeams()).map((team) => find(team, wanted)));
        const foreign = new Set(parts.flatMap((part) => part.foreign));
        const found = shareable(parts.flatMap((part) => part.found), new Set(shared), foreign);
        if (live) setTold({ term: wanted, found, error: undefined });
      } catch (error) {
        if (live) setTold({ term: wanted, found: undefined, error });
      }
    };
    const timer = setTimeout(() => void search(), PAUSE_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [wanted, shared]);

  // What an earlier term has found is not to be chosen for this one.
  return wanted === '' || told.term !== wanted ? { found: undefined, error: undefined } : { found: told.found, error: told.error };
}
