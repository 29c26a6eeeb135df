// What the other side refuses for good, and the decision about it: once more, or never (E-031).
import { useCallback, useState } from 'react';
import type { SetAside } from '../../api/connectionHealth';
import { decideSetAside, listSetAside } from '../../api/connectionHealth';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { MessageKey } from '../../i18n/en';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './connections.module.css';
import { useFresh } from './useFresh';

const kinds: Record<string, MessageKey> = {
  post: 'connections.item.post',
  reaction: 'connections.item.reaction',
  member: 'connections.item.member',
  profile: 'connections.item.profile',
};

export function SetAsideList({ id, onDecided }: { id: string; onDecided: () => void }) {
  const { t, n } = useLanguage();
  const { value: items, error, reload } = useFresh(useCallback(() => listSetAside(id), [id]));
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);

  async function decide(item: SetAside | undefined, decision: 'retry' | 'discard'): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await decideSetAside(id, item, decision);
    } catch (failure) {
      setFault(failureText(failure, t));
    }
    setBusy(false);
    reload();
    onDecided();
  }

  const buttons = (item: SetAside | undefined) => (
    <div className={styles['actions']}>
      <Button small disabled={busy} onClick={() => void decide(item, 'retry')}>
        {t(item === undefined ? 'connections.setAsideRetryAll' : 'connections.setAsideRetry')}
      </Button>
      <Button small disabled={busy} onClick={() => void decide(item, 'discard')}>
        {t(item === undefined ? 'connections.setAsideDiscardAll' : 'connections.setAsideDiscard')}
      </Button>
    </div>
  );

  return (
    <section data-testid="set-aside">
      <h3>{t('connections.setAside')}</h3>
      <p className={styles['lead']}>{t('connections.setAsideLead')}</p>
      {(fault !== '' || error !== undefined) && <Notice kind="fault">{fault === '' ? failureText(error, t) : fault}</Notice>}
      <ul className={styles['rows']}>
        {items?.map((item) => {
          const kind = kinds[item.kind];
          return (
            <li key={`${item.kind}/${item.itemId}`} className={styles['row']}>
              <span className={styles['grow']}>
                <strong>{kind === undefined ? item.kind : t(kind)}</strong> {item.cause} ({n('connections.attempts', item.attempts)})
              </span>
              {buttons(item)}
            </li>
          );
        })}
      </ul>
      {items !== undefined && items.length > 1 && buttons(undefined)}
    </section>
  );
}
