// Who shares a channel: where it is at home, in which mode we take part, and each organisation with its state.
import { useDates, useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { Bridge, BrokenBridge } from '../../ui/Bridge';
import { hueOf } from '../../ui/hue';
import { useNow } from '../../ui/useNow';
import { stateOf } from './SharedSummary';
import styles from './shared.module.css';

export function OrganisationList({ channel }: { channel: Channel }) {
  const { t } = useLanguage();
  const dates = useDates();
  const now = useNow(15_000);
  const organisations = useStore((state) => state.organisations[channel.id]);
  const share = useStore((state) => state.shares[channel.id]);
  const origin = useStore((state) => (share === undefined ? undefined : state.origins[share.remote_id]));
  if (channel.shared !== true) return null;

  return (
    <section className={styles['panel']} aria-label={t('shared.title')}>
      <h3>{t('shared.title')}</h3>
      {share !== undefined && (
        <p className={styles['fact']} data-testid="share-mode">
          {share.home ? t('shared.homeHere') : t('shared.homeThere', { organisation: origin?.display_name ?? organisations?.[0]?.display_name ?? t('people.elsewhere') })}{' '}
          {!share.home && (share.readonly ? t('shared.readOnlyHere') : t('shared.participation'))}
        </p>
      )}
      <ul>
        {organisations?.map((organisation) => {
          const state = stateOf(organisation, now);
          return (
            <li key={organisation.name} className={styles['organisation']}>
              <span className={styles['crest']} data-hue={hueOf(organisation.display_name)} aria-hidden="true">
                {state === 'offline' ? <BrokenBridge size={18} /> : <Bridge size={18} />}
              </span>
              <span className={styles['organisationText']}>
                <strong>{organisation.display_name}</strong>
                <span className={styles['state']}>
                  <i data-state={state} aria-hidden="true" />
                  {t(`shared.${state}`)}
                  {state === 'offline' && ` · ${t('shared.lastSeen', { time: dates.ago(organisation.last_ping_at) })}`}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
