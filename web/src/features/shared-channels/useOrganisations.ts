// Keeps the organisations of an open shared channel fresh: they are asked for when it opens, when sharing changes, and every minute, because
// nothing else tells a client that a connection has gone quiet.
import { useEffect } from 'react';
import { refreshDeliveries } from '../../realtime/deliveries';
import { loadOrganisations, loadUndelivered } from '../../realtime/load';
import type { Channel, Organisation } from '../../state/model';
import { useStore } from '../../state/react';

const REFRESH_MS = 60_000;

/** The other organisations of `channel`; undefined while unknown and for channels that are not shared. */
export function useOrganisations(channel: Channel): readonly Organisation[] | undefined {
  const shared = channel.shared === true;
  useEffect(() => {
    if (!shared) return undefined;
    void loadOrganisations(channel.id);
    void loadUndelivered(channel.id);
    refreshDeliveries(channel.id);
    const timer = setInterval(() => {
      void loadOrganisations(channel.id);
      refreshDeliveries(channel.id);
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [channel.id, shared]);
  return useStore((state) => (shared ? state.organisations[channel.id] : undefined));
}
