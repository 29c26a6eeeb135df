// Where one's own message stands while the server has not taken it: on its way, or not sent, with what can be done.
import { CircleAlert } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { Button } from '../../ui/Button';
import { dropPost } from './actions';
import styles from './PostItem.module.css';

export function DeliveryNote({ post, onRetry }: { post: Post; onRetry: (post: Post) => void }) {
  const { t } = useLanguage();
  if (post.delivery === undefined) return null;
  if (post.delivery.state === 'sending') return <span className="visually-hidden">{t('posts.sending')}</span>;
  return (
    <div className={styles['failed']} role="alert" data-testid="post-failed">
      <CircleAlert size={16} aria-hidden="true" />
      <span>{t('posts.notSent', { reason: post.delivery.reason })}</span>
      <Button small onClick={() => onRetry(post)}>
        {t('app.retry')}
      </Button>
      <Button small look="quiet" onClick={() => dropPost(post.id)}>
        {t('posts.discard')}
      </Button>
    </div>
  );
}
