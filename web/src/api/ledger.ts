// Where the server gives out what left it, of a channel or over a connection (behaviour 8.11).
import { siteUrl } from './site';

/** The whole of it as CSV. */
export function ledgerHref(of: { channel: string } | { connection: string }): string {
  const path = 'channel' in of ? `sharedchannels/${encodeURIComponent(of.channel)}` : `remotecluster/${encodeURIComponent(of.connection)}`;
  return `${siteUrl}/api/v4/${path}/ledger?format=csv`;
}
