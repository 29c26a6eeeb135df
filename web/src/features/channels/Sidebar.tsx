// The list of channels: what is new stands out, what is shared carries the bridge.
import { Compass, Plus, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { memo } from 'react';
import { Link } from 'wouter';
import { useLanguage } from '../../i18n/context';
import { channelHref } from '../../state/addresses';
import type { Channel, Team } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { channelTitle, displayName, isRemote, sidebar, teammateId } from '../../state/selectors';
import { Avatar } from '../../ui/Avatar';
import { IconButton } from '../../ui/Button';
import { SharedIcon } from '../../ui/SharedIcon';
import { ChannelKind } from './ChannelKind';
import styles from './Sidebar.module.css';

export interface SidebarProps {
  team: Team;
  currentId: string;
  onBrowse: () => void;
  onCreate: () => void;
  onFind: () => void;
  /** What stands above the channels. */
  top: ReactNode;
  /** Team menu above, account below. */
  head: ReactNode;
  foot: ReactNode;
}

export function Sidebar({ team, currentId, onBrowse, onCreate, onFind, top, head, foot }: SidebarProps) {
  const { t } = useLanguage();
  const channelIds = useStoreShallow((state) => sidebar(state, team.id).channels.map((channel) => channel.id));
  const directIds = useStoreShallow((state) => sidebar(state, team.id).direct.map((channel) => channel.id));

  return (
    <nav className={styles['sidebar']} aria-label={t('sidebar.label', { team: team.display_name })}>
      {head}
      <button type="button" className={styles['find']} onClick={onFind}>
        <Search size={15} aria-hidden="true" />
        <span>{t('sidebar.find')}</span>
        <kbd>Ctrl K</kbd>
      </button>
      {top}
      <div className={styles['scroll']}>
        <div className={styles['heading']}>
          <h2>{t('sidebar.channels')}</h2>
          <span className={styles['tools']}>
            <IconButton small label={t('sidebar.browse')} onClick={onBrowse}>
              <Compass size={16} />
            </IconButton>
            <IconButton small label={t('sidebar.create')} onClick={onCreate}>
              <Plus size={17} />
            </IconButton>
          </span>
        </div>
        <ul>
          {channelIds.map((id) => (
            <Entry key={id} channelId={id} team={team} current={id === currentId} />
          ))}
        </ul>
        {directIds.length > 0 && (
          <>
            <div className={styles['heading']}>
              <h2>{t('sidebar.direct')}</h2>
            </div>
            <ul>
              {directIds.map((id) => (
                <Entry key={id} channelId={id} team={team} current={id === currentId} />
              ))}
            </ul>
          </>
        )}
      </div>
      {foot}
    </nav>
  );
}

const Entry = memo(function Entry({ channelId, team, current }: { channelId: string; team: Team; current: boolean }) {
  const { t, n } = useLanguage();
  const channel = useStore((state) => state.channels[channelId]);
  const title = useStore((state) => (channel === undefined ? '' : channelTitle(state, channel)));
  const messages = useStore((state) => state.unreads[channelId]?.messages ?? 0);
  const mentions = useStore((state) => state.unreads[channelId]?.mentions ?? 0);
  if (channel === undefined) return null;
  const unread = (messages > 0 || mentions > 0) && !current;
  return (
    <li>
      <Link href={channelHref(team, channel)} className={styles['entry'] ?? ''} data-unread={unread || undefined} aria-current={current ? 'page' : undefined} data-testid={`channel-${channel.name}`}>
        <Sign channel={channel} />
        <span className={styles['title']}>{title}</span>
        {channel.shared === true && channel.type !== 'D' && <SharedMark channelId={channelId} />}
        {unread && mentions === 0 && <span className="visually-hidden">{t('sidebar.unread')}</span>}
        {mentions > 0 && !current && (
          <span className={styles['badge']}>
            <span aria-hidden="true">{mentions}</span>
            <span className="visually-hidden">{n('mentions', mentions)}</span>
          </span>
        )}
      </Link>
    </li>
  );
});

function Sign({ channel }: { channel: Channel }) {
  const mate = useStore((state) => (channel.type === 'D' ? state.users[teammateId(state, channel)] : undefined));
  const status = useStore((state) => state.statuses[mate?.id ?? '']);
  if (channel.type !== 'D') return <ChannelKind channel={channel} />;
  return <Avatar id={mate?.id ?? channel.id} name={displayName(mate)} size="s" remote={isRemote(mate)} status={status} />;
}

/** The bridge with the organisations that are known; on a copy the home organisation is one of them. */
function SharedMark({ channelId }: { channelId: string }) {
  const names = useStoreShallow((state) => {
    const listed = state.organisations[channelId];
    if (listed !== undefined) return listed.map((organisation) => organisation.display_name);
    const share = state.shares[channelId];
    const home = share === undefined || share.home ? undefined : state.origins[share.remote_id];
    return home === undefined ? [] : [home.display_name];
  });
  return <SharedIcon names={names} />;
}

