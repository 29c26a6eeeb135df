// What the server itself says: lasting messages in the channel, and answers that only the reader sees.
import { EyeOff, Info, LogIn, LogOut, UserMinus, UserPlus, X } from 'lucide-react';
import { useDates, useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { Bridge } from '../../ui/Bridge';
import { IconButton } from '../../ui/Button';
import { Markdown } from '../../ui/markdown/Markdown';
import { dropPost } from './actions';
import styles from './SystemPost.module.css';

function Sign({ type, shared }: { type: string; shared: boolean }) {
  if (type.startsWith('system_join')) return <LogIn size={15} aria-hidden="true" />;
  if (type.startsWith('system_leave')) return <LogOut size={15} aria-hidden="true" />;
  if (type.startsWith('system_add')) return <UserPlus size={15} aria-hidden="true" />;
  if (type.startsWith('system_remove')) return <UserMinus size={15} aria-hidden="true" />;
  return shared ? <Bridge size={16} /> : <Info size={15} aria-hidden="true" />;
}

export function SystemPost({ post }: { post: Post }) {
  const dates = useDates();
  const shared = useStore((state) => state.channels[post.channel_id]?.shared === true) || post.type.includes('share');
  return (
    <article className={styles['system']} data-testid="system-post" data-post-id={post.id} data-type={post.type}>
      <Sign type={post.type} shared={shared} />
      <Markdown text={post.message} />
      <time dateTime={new Date(post.create_at).toISOString()} title={dates.full(post.create_at)}>
        {dates.time(post.create_at)}
      </time>
    </article>
  );
}

export function EphemeralPost({ post }: { post: Post }) {
  const { t } = useLanguage();
  const dates = useDates();
  return (
    <article className={styles['ephemeral']} data-testid="ephemeral-post" data-post-id={post.id} aria-label={t('posts.onlyYou')}>
      <header>
        <EyeOff size={14} aria-hidden="true" />
        <span>{t('posts.onlyYou')}</span>
        <time title={dates.full(post.create_at)}>{dates.time(post.create_at)}</time>
        <IconButton small label={t('posts.dismiss')} onClick={() => dropPost(post.id)}>
          <X size={15} />
        </IconButton>
      </header>
      <Markdown text={post.message} />
    </article>
  );
}
