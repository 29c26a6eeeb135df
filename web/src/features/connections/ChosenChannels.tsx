// The channels that are about to be shared, each with its mode.
import { X } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import { IconButton } from '../../ui/Button';
import styles from './connections.module.css';
import type { FoundChannel } from './useChannelSearch';

export interface ChosenChannel {
  channel: FoundChannel;
  readOnly: boolean;
}

export function ChosenChannels({ chosen, onChange }: { chosen: readonly ChosenChannel[]; onChange: (chosen: readonly ChosenChannel[]) => void }) {
  const { t } = useLanguage();
  return (
    <ul className={styles['chosen']} aria-label={t('connections.chosen')}>
      {chosen.map(({ channel, readOnly }) => (
        <li key={channel.id}>
          <span>
            <strong>{channel.displayName}</strong> {channel.team}
          </span>
          <select
            aria-label={t('connections.modeOf', { name: channel.displayName })}
            value={readOnly ? 'readonly' : 'participation'}
            onChange={(event) => onChange(chosen.map((one) => (one.channel.id === channel.id ? { channel, readOnly: event.target.value === 'readonly' } : one)))}
          >
            <option value="participation">{t('connections.mode.participation')}</option>
            <option value="readonly">{t('connections.mode.readonly')}</option>
          </select>
          <IconButton small label={t('connections.unchoose', { name: channel.displayName })} onClick={() => onChange(chosen.filter((one) => one.channel.id !== channel.id))}>
            <X size={16} />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
