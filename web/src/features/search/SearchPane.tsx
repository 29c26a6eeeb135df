// Finding messages: a box, and what was found, newest first; each leads to where it stands.
import type { SubmitEvent } from 'react';
import { useRef, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useDates, useLanguage } from '../../i18n/context';
import { findPosts } from '../../realtime/load';
import type { Channel, Post, Team } from '../../state/model';
import { useStore } from '../../state/react';
import { channelTitle, displayName, isRemote, originOf } from '../../state/selectors';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Markdown } from '../../ui/markdown/Markdown';
import { Notice } from '../../ui/Notice';
import { OrganisationMark } from '../../ui/OrganisationMark';
import { Waiting } from '../../ui/Waiting';
import styles from './search.module.css';

export interface SearchPaneProps {
  team: Team;
  /** Opens the conversation a message belongs to. */
  onOpen: (channel: Channel, rootId: string) => void;
}

interface Found {
  terms: string;
  posts: Post[];
  /** There may be older ones. */
  more: boolean;
}

/** Results of one request. */
const PAGE = 30;

export function SearchPane({ team, onOpen }: SearchPaneProps) {
  const { t, n } = useLanguage();
  const [terms, setTerms] = useState('');
  const [found, setFound] = useState<Found | undefined>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  // An answer that comes after a later question is of no interest.
  const question = useRef(0);

  async function find(wanted: string, before: readonly Post[]): Promise<void> {
    question.current += 1;
    const mine = question.current;
    setBusy(true);
    setFault('');
    try {
      const page = await findPosts(team.id, wanted, before.length / PAGE, PAGE);
      if (mine === question.current) setFound({ terms: wanted, posts: [...before, ...page], more: page.length === PAGE });
    } catch (error) {
      if (mine === question.current) setFault(failureText(error, t));
    }
    if (mine === question.current) setBusy(false);
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (terms.trim() !== '') void find(terms.trim(), []);
  }

  return (
    <div className={styles['pane']}>
      <form role="search" className={styles['form']} onSubmit={submit}>
        <Field autoFocus type="search" label={t('search.label')} hint={t('search.hint')} value={terms} onChange={(event) => setTerms(event.target.value)} />
        <Button look="primary" type="submit">
          {t('search.find')}
        </Button>
      </form>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <p role="status" className={styles['count']}>
        {found !== undefined && !busy && (found.posts.length === 0 ? t('search.none', { terms: found.terms }) : n('search.found', found.posts.length))}
      </p>
      <ol>
        {found?.posts.map((post) => (
          <li key={post.id}>
            <Hit post={post} onOpen={onOpen} />
          </li>
        ))}
      </ol>
      {busy && <Waiting label={t('app.loading')} />}
      {found?.more === true && !busy && <Button onClick={() => void find(found.terms, found.posts)}>{t('search.more')}</Button>}
    </div>
  );
}

function Hit({ post, onOpen }: { post: Post; onOpen: SearchPaneProps['onOpen'] }) {
  const { t } = useLanguage();
  const dates = useDates();
  // Edits and deletions show here too.
  const shown = useStore((state) => state.posts[post.id]) ?? post;
  const channel = useStore((state) => state.channels[post.channel_id]);
  const place = useStore((state) => (channel === undefined ? '' : channelTitle(state, channel)));
  const user = useStore((state) => state.users[post.user_id]);
  const origin = useStore((state) => originOf(state, user)?.display_name);
  if (shown.delete_at > 0) return null;
  return (
    <article className={styles['hit']} data-testid="hit">
      <header>
        <strong>{displayName(user)}</strong>
        {isRemote(user) && <OrganisationMark name={origin} />}
        <span className={styles['place']}>
          {place} · <time dateTime={new Date(post.create_at).toISOString()}>{dates.full(post.create_at)}</time>
        </span>
      </header>
      <Markdown text={shown.message} />
      {channel !== undefined && (
        <Button small look="quiet" onClick={() => onOpen(channel, post.root_id === '' ? post.id : post.root_id)}>
          {t('search.open')}
        </Button>
      )}
    </article>
  );
}
