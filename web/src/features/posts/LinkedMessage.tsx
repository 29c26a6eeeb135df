// What the server lets the reader see of a message that another one links to.
import { Link } from 'wouter';
import { useDates, useLanguage } from '../../i18n/context';
import { linkedMessage } from '../../state/embeds';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { displayName } from '../../state/selectors';
import { Markdown } from '../../ui/markdown/Markdown';
import styles from './PostItem.module.css';

export function LinkedMessage({ post }: { post: Post }) {
  const { t } = useLanguage();
  const dates = useDates();
  const linked = linkedMessage(post);
  const user = useStore((state) => state.users[linked?.author ?? '']);
  const ownTeam = useStore((state) => state.teams[state.myTeams[0] ?? '']?.name ?? '');
  if (linked === undefined) return null;
  return (
    <blockquote className={styles['quoted']} data-testid="linked-message">
      <strong>{displayName(user)}</strong>{' '}
      <span>
        {linked.channel} · <time dateTime={new Date(linked.at).toISOString()}>{dates.full(linked.at)}</time>
      </span>
      <Markdown text={linked.message} />
      <Link href={`/${linked.team === '' ? ownTeam : linked.team}/pl/${linked.id}`}>{t('posts.openLinked')}</Link>
    </blockquote>
  );
}
