// The way to the threads one follows, in the list of channels.
import { MessagesSquare } from 'lucide-react';
import { Link } from 'wouter';
import { useLanguage } from '../../i18n/context';
import { threadsHref } from '../../state/addresses';
import type { Team } from '../../state/model';
import { useStore } from '../../state/react';
import styles from './threads.module.css';

export function ThreadsEntry({ team, current }: { team: Team; current: boolean }) {
  const { t, n } = useLanguage();
  const unread = useStore((state) => state.threadTotals[team.id]?.unread ?? 0);
  const mentions = useStore((state) => state.threadTotals[team.id]?.mentions ?? 0);
  return (
    <Link href={threadsHref(team)} className={styles['entry'] ?? ''} data-unread={unread > 0 || undefined} aria-current={current ? 'page' : undefined} data-testid="threads-entry">
      <MessagesSquare size={16} aria-hidden="true" />
      <span>{t('threads.all')}</span>
      {unread > 0 && (
        <span className={styles['badge']} data-mentions={mentions > 0 || undefined}>
          <span aria-hidden="true">{unread}</span>
          <span className="visually-hidden">{n('threads.unreadCount', unread)}</span>
        </span>
      )}
    </Link>
  );
}
