// Below a root: how many replies there are, and the way to them.
import { MessagesSquare } from 'lucide-react';
import { useDates, useLanguage } from '../../i18n/context';
import { useStore, useStoreShallow } from '../../state/react';
import { displayName, isRemote } from '../../state/selectors';
import { Avatar } from '../../ui/Avatar';
import styles from './threads.module.css';

const FACES = 3;

export function ThreadFooter({ rootId, onOpen }: { rootId: string; onOpen: () => void }) {
  const { n, t } = useLanguage();
  const dates = useDates();
  const count = useStore((state) => state.posts[rootId]?.reply_count ?? 0);
  const last = useStore((state) => state.posts[rootId]?.last_reply_at ?? 0);
  const people = useStoreShallow((state) => [...new Set((state.replies[rootId] ?? []).map((id) => state.posts[id]?.user_id ?? ''))].slice(-FACES).flatMap((id) => state.users[id] ?? []));
  if (count === 0) return null;
  return (
    <button type="button" className={styles['footer']} onClick={onOpen} data-testid="reply-count">
      {people.length === 0 && <MessagesSquare size={15} aria-hidden="true" />}
      {people.length > 0 && (
        <span className={styles['faces']}>
          {people.map((user) => (
            <Avatar key={user.id} id={user.id} name={displayName(user)} size="s" remote={isRemote(user)} />
          ))}
        </span>
      )}
      <strong>{n('threads.replies', count)}</strong>
      {last > 0 && <span className={styles['last']}>{t('threads.last', { time: dates.ago(last) })}</span>}
    </button>
  );
}
