// Who is typing right now. The line keeps its height, so nothing jumps.
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { displayName } from '../../state/selectors';
import { useNow } from '../../ui/useNow';
import styles from './Composer.module.css';

export function TypingLine({ channelId, rootId }: { channelId: string; rootId: string }) {
  const { n, t } = useLanguage();
  const now = useNow(1000);
  const typing = useStore((state) => state.typing[`${channelId}:${rootId}`]);
  const users = useStore((state) => state.users);
  const names = Object.entries(typing ?? {})
    .filter(([, until]) => until > now)
    .map(([id]) => displayName(users[id]));
  return (
    <p className={styles['below']}>
      {names.length > 0 ? <span role="status">{n('composer.typing', names.length, { names: names.join(', ') })}</span> : <span className={styles['keys']}>{t('composer.hint')}</span>}
    </p>
  );
}
