// The pinned messages of a channel, newest first; what is pinned or released while one looks comes and goes.
import type { ReactNode } from 'react';
import { useCallback } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { loadPinned } from '../../realtime/load';
import type { Channel } from '../../state/model';
import { useStoreShallow } from '../../state/react';
import { pinnedPosts } from '../../state/selectors';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';
import { Waiting } from '../../ui/Waiting';
import styles from './PostList.module.css';

export function PinnedPane({ channel, renderPost }: { channel: Channel; renderPost: (postId: string) => ReactNode }) {
  const { t } = useLanguage();
  const { done, error, retry } = useLoad(useCallback(() => loadPinned(channel.id), [channel.id]));
  const ids = useStoreShallow((state) => pinnedPosts(state, channel.id));
  return (
    <div className={styles['pinned']} data-testid="pinned">
      {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {error !== undefined && <Button onClick={retry}>{t('app.retry')}</Button>}
      {!done && error === undefined && <Waiting label={t('app.loading')} />}
      {done && ids.length === 0 && <p>{t('posts.noPins')}</p>}
      {ids.map((id) => (
        <div key={id}>{renderPost(id)}</div>
      ))}
    </div>
  );
}
