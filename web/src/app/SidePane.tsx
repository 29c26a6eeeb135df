// What stands beside the messages: a thread, the people and organisations, or a search.
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { failureText } from '../api/failureText';
import { openDirect } from '../features/people/actions';
import { PeoplePane } from '../features/people/PeoplePane';
import { PinnedPane } from '../features/posts/PinnedPane';
import { SearchPane } from '../features/search/SearchPane';
import { HistoryList } from '../features/shared-channels/HistoryList';
import { OrganisationList } from '../features/shared-channels/OrganisationList';
import { FollowButton } from '../features/threads/FollowButton';
import { ThreadPane } from '../features/threads/ThreadPane';
import { useLanguage } from '../i18n/context';
import { channelHref, threadHref } from '../state/addresses';
import type { Channel, Team, User } from '../state/model';
import { IconButton } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { ChannelPost } from './ChannelPost';
import styles from './ChannelView.module.css';

export interface SidePaneProps {
  team: Team;
  channel: Channel;
  pane: string;
  rootId: string;
  writable: boolean;
  reactable: boolean;
  composer: (rootId: string) => ReactNode;
  onClose: () => void;
}

export function SidePane({ team, channel, pane, rootId, writable, reactable, composer, onClose }: SidePaneProps) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const [fault, setFault] = useState('');
  const title = t(pane === 'thread' ? 'threads.title' : pane === 'search' ? 'search.title' : pane === 'pinned' ? 'posts.pins' : 'people.title');
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    // The people list has no box that takes the focus; its heading does.
    if (pane === 'people' || pane === 'pinned') heading.current?.focus();
  }, [pane]);

  async function message(user: User): Promise<void> {
    try {
      navigate(channelHref(team, await openDirect(user.id)));
    } catch (error) {
      setFault(failureText(error, t));
    }
  }

  return (
    <aside className={styles['pane']} aria-label={title} data-testid={`pane-${pane}`}>
      <header className={styles['paneHead']}>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {pane === 'thread' && <FollowButton rootId={rootId} />}
        <IconButton label={t('app.close')} onClick={onClose}>
          <X size={18} />
        </IconButton>
      </header>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {pane === 'thread' && (
        <ThreadPane rootId={rootId} renderPost={(postId, joined) => <ChannelPost postId={postId} joined={joined} writable={writable} reactable={reactable} />} composer={composer(rootId)} />
      )}
      {pane === 'pinned' && <PinnedPane channel={channel} renderPost={(postId) => <ChannelPost postId={postId} joined={false} writable={writable} reactable={reactable} onThread={(root) => navigate(threadHref(team, channel, root))} />} />}
      {pane === 'search' && <SearchPane team={team} onOpen={(place, root) => navigate(threadHref(team, place, root))} />}
      {pane === 'people' && (
        <PeoplePane
          channel={channel}
          organisations={
            <>
              <OrganisationList channel={channel} />
              <HistoryList channel={channel} />
            </>
          }
          onMessage={(user) => void message(user)}
        />
      )}
    </aside>
  );
}
