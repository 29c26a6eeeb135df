// The threads one follows in a team, newest reply first: all, or those with something unread.
import { PanelLeft } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { failureText } from '../../api/failureText';
import { useDates, useLanguage } from '../../i18n/context';
import { loadThreads, PAGE, readAllThreads } from '../../realtime/threads';
import { threadHref } from '../../state/addresses';
import type { Team } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { channelTitle, displayName, followedThreads, isRemote, originOf } from '../../state/selectors';
import { Button, IconButton } from '../../ui/Button';
import { Markdown } from '../../ui/markdown/Markdown';
import { Notice } from '../../ui/Notice';
import { OrganisationMark } from '../../ui/OrganisationMark';
import { useLoad } from '../../ui/useLoad';
import { Waiting } from '../../ui/Waiting';
import styles from './threads.module.css';

export function ThreadList({ team, onMenu }: { team: Team; onMenu: () => void }) {
  const { t } = useLanguage();
  const [unread, setUnread] = useState(false);
  // How far back the list reaches: the oldest thread of the last page; what is older may be known from elsewhere.
  const [end, setEnd] = useState<{ id: string; more: boolean } | undefined>();
  const [fault, setFault] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  const connection = useStore((state) => state.connection);
  const load = useCallback(async () => {
    // Once more whenever the connection is back.
    if (connection === 'lost') return;
    const ids = await loadThreads(team.id, unread);
    setEnd({ id: ids.at(-1) ?? '', more: ids.length === PAGE });
  }, [team.id, unread, connection]);
  const { done, error, retry } = useLoad(load);
  const ids = useStoreShallow((state) => followedThreads(state, team.id, unread, end?.more === true ? end.id : ''));
  const anything = useStore((state) => (state.threadTotals[team.id]?.unread ?? 0) > 0);

  useEffect(() => {
    heading.current?.focus();
    document.title = `${t('threads.all')} – ${team.display_name} – ${t('app.name')}`;
  }, [t, team.display_name]);

  function attempt(task: Promise<void>): void {
    task.then(
      () => setFault(''),
      (failure: unknown) => setFault(failureText(failure, t)),
    );
  }

  async function older(): Promise<void> {
    const some = await loadThreads(team.id, unread, end?.id);
    setEnd({ id: some.at(-1) ?? end?.id ?? '', more: some.length === PAGE });
  }

  return (
    <main className={styles['list']} id="messages" tabIndex={-1} data-testid="threads">
      <header className={styles['listHead']}>
        <span className={styles['menu']}>
          <IconButton label={t('sidebar.open')} onClick={onMenu}>
            <PanelLeft size={19} />
          </IconButton>
        </span>
        <h1 ref={heading} tabIndex={-1}>
          {t('threads.all')}
        </h1>
        <div role="group" aria-label={t('threads.filter')} className={styles['filter']}>
          <Button small look={unread ? 'quiet' : 'plain'} aria-pressed={!unread} onClick={() => setUnread(false)}>
            {t('threads.showAll')}
          </Button>
          <Button small look={unread ? 'plain' : 'quiet'} aria-pressed={unread} onClick={() => setUnread(true)}>
            {t('threads.showUnread')}
          </Button>
        </div>
        <Button small look="quiet" disabled={!anything} onClick={() => attempt(readAllThreads(team.id))}>
          {t('threads.readAll')}
        </Button>
      </header>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {error !== undefined && <Button onClick={retry}>{t('app.retry')}</Button>}
      {!done && error === undefined && <Waiting label={t('app.loading')} />}
      {done && ids.length === 0 && <p className={styles['gone']}>{t(unread ? 'threads.noneUnread' : 'threads.noneFollowed')}</p>}
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <Row team={team} rootId={id} />
          </li>
        ))}
      </ul>
      {end?.more === true && <Button onClick={() => attempt(older())}>{t('threads.more')}</Button>}
    </main>
  );
}

function Row({ team, rootId }: { team: Team; rootId: string }) {
  const { t, n } = useLanguage();
  const dates = useDates();
  const thread = useStore((state) => state.threads[rootId]);
  const root = useStore((state) => state.posts[rootId]);
  const channel = useStore((state) => state.channels[root?.channel_id ?? '']);
  const place = useStore((state) => (channel === undefined ? '' : channelTitle(state, channel)));
  const user = useStore((state) => state.users[root?.user_id ?? '']);
  const origin = useStore((state) => originOf(state, user)?.display_name);
  if (thread === undefined || root === undefined) return null;
  return (
    <article className={styles['row']} data-unread={thread.replies > 0 || undefined} data-testid="thread">
      <header>
        <strong>{displayName(user)}</strong>
        {isRemote(user) && <OrganisationMark name={origin} />}
        <span className={styles['last']}>{place}</span>
        {thread.replies > 0 && <span className={styles['new']}>{n('threads.new', thread.replies)}</span>}
        {thread.mentions > 0 && <span className={styles['new']}>{n('mentions', thread.mentions)}</span>}
      </header>
      <div className={styles['excerpt']}>
        <Markdown text={root.message} />
      </div>
      <p className={styles['last']}>
        {n('threads.replies', root.reply_count)} · {t('threads.last', { time: dates.ago(thread.lastReplyAt) })}
      </p>
      {channel !== undefined && (
        <Link href={threadHref(team, channel, rootId)} className={styles['open'] ?? ''}>
          {t('threads.open', { name: displayName(user) })}
        </Link>
      )}
    </article>
  );
}
