// An open channel: its head, what is wrong with its connections, the messages, the box, and the pane beside them.
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { siteUrl } from '../api/site';
import { AddDialog } from '../features/channels/AddDialog';
import { ChannelHeader } from '../features/channels/ChannelHeader';
import { LeaveDialog } from '../features/channels/LeaveDialog';
import { ModerationDialog } from '../features/channels/ModerationDialog';
import { ClosedComposer } from '../features/composer/ClosedComposer';
import { Composer } from '../features/composer/Composer';
import { useReachable } from '../features/people/useReachable';
import { EditingContext } from '../features/posts/editing';
import { PostList } from '../features/posts/PostList';
import { OfflineBanner } from '../features/shared-channels/OfflineBanner';
import { ReadAlongHint } from '../features/shared-channels/ReadAlongHint';
import { SharedSummary } from '../features/shared-channels/SharedSummary';
import { useSharedAt } from '../features/shared-channels/useSharedAt';
import { useLanguage } from '../i18n/context';
import { loadMembers } from '../realtime/load';
import { channelHref, peopleHref, pinnedHref, searchHref, threadHref } from '../state/addresses';
import type { Channel, Team } from '../state/model';
import { useStore } from '../state/react';
import { channelTitle, composerState, mayInChannel, teammateId } from '../state/selectors';
import { store } from '../state/store';
import styles from './ChannelView.module.css';
import { ChannelPost } from './ChannelPost';
import { EmojiPictures } from './EmojiPictures';
import { SidePane } from './SidePane';
import { useSeen } from './useSeen';

/** For a few people and seldom: fetched when it is opened. */
const SharingDialog = lazy(async () => ({ default: (await import('../features/shared-channels/SharingDialog')).SharingDialog }));

export interface ChannelViewProps {
  team: Team;
  channel: Channel;
  pane: string;
  rootId: string;
  onMenu: () => void;
  onLeft: () => void;
}

/** The newest message of one's own that can be edited, in the channel or in the thread. */
function ownLast(channelId: string, rootId: string): string {
  const { me, posts, timelines, replies } = store.getState();
  const ids = (rootId === '' ? timelines[channelId] : replies[rootId]) ?? [];
  return ids.findLast((id) => posts[id]?.user_id === me && posts[id].type === '' && posts[id].delivery === undefined) ?? '';
}

export function ChannelView({ team, channel, pane, rootId, onMenu, onLeft }: ChannelViewProps) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const title = useStore((state) => channelTitle(state, channel));
  const settled = useStore((state) => composerState(state, channel.id).kind);
  const teammate = useStore((state) => (channel.type === 'D' ? state.users[teammateId(state, channel)] : undefined));
  // Every change of a share comes as a new channel.
  const reachable = useReachable(teammate, channel);
  const kind = settled === 'open' && !reachable ? 'unreachable' : settled;
  const closedBy = useStore((state) => {
    const found = composerState(state, channel.id);
    return found.kind === 'read-only' ? found.organisation : '';
  });
  const [editing, setEditing] = useState('');
  const [dialog, setDialog] = useState<'add' | 'leave' | 'moderate' | 'share' | undefined>();
  const readUntil = useSeen(team, channel, title);
  const shared = channel.shared === true;
  const sharedAt = useSharedAt(channel);

  useEffect(() => {
    // The number in the head; a list that fails to load is asked for again by the people pane.
    loadMembers(channel.id).catch(() => undefined);
  }, [channel.id, shared]);

  const editingValue = useMemo(() => ({ postId: editing, edit: setEditing }), [editing]);
  const home = channelHref(team, channel);
  const writable = kind === 'open';
  // Reacting is taken away and given by itself where administrators moderate.
  const allowed = useStore((state) => mayInChannel(state, channel.id, 'add_reaction'));
  const reactable = allowed && (writable || kind === 'moderated');

  /** Where a command sends the reader, if it is a place of this client. */
  function goto(location: string): void {
    const path = location.startsWith(siteUrl) ? location.slice(siteUrl.length) : location;
    if (path.startsWith('/') && !path.startsWith('//')) navigate(path);
  }

  function composer(root: string) {
    const name = root === '' ? title : t('threads.title');
    const label = root === '' ? t('composer.label', { name }) : t('composer.reply');
    if (kind !== 'open') return <ClosedComposer label={label} state={kind === 'read-only' ? { kind, organisation: closedBy } : { kind }} />;
    return (
      <Composer
        key={root}
        place={{ teamId: team.id, channelId: channel.id, rootId: root }}
        label={label}
        placeholder={root === '' ? t('composer.placeholder', { name }) : t('composer.reply')}
        onEditLast={() => setEditing(ownLast(channel.id, root))}
        onGoto={goto}
      />
    );
  }

  return (
    <EmojiPictures channel={channel}>
      <EditingContext value={editingValue}>
        <main className={styles['channel']} data-pane={pane !== '' || undefined}>
          <ChannelHeader
            channel={channel}
            shared={<SharedSummary channel={channel} />}
            peopleOpen={pane === 'people'}
            searchOpen={pane === 'search'}
            pinnedOpen={pane === 'pinned'}
            onPinned={() => navigate(pane === 'pinned' ? home : pinnedHref(team, channel))}
            onPeople={() => navigate(pane === 'people' ? home : peopleHref(team, channel))}
            onSearch={() => navigate(pane === 'search' ? home : searchHref(team, channel))}
            onAdd={() => setDialog('add')}
            onLeave={() => setDialog('leave')}
            onModerate={() => setDialog('moderate')}
            onShare={() => setDialog('share')}
            onMenu={onMenu}
          />
          <OfflineBanner channel={channel} />
          <PostList
            channel={channel}
            readUntil={readUntil}
            sharedAt={sharedAt}
            renderPost={(postId, joined) => <ChannelPost postId={postId} joined={joined} writable={writable} reactable={reactable} onThread={(root) => navigate(threadHref(team, channel, root))} />}
          />
          {writable && <ReadAlongHint channel={channel} />}
          {composer('')}
        </main>
        {pane !== '' && <SidePane key={`${pane}/${rootId}`} channel={channel} team={team} pane={pane} rootId={rootId} writable={writable} reactable={reactable} composer={composer} onClose={() => navigate(home)} />}
        {dialog === 'add' && <AddDialog channel={channel} onClose={() => setDialog(undefined)} />}
        {dialog === 'moderate' && <ModerationDialog channel={channel} onClose={() => setDialog(undefined)} />}
        {dialog === 'share' && (
          <Suspense fallback={null}>
            <SharingDialog channel={channel} onClose={() => setDialog(undefined)} />
          </Suspense>
        )}
        {dialog === 'leave' && <LeaveDialog channel={channel} onClose={() => setDialog(undefined)} onLeft={onLeft} />}
      </EditingContext>
    </EmojiPictures>
  );
}
