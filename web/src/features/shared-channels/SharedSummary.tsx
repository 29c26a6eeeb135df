// In the head of a channel: the bridge, and each organisation with its state as a word for those who cannot see the colour.
import { useLanguage } from '../../i18n/context';
import type { Channel, Organisation } from '../../state/model';
import { OFFLINE_AFTER_MS } from '../../state/selectors';
import { SharedIcon } from '../../ui/SharedIcon';
import { useNow } from '../../ui/useNow';
import styles from './shared.module.css';
import { useOrganisations } from './useOrganisations';

export type OrganisationState = 'connected' | 'offline' | 'pending';

/** An organisation never heard of is still to connect. */
export function stateOf(organisation: Organisation, now: number): OrganisationState {
  if (organisation.last_ping_at === 0) return 'pending';
  return now - organisation.last_ping_at > OFFLINE_AFTER_MS ? 'offline' : 'connected';
}

const SHOWN = 2;

export function SharedSummary({ channel }: { channel: Channel }) {
  const { t, n } = useLanguage();
  const organisations = useOrganisations(channel) ?? [];
  const now = useNow(15_000);
  if (channel.shared !== true) return null;
  const rest = organisations.length - SHOWN;
  return (
    <div className={styles['summary']} data-testid="shared-summary">
      <SharedIcon names={organisations.map((organisation) => organisation.display_name)} size={18} />
      <ul>
        {organisations.slice(0, SHOWN).map((organisation) => {
          const state = stateOf(organisation, now);
          return (
            <li key={organisation.name} className={styles['chip']} title={t(`shared.${state}`)}>
              <i data-state={state} aria-hidden="true" />
              {organisation.display_name}
              <span className="visually-hidden">: {t(`shared.${state}`)}</span>
            </li>
          );
        })}
        {rest > 0 && <li className={styles['chip']}>{n('shared.others', rest)}</li>}
      </ul>
    </div>
  );
}
