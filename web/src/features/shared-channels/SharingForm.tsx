// The switch for sharing a channel, and the organisations it is or will be shared with.
import { Plus, X } from 'lucide-react';
import { useId } from 'react';
import { useLanguage } from '../../i18n/context';
import { Button, IconButton } from '../../ui/Button';
import { MenuItem, Popover } from '../../ui/Popover';
import { StateLabel } from '../../ui/StateLabel';
import styles from './shared.module.css';
import type { Draft, Entry, Sharing } from './sharing';
import { add, addable, remove } from './sharing';

export interface SharingFormProps {
  sharing: Sharing;
  draft: Draft;
  entries: readonly Entry[];
  on: boolean;
  now: number;
  onSwitch: (on: boolean) => void;
  onChange: (draft: Draft) => void;
}

export function SharingForm({ sharing, draft, entries, on, now, onSwitch, onChange }: SharingFormProps) {
  const { t } = useLanguage();
  const id = useId();
  const possible = sharing.connections.length > 0 || sharing.partners.length > 0;
  const others = addable(sharing, draft, now);
  const word = (entry: Entry): string => (entry.state === 'unsaved' ? t('sharing.pendingSave') : t(`connections.state.${entry.state}`));

  return (
    <section className={styles['sharing']} aria-labelledby={`${id}-title`}>
      <label className={styles['switch']}>
        <input type="checkbox" role="switch" checked={on} disabled={!possible} aria-describedby={`${id}-lead`} onChange={(event) => onSwitch(event.target.checked)} />
        <strong id={`${id}-title`}>{t('sharing.title')}</strong>
      </label>
      <p id={`${id}-lead`} className={styles['fact']}>
        {t(possible ? 'sharing.lead' : 'sharing.none')}
      </p>
      {on && possible && (
        <>
          {entries.length === 0 ? <p data-testid="sharing-empty">{t('sharing.empty')}</p> : <h3>{t('sharing.list')}</h3>}
          <ul>
            {entries.map((entry) => (
              <li key={entry.id} className={styles['partner']} data-testid="partner">
                <strong>{entry.name}</strong>
                <StateLabel state={entry.state} label={word(entry)} />
                <select
                  aria-label={t('sharing.modeOf', { name: entry.name })}
                  value={entry.readOnly ? 'readonly' : 'participation'}
                  onChange={(event) => onChange({ ...draft, [entry.id]: { readOnly: event.target.value === 'readonly' } })}
                >
                  <option value="participation">{t('connections.mode.participation')}</option>
                  <option value="readonly">{t('connections.mode.readonly')}</option>
                </select>
                <IconButton small label={t('sharing.removeNamed', { name: entry.name })} onClick={() => onChange(remove(sharing, draft, entry.id))}>
                  <X size={16} />
                </IconButton>
              </li>
            ))}
          </ul>
          <div>
            <Popover
              label={t('sharing.add')}
              trigger={(props) => (
                <Button small disabled={others.length === 0} {...props}>
                  <Plus size={15} aria-hidden="true" />
                  {t('sharing.add')}
                </Button>
              )}
            >
              {others.map((connection) => (
                <MenuItem key={connection.id} onSelect={() => onChange(add(sharing, draft, connection.id))}>
                  {connection.displayName}
                </MenuItem>
              ))}
            </Popover>
          </div>
        </>
      )}
    </section>
  );
}
