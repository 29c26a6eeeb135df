// Following a thread, or leaving off: in the head of the thread, and in the menu of a message.
import { BellPlus, BellRing } from 'lucide-react';
import { useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { followThread, loadFollowing } from '../../realtime/threads';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { MenuItem } from '../../ui/Popover';
import styles from './threads.module.css';

/** In the head of an open thread. */
export function FollowButton({ rootId }: { rootId: string }) {
  const { t } = useLanguage();
  const following = useStore((state) => state.following[rootId]);
  const [fault, setFault] = useState('');
  if (following === undefined) return null;
  return (
    <>
      <Button
        small
        look={following ? 'plain' : 'primary'}
        className={styles['follow']}
        aria-pressed={following}
        title={t(following ? 'threads.unfollow' : 'threads.follow')}
        data-testid="follow"
        onClick={() => void followThread(rootId, !following).then(() => setFault(''), (error: unknown) => setFault(failureText(error, t)))}
      >
        {t('threads.following')}
      </Button>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
    </>
  );
}

/** In the menu of a message; asks when the menu opens. */
export function FollowItem({ rootId }: { rootId: string }) {
  const { t } = useLanguage();
  const following = useStore((state) => state.following[rootId]);
  useEffect(() => {
    // Without an answer there is nothing to choose.
    loadFollowing(rootId).catch(() => undefined);
  }, [rootId]);
  if (following === undefined) return null;
  return (
    // A refusal leaves it as it is, which the menu says the next time.
    <MenuItem icon={following ? <BellRing size={16} /> : <BellPlus size={16} />} testId="follow-thread" onSelect={() => void followThread(rootId, !following).catch(() => undefined)}>
      {t(following ? 'threads.unfollow' : 'threads.follow')}
    </MenuItem>
  );
}
