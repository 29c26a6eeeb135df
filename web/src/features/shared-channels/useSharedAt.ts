// Since when the copy of a channel is shared with this server: what stands above that was written before.
import { useEffect, useState } from 'react';
import { getHistory } from '../../api/sharedChannels';
import type { Channel } from '../../state/model';

/** In ms; 0 for channels of this server, and while it is not known. */
export function useSharedAt(channel: Channel): number {
  const asks = channel.shared === true && (channel.type === 'O' || channel.type === 'P');
  const [answer, setAnswer] = useState({ id: '', at: 0 });

  useEffect(() => {
    if (!asks) return undefined;
    let left = false;
    getHistory(channel.id).then(
      (found) => {
        if (!left) setAnswer({ id: channel.id, at: found.shared_at });
      },
      // Without it there is no line, and nothing else is missing.
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [asks, channel.id, channel.update_at]);

  return asks && answer.id === channel.id ? answer.at : 0;
}
