// Where one's own message stands: on its way, not sent with what can be done, or sent and refused by another organisation (behaviour 3.1 M-18).
import { CircleAlert } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { dropPost } from './actions';
import { DeliveryTicks } from './DeliveryTicks';
import styles from './PostItem.module.css';

export function DeliveryNote({ post, onRetry }: { post: Post; onRetry: (post: Post) => void }) {
  const { t } = useLanguage();
  const undelivered = useStore((state) => state.undelivered[post.channel_id]);
  const refused = (undelivered ?? []).filter((one) => one.post_id === post.id);
  if (post.delivery === undefined) {
    if (refused.length === 0) return <DeliveryTicks post={post} />;
    return (
      <details className={styles['refused']} data-testid="post-refused">
        <summary>
          <CircleAlert size={16} aria-hidden="true" /> {t('posts.refused', { names: refused.map((one) => one.organisation).join(', ') })}
        </summary>
        <ul>
          {refused.map((one) => (
            <li key={one.organisation}>
              {one.organisation}: {one.reason}
            </li>
          ))}
        </ul>
      </details>
    );
  }
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
