// Ctrl+K: goes to a channel or person by typing a part of the name. What is unread comes first.
import { Search } from 'lucide-react';
import { useState } from 'react';
import { useLanguage } from '../../i18n/context';
import type { Channel, Team } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { channelTitle, sidebar } from '../../state/selectors';
import { Dialog } from '../../ui/Dialog';
import { SharedIcon } from '../../ui/SharedIcon';
import { ChannelKind } from './ChannelKind';
import styles from './dialogs.module.css';

const SHOWN = 12;

export function SwitchDialog({ team, onClose, onOpen }: { team: Team; onClose: () => void; onOpen: (channel: Channel) => void }) {
  const { t } = useLanguage();
  const [term, setTerm] = useState('');
  const [active, setActive] = useState(0);
  const channels = useStoreShallow((state) => {
    const { channels: named, direct } = sidebar(state, team.id);
    return [...named, ...direct];
  });
  const titles = useStoreShallow((state) => channels.map((channel) => channelTitle(state, channel)));
  const unreads = useStore((state) => state.unreads);
  const organisations = useStore((state) => state.organisations);

  const wanted = term.trim().toLowerCase();
  const found = channels
    .map((channel, index) => ({ channel, title: titles[index] ?? '' }))
    .filter((entry) => entry.title.toLowerCase().includes(wanted) || entry.channel.name.includes(wanted))
    .sort((a, b) => {
      const starts = Number(b.title.toLowerCase().startsWith(wanted)) - Number(a.title.toLowerCase().startsWith(wanted));
      const unread = (channel: Channel): number => Number((unreads[channel.id]?.messages ?? 0) > 0);
      return starts || unread(b.channel) - unread(a.channel);
    })
    .slice(0, SHOWN);

  return (
    <Dialog title={t('sidebar.find')} closeLabel={t('app.close')} onClose={onClose}>
      <label className={styles['search']}>
        <Search size={16} aria-hidden="true" />
        <input
          type="search"
          value={term}
          placeholder={t('channels.search')}
          aria-label={t('channels.search')}
          aria-controls="switch-list"
          onChange={(event) => {
            setTerm(event.target.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setActive(Math.min(active + 1, found.length - 1));
            else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
            else if (event.key === 'Enter' && found[active] !== undefined) onOpen(found[active].channel);
            else return;
            event.preventDefault();
          }}
        />
      </label>
      {found.length === 0 && <p className={styles['empty']}>{t('channels.searchEmpty')}</p>}
      <ul id="switch-list" className={styles['switch']}>
        {found.map(({ channel, title }, index) => (
          <li key={channel.id}>
            <button type="button" data-active={index === active || undefined} onClick={() => onOpen(channel)}>
              <ChannelKind channel={channel} />
              <span>{title}</span>
              {channel.shared === true && <SharedIcon names={(organisations[channel.id] ?? []).map((entry) => entry.display_name)} />}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
