// Before somebody writes into a shared channel for the first time: who else reads along. Once per person and channel, remembered by the
// server, so that it does not come back in another browser (behaviour 3.1 M-22, 8.11).
import { useCallback, useEffect, useState } from 'react';
import { fetchJson, isRecord, RequestFailed } from '../../api/client';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { Bridge } from '../../ui/Bridge';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './shared.module.css';

/** Category of the preference that holds which channels' hints were seen; its name is the channel's id. */
const SEEN = 'rialto_reads_along';

/** Whether the hint of a channel was seen. What cannot be asked counts as seen: a hint that comes back is worse than none. */
async function wasSeen(channelId: string): Promise<boolean> {
  try {
    const found = await fetchJson(`/users/me/preferences/${SEEN}/name/${channelId}`);
    return isRecord(found) && found['value'] === 'true';
  } catch (error) {
    return !(error instanceof RequestFailed && error.kind === 'missing');
  }
}

function ReadAlong({ channel }: { channel: Channel }) {
  const { t } = useLanguage();
  const me = useStore((state) => state.me);
  const organisations = useStore((state) => state.organisations[channel.id]);
  const writes = useStore((state) => state.timelines[channel.id]?.some((id) => state.posts[id]?.delivery?.state === 'sending') === true);
  const [shown, setShown] = useState(false);

  useEffect(() => {
    let left = false;
    void wasSeen(channel.id).then((seen) => {
      if (!left) setShown(!seen);
    });
    return () => {
      left = true;
    };
  }, [channel.id]);

  const dismiss = useCallback(() => {
    const preference = { user_id: me, category: SEEN, name: channel.id, value: 'true' };
    // If it is not kept, the hint comes once more.
    const kept = fetchJson(`/users/${me}/preferences`, { method: 'PUT', body: [preference] }).catch(() => undefined);
    void kept.then(() => setShown(false));
  }, [channel.id, me]);

  useEffect(() => {
    // The first message was written with the hint in sight.
    if (shown && writes) dismiss();
  }, [shown, writes, dismiss]);

  if (!shown || organisations === undefined || organisations.length === 0) return null;
  return (
    <div className={styles['banner']}>
      <Notice kind="fact" icon={<Bridge size={20} />} testId="read-along-hint">
        {t('shared.readAlong', { names: organisations.map((organisation) => organisation.display_name).join(', ') })}{' '}
        <Button look="quiet" small onClick={dismiss}>
          {t('shared.readAlongSeen')}
        </Button>
      </Notice>
    </div>
  );
}

export function ReadAlongHint({ channel }: { channel: Channel }) {
  const conversation = channel.type === 'D' || channel.type === 'G';
  return channel.shared === true && !conversation ? <ReadAlong key={channel.id} channel={channel} /> : null;
}
