// What the server lets the reader see of a message that another one links to.
import { Link } from 'wouter';
import { isRecord } from '../../api/client';
import { useDates, useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { displayName } from '../../state/selectors';
import { Markdown } from '../../ui/markdown/Markdown';
import styles from './PostItem.module.css';

interface Linked {
  id: string;
  author: string;
  message: string;
  at: number;
  channel: string;
  team: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The first message a message shows; undefined if it shows none. */
export function readLinked(post: Post): Linked | undefined {
  const embeds: unknown = post.metadata?.embeds;
  const found: unknown = Array.isArray(embeds) ? embeds.find((embed: unknown) => isRecord(embed) && embed['type'] === 'permalink') : undefined;
  const data = isRecord(found) ? found['data'] : undefined;
  const shown = isRecord(data) ? data['post'] : undefined;
  if (!isRecord(data) || !isRecord(shown) || text(shown['id']) === '') return undefined;
  const at = typeof shown['create_at'] === 'number' ? shown['create_at'] : 0;
  return { id: text(shown['id']), author: text(shown['user_id']), message: text(shown['message']), at, channel: text(data['channel_display_name']), team: text(data['team_name']) };
}

export function LinkedMessage({ post }: { post: Post }) {
  const { t } = useLanguage();
  const dates = useDates();
  const linked = readLinked(post);
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
