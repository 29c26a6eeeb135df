// Tells that an organisation of this channel has not been reached for more than five minutes, and since when (behaviour 3.1 M-08, 5.3).
import { useDates, useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { offlineOrganisations } from '../../state/selectors';
import { BrokenBridge } from '../../ui/Bridge';
import { Notice } from '../../ui/Notice';
import { useNow } from '../../ui/useNow';
import styles from './shared.module.css';

export function OfflineBanner({ channel }: { channel: Channel }) {
  const { t } = useLanguage();
  const dates = useDates();
  const now = useNow(15_000);
  const organisations = useStore((state) => (channel.shared === true ? state.organisations[channel.id] : undefined));
  const offline = offlineOrganisations(organisations, now);
  if (offline.length === 0) return null;
  const since = Math.min(...offline.map((organisation) => organisation.last_ping_at));
  return (
    <div className={styles['banner']}>
      <Notice kind="warning" icon={<BrokenBridge size={20} />} testId="offline-banner">
        {t('shared.offlineBanner', { names: offline.map((organisation) => organisation.display_name).join(', '), time: dates.full(since) })}
      </Notice>
    </div>
  );
}
