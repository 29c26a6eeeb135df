// Finds channels to share: the arrows move through what was found, Enter chooses.
import { Hash, Lock } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { useId, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Notice } from '../../ui/Notice';
import styles from './connections.module.css';
import type { FoundChannel } from './useChannelSearch';
import { useChannelSearch } from './useChannelSearch';

export interface ChannelFinderProps {
  shared: readonly string[];
  /** Ids of those that are chosen already. */
  chosen: readonly string[];
  onChoose: (channel: FoundChannel) => void;
}

export function ChannelFinder({ shared, chosen, onChoose }: ChannelFinderProps) {
  const { t } = useLanguage();
  const id = useId();
  const [term, setTerm] = useState('');
  const [active, setActive] = useState(0);
  const { found, error } = useChannelSearch(term, shared);
  const offered = found?.filter((channel) => !chosen.includes(channel.id));

  function choose(channel: FoundChannel | undefined): void {
    if (channel === undefined) return;
    onChoose(channel);
    setTerm('');
    setActive(0);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = Math.max((offered?.length ?? 0) - 1, 0);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setActive((before) => Math.min(Math.max(before + (event.key === 'ArrowDown' ? 1 : -1), 0), last));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(offered?.[active]);
    }
  }

  return (
    <div className={styles['finder']}>
      <input
        type="search"
        role="combobox"
        autoFocus
        aria-label={t('connections.searchChannels')}
        placeholder={t('connections.searchChannels')}
        aria-autocomplete="list"
        aria-expanded={offered !== undefined && offered.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={offered?.[active] === undefined ? undefined : `${id}-${offered[active].id}`}
        value={term}
        onChange={(event) => {
          setTerm(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {offered?.length === 0 && <p role="status">{t('connections.searchNone')}</p>}
      <div id={`${id}-list`} role="listbox" aria-label={t('connections.found')} hidden={offered === undefined || offered.length === 0}>
        {offered?.map((channel, index) => (
          // The keyboard is served by the field, which keeps the focus.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div key={channel.id} id={`${id}-${channel.id}`} role="option" tabIndex={-1} aria-selected={index === active} onMouseDown={(event) => event.preventDefault()} onClick={() => choose(channel)}>
            {channel.type === 'P' ? <Lock size={15} role="img" aria-label={t('channels.private')} /> : <Hash size={15} role="img" aria-label={t('channels.public')} />}
            <strong>{channel.displayName}</strong>
            <span>
              ~{channel.name} · {channel.team}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}
