// The messages of a channel, live: fetched when it opens, continued upwards while one scrolls, in place when something arrives.
import { ArrowDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useMemo, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useDates, useLanguage } from '../../i18n/context';
import { loadOlder, loadWindow } from '../../realtime/load';
import type { Channel } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { channelTitle, visibleTimeline } from '../../state/selectors';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';
import { Waiting } from '../../ui/Waiting';
import styles from './PostList.module.css';
import { rows } from './timeline';
import { useAnchoredScroll } from './useAnchoredScroll';

export interface PostListProps {
  channel: Channel;
  /** Until when the channel had been read before it was opened, in ms. */
  readUntil: number;
  /** Since when the channel is shared with this server, in ms; 0 for channels of its own. */
  sharedAt: number;
  renderPost: (postId: string, joined: boolean) => ReactNode;
}

export function PostList({ channel, readUntil, sharedAt, renderPost }: PostListProps) {
  const { t } = useLanguage();
  const dates = useDates();
  const title = useStore((state) => channelTitle(state, channel));
  const me = useStore((state) => state.me);
  const loaded = useStore((state) => channel.id in state.windows);
  const atStart = useStore((state) => state.windows[channel.id]?.atStart ?? false);
  const posts = useStoreShallow((state) => (visibleTimeline(state, channel.id) ?? []).flatMap((id) => state.posts[id] ?? []));
  const [olderFault, setOlderFault] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  // Fetched when the channel opens, and again when what was held is not to be trusted any more.
  const first = useLoad(useCallback(() => (loaded ? Promise.resolve() : loadWindow(channel.id)), [channel.id, loaded]));
  const error = first.error ?? olderFault;

  const more = useCallback(() => {
    if (!loaded || atStart) return;
    setBusy(true);
    setOlderFault(undefined);
    loadOlder(channel.id)
      .catch(setOlderFault)
      .finally(() => setBusy(false));
  }, [loaded, atStart, channel.id]);

  // Where a page failed, the next one is asked for by hand.
  const onNearTop = useCallback(() => {
    if (!busy && olderFault === undefined) more();
  }, [busy, olderFault, more]);

  const list = useMemo(() => rows(posts, readUntil, me, sharedAt), [posts, readUntil, me, sharedAt]);
  const last = posts.at(-1);
  const { container, content, atBottom, jump, onScroll } = useAnchoredScroll(list, last?.delivery?.state === 'sending' ? last.id : '', onNearTop);

  return (
    <div className={styles['frame']}>
      {/* The list scrolls by keyboard too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div ref={container} className={styles['scroll']} onScroll={onScroll} tabIndex={0} role="log" aria-label={t('posts.label', { name: title })} aria-busy={busy || !loaded} id="messages">
        {error !== undefined && (
          <div className={styles['fault']}>
            <Notice kind="fault">{failureText(error, t)}</Notice>
            <Button small onClick={loaded ? more : first.retry}>
              {t('app.retry')}
            </Button>
          </div>
        )}
        {!loaded && error === undefined && <Waiting label={t('posts.loading')} />}
        {loaded && atStart && (
          <div className={styles['start']}>
            <h2>{t('posts.start', { name: title })}</h2>
            <p>{channel.purpose || t('posts.startLead')}</p>
          </div>
        )}
        {busy && !atStart && <Waiting label={t('posts.loadingOlder')} />}
        <ol ref={content} className={styles['list']}>
          {list.map((row) => {
            if (row.kind === 'day') {
              return (
                <li key={row.key} className={styles['day']} data-row>
                  <span>{dates.day(row.at)}</span>
                </li>
              );
            }
            if (row.kind === 'new') {
              return (
                <li key={row.key} className={styles['new']} data-row>
                  <span>{t('posts.new')}</span>
                </li>
              );
            }
            if (row.kind === 'shared') {
              return (
                <li key={row.key} className={styles['day']} data-row data-testid="before-sharing">
                  <span title={dates.full(sharedAt)}>{t('posts.beforeSharing')}</span>
                </li>
              );
            }
            return (
              <li key={row.key} data-row>
                {renderPost(row.id, row.joined)}
              </li>
            );
          })}
        </ol>
      </div>
      {!atBottom && (
        <button type="button" className={styles['jump']} onClick={jump} aria-label={t('posts.jump')} title={t('posts.jump')}>
          <ArrowDown size={18} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
