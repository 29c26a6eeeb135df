// One thread: its root, the replies, and the box to answer.
import type { ReactNode } from 'react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { loadThread } from '../../realtime/load';
import { loadFollowing, readThreadTo } from '../../realtime/threads';
import { useStore, useStoreShallow } from '../../state/react';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import styles from './threads.module.css';

export interface ThreadPaneProps {
  rootId: string;
  renderPost: (postId: string, joined: boolean) => ReactNode;
  composer: ReactNode;
}

const AT_BOTTOM = 60;

export function ThreadPane({ rootId, renderPost, composer }: ThreadPaneProps) {
  const { t, n } = useLanguage();
  const known = useStore((state) => rootId in state.posts);
  const gone = useStore((state) => (state.posts[rootId]?.delete_at ?? 0) > 0);
  const replies = useStoreShallow((state) => state.replies[rootId] ?? []);
  const unread = useStore((state) => state.following[rootId] === true && (state.threads[rootId]?.replies ?? 0) > 0);
  const connection = useStore((state) => state.connection);
  const [fault, setFault] = useState('');
  const scroll = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);

  // Fetched when it opens and again whenever the connection comes back.
  useEffect(() => {
    if (connection === 'lost') return;
    loadThread(rootId).then(
      () => setFault(''),
      (error: unknown) => setFault(failureText(error, t)),
    );
    // Without an answer the pane says nothing about following.
    loadFollowing(rootId).catch(() => undefined);
  }, [rootId, connection, t]);

  // What is on screen is read; what comes while the window is hidden, when it is shown again.
  useEffect(() => {
    if (!unread) return;
    const seen = (): void => {
      if (document.visibilityState === 'visible') void readThreadTo(rootId);
    };
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [rootId, unread]);

  useLayoutEffect(() => {
    const box = scroll.current;
    if (box !== null && stuck.current) box.scrollTop = box.scrollHeight;
  }, [replies]);

  if (gone) return <p className={styles['gone']}>{t('threads.gone')}</p>;
  return (
    <>
      {/* The list scrolls by keyboard too. */}
      <div
        ref={scroll}
        className={styles['scroll']}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-label={t('threads.title')}
        onScroll={(event) => {
          const box = event.currentTarget;
          stuck.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_BOTTOM;
        }}
      >
        {fault !== '' && <Notice kind="fault">{fault}</Notice>}
        {!known && fault === '' && <Waiting label={t('posts.loading')} />}
        {known && renderPost(rootId, false)}
        {known && (
          <p className={styles['divider']}>
            <span>{replies.length === 0 ? t('threads.none') : n('threads.replies', replies.length)}</span>
          </p>
        )}
        <ol>
          {replies.map((id) => (
            <li key={id}>{renderPost(id, false)}</li>
          ))}
        </ol>
      </div>
      {composer}
    </>
  );
}
