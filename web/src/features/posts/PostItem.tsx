// One message: who, from where, when, what, and what can be done with it.
import { Pin } from 'lucide-react';
import type { ReactNode } from 'react';
import { memo, use } from 'react';
import { useDates, useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { displayName, isRemote, isSystemPost, originOf } from '../../state/selectors';
import { Avatar } from '../../ui/Avatar';
import { Markdown } from '../../ui/markdown/Markdown';
import { OrganisationMark } from '../../ui/OrganisationMark';
import { DeliveryNote } from './DeliveryNote';
import { EditBox } from './EditBox';
import { EditingContext } from './editing';
import { LinkedMessage } from './LinkedMessage';
import { PagePreview } from './PagePreview';
import { PostToolbar } from './PostToolbar';
import { EphemeralPost, SystemPost } from './SystemPost';
import styles from './PostItem.module.css';

export interface PostItemProps {
  postId: string;
  joined: boolean;
  /** False where nobody here may write: then there is nothing to react with, to reply or to edit. */
  writable: boolean;
  reactions: ReactNode;
  /** What opens the emoji picker from the toolbar. */
  reactButton: ReactNode;
  /** What others add to the menu of the message. */
  menu?: ReactNode;
  /** Replies, below a root. */
  footer?: ReactNode;
  onReply?: ((postId: string) => void) | undefined;
  onRetry: (post: Post) => void;
}

export const PostItem = memo(function PostItem({ postId, ...rest }: PostItemProps) {
  const post = useStore((state) => state.posts[postId]);
  if (post === undefined || post.delete_at > 0) return null;
  if (post.type === 'system_ephemeral') return <EphemeralPost post={post} />;
  if (isSystemPost(post)) return <SystemPost post={post} />;
  return <Message post={post} {...rest} />;
});

/** The name a webhook or bot gave itself, if it did. */
function override(post: Post): string {
  const name = post.props['override_username'];
  return typeof name === 'string' ? name : '';
}

function Message({ post, joined, writable, reactions, reactButton, menu, footer, onReply, onRetry }: Omit<PostItemProps, 'postId'> & { post: Post }) {
  const { t } = useLanguage();
  const dates = useDates();
  const user = useStore((state) => state.users[post.user_id]);
  const origin = useStore((state) => originOf(state, user)?.display_name);
  const status = useStore((state) => state.statuses[post.user_id]);
  const editing = use(EditingContext);
  const name = override(post) || displayName(user);
  const bot = post.props['from_bot'] === 'true' || post.props['from_webhook'] === 'true' || user?.is_bot === true;
  const isEdited = editing.postId === post.id;

  return (
    <article className={styles['post']} data-joined={joined || undefined} data-pending={post.delivery?.state} data-testid="post" data-post-id={post.id} aria-label={t('posts.by', { name, time: dates.full(post.create_at) })}>
      <div className={styles['gutter']}>{joined ? <time className={styles['gutterTime']}>{dates.time(post.create_at)}</time> : <Avatar id={post.user_id} name={name} remote={isRemote(user)} status={status} />}</div>
      <div className={styles['body']}>
        {!joined && (
          <header className={styles['head']}>
            <strong className={styles['author']}>{name}</strong>
            {bot && <span className={styles['bot']}>{t('posts.bot')}</span>}
            {isRemote(user) && <OrganisationMark name={origin} connection={user?.remote_id} />}
            <time className={styles['time']} dateTime={new Date(post.create_at).toISOString()} title={dates.full(post.create_at)}>
              {dates.time(post.create_at)}
            </time>
          </header>
        )}
        {isEdited ? (
          <EditBox post={post} onDone={() => editing.edit('')} />
        ) : (
          <div className={styles['text']} data-me={post.type === 'me' || undefined}>
            <Markdown text={post.message} />
            {post.edit_at > 0 && (
              <span className={styles['edited']} title={dates.full(post.edit_at)}>
                ({t('posts.edited')})
              </span>
            )}
          </div>
        )}
        <LinkedMessage post={post} />
        <PagePreview post={post} />
        {post.is_pinned && (
          <p className={styles['pinned']}>
            <Pin size={13} aria-hidden="true" /> {t('posts.pinned')}
          </p>
        )}
        {reactions}
        <DeliveryNote post={post} onRetry={onRetry} />
        {footer}
      </div>
      {post.delivery === undefined && !isEdited && <PostToolbar post={post} author={name} remote={isRemote(user)} organisation={origin} writable={writable} reactButton={reactButton} menu={menu} onReply={onReply} />}
    </article>
  );
}
