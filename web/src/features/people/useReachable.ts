// Whether one can write to somebody directly. Of another server only its own answer tells, so it is asked for again whenever `fresh` changes.
import { useEffect, useState } from 'react';
import { canMessage } from '../../api/sharedChannels';
import type { User } from '../../state/model';
import { useStore } from '../../state/react';
import { isRemote } from '../../state/selectors';

/** False once it is known that nothing written to `user` would arrive. People of this server can always be written to. */
export function useReachable(user: User | undefined, fresh: unknown): boolean {
  const enabled = useStore((state) => state.config['FeatureFlagEnableSharedChannelsDMs'] === 'true');
  const asks = enabled && isRemote(user) ? (user?.id ?? '') : '';
  const [answer, setAnswer] = useState({ id: '', can: true });

  useEffect(() => {
    if (asks === '') return undefined;
    let current = true;
    canMessage(asks).then(
      (can) => {
        if (current) setAnswer({ id: asks, can });
      },
      // Not knowing is no reason to close anything: the server refuses what cannot be sent.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [asks, user?.update_at, fresh]);

  if (!isRemote(user)) return true;
  return enabled && (answer.id !== asks || answer.can);
}
