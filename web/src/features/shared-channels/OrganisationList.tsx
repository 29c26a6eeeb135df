// Who shares a channel: where it is at home, in which mode we take part, and each organisation with its state.
import { ledgerHref } from '../../api/ledger';
import { useEffect } from 'react';
import type { Sharing } from '../../api/sharedChannels';
import { useDates, useLanguage } from '../../i18n/context';
import { ensureUsers } from '../../realtime/profiles';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { displayName, mayInSystem } from '../../state/selectors';
import { Bridge, BrokenBridge } from '../../ui/Bridge';
import { hueOf } from '../../ui/hue';
import { useNow } from '../../ui/useNow';
import { LedgerLink } from '../../ui/LedgerLink';
import { stateOf } from './SharedSummary';
import styles from './shared.module.css';

const MODES: Record<string, 'shared.mode.home' | 'shared.mode.participation' | 'shared.mode.read_only'> = {
  home: 'shared.mode.home',
  participation: 'shared.mode.participation',
  read_only: 'shared.mode.read_only',
};

/** How the channel is shared with an organisation: in which mode, since when, by whom. */
function Terms({ sharing }: { sharing: Sharing }) {
  const { t } = useLanguage();
  const dates = useDates();
  const by = sharing.by;
  const name = useStore((state) => (by === '' || state.users[by] === undefined ? '' : displayName(state.users[by])));
  useEffect(() => ensureUsers(by === '' ? [] : [by]), [by]);
  const mode = MODES[sharing.mode];
  const time = dates.full(sharing.at);
  return (
    <>
      {mode !== undefined && <span className={styles['fact']}>{t(mode)}</span>}
      <span className={styles['fact']}>{name === '' ? t('shared.since', { time }) : t('shared.sinceBy', { time, name })}</span>
    </>
  );
}

export function OrganisationList({ channel }: { channel: Channel }) {
  const { t } = useLanguage();
  const dates = useDates();
  const now = useNow(15_000);
  const organisations = useStore((state) => state.organisations[channel.id]);
  const share = useStore((state) => state.shares[channel.id]);
  const origin = useStore((state) => (share === undefined ? undefined : state.origins[share.remote_id]));
  const auditor = useStore((state) => mayInSystem(state, 'manage_secure_connections') || mayInSystem(state, 'manage_shared_channels'));
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
                {organisation.sharing !== undefined && <Terms sharing={organisation.sharing} />}
              </span>
            </li>
          );
        })}
      </ul>
      {auditor && <LedgerLink href={ledgerHref({ channel: channel.id })} />}
    </section>
  );
}
