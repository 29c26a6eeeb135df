// The head of a channel: its name, what it is about, who shares it, and what can be done with it.
import { EllipsisVertical, LogOut, PanelLeft, Pin, Search, Share2, ShieldCheck, UserPlus, Users } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { channelTitle, isSystemAdmin, mayAddPeople, mayShareChannels } from '../../state/selectors';
import { IconButton } from '../../ui/Button';
import { Markdown } from '../../ui/markdown/Markdown';
import { MenuItem, Popover } from '../../ui/Popover';
import { ChannelKind } from './ChannelKind';
import styles from './ChannelHeader.module.css';

export interface ChannelHeaderProps {
  channel: Channel;
  /** What sharing adds: the mark and the organisations. */
  shared: ReactNode;
  peopleOpen: boolean;
  searchOpen: boolean;
  pinnedOpen: boolean;
  onPinned: () => void;
  onPeople: () => void;
  onSearch: () => void;
  onAdd: () => void;
  onLeave: () => void;
  onModerate: () => void;
  onShare: () => void;
  onMenu: () => void;
}

export function ChannelHeader({ channel, shared, peopleOpen, searchOpen, pinnedOpen, onPinned, onPeople, onSearch, onAdd, onLeave, onModerate, onShare, onMenu }: ChannelHeaderProps) {
  const { t, n } = useLanguage();
  const title = useStore((state) => channelTitle(state, channel));
  const count = useStore((state) => state.members[channel.id]?.length);
  const addable = useStore((state) => mayAddPeople(state, channel));
  const administrator = useStore((state) => isSystemAdmin(state.users[state.me]));
  const sharer = useStore(mayShareChannels);
  const direct = channel.type === 'D' || channel.type === 'G';
  const about = channel.header || channel.purpose;

  return (
    <header className={styles['header']}>
      <span className={styles['menu']}>
        <IconButton label={t('sidebar.open')} onClick={onMenu}>
          <PanelLeft size={19} />
        </IconButton>
      </span>
      <div className={styles['text']}>
        <h1 className={styles['title']} data-testid="channel-title">
          {!direct && <ChannelKind channel={channel} size={18} />}
          <span>{title}</span>
        </h1>
        {shared}
        {about !== '' && (
          <div className={styles['about']} title={about}>
            <Markdown text={about} />
          </div>
        )}
      </div>
      <IconButton label={t('posts.pins')} aria-pressed={pinnedOpen} onClick={onPinned}>
        <Pin size={18} />
      </IconButton>
      <IconButton label={t('search.title')} aria-pressed={searchOpen} onClick={onSearch}>
        <Search size={18} />
      </IconButton>
      <button type="button" className={styles['people']} title={t('people.open')} aria-pressed={peopleOpen} onClick={onPeople}>
        <Users size={17} aria-hidden="true" />
        <span className="visually-hidden">{t('people.open')}</span>
        {count !== undefined && <span title={n('members', count)}>{count}</span>}
      </button>
      {!direct && (
        <>
          {addable && (
            <span className={styles['add']}>
              <IconButton label={t('channels.add')} onClick={onAdd}>
                <UserPlus size={18} />
              </IconButton>
            </span>
          )}
          <Popover
            label={t('channels.actions')}
            trigger={(props) => (
              <IconButton label={t('channels.actions')} {...props}>
                <EllipsisVertical size={18} />
              </IconButton>
            )}
          >
                {addable && (
                  <MenuItem icon={<UserPlus size={16} />} onSelect={() => onAdd()}>
                    {t('channels.add')}
                  </MenuItem>
                )}
                {administrator && channel.delete_at === 0 && (
                  <MenuItem icon={<ShieldCheck size={16} />} onSelect={() => onModerate()}>
                    {t('channels.moderate')}
                  </MenuItem>
                )}
                {sharer && channel.delete_at === 0 && (
                  <MenuItem icon={<Share2 size={16} />} onSelect={() => onShare()}>
                    {t('sharing.open')}
                  </MenuItem>
                )}
                {channel.name !== 'town-square' && (
                  <MenuItem icon={<LogOut size={16} />} danger onSelect={() => onLeave()}>
                    {t('channels.leave')}
                  </MenuItem>
                )}
          </Popover>
        </>
      )}
    </header>
  );
}
