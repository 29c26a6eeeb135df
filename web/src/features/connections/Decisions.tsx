// What an administrator has to decide about a connection: whether a held one goes on, and what becomes of messages a restore has lost.
import type { Health } from '../../api/connectionHealth';
import { recoverMessages, resumeConnection } from '../../api/connectionHealth';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './connections.module.css';

export interface DecisionsProps {
  id: string;
  health: Health;
  busy: boolean;
  /** Does it, and says what comes back. */
  carryOut: (work: () => Promise<string>) => void;
}

export function Decisions({ id, health, busy, carryOut }: DecisionsProps) {
  const { t } = useLanguage();

  async function resume(): Promise<string> {
    const cause = await resumeConnection(id);
    return cause === '' ? t('connections.resumed') : t('connections.resuming', { cause });
  }

  const recover = (discard: boolean) => async (): Promise<string> => {
    await recoverMessages(id, discard);
    return '';
  };

  return (
    <>
      {health.heldAt > 0 && (
        <div className={styles['decision']} data-testid="connection-held">
          <Notice kind="fault">{t('connections.held')}</Notice>
          <Button small disabled={busy} onClick={() => carryOut(resume)}>
            {t('connections.resume')}
          </Button>
        </div>
      )}
      {health.undecided > 0 && (
        <div className={styles['decision']} data-testid="connection-recover">
          <p>{t('connections.lost', { n: String(health.undecided) })}</p>
          <div className={styles['actions']}>
            <Button small disabled={busy} onClick={() => carryOut(recover(false))}>
              {t('connections.recover')}
            </Button>
            <Button small disabled={busy} onClick={() => carryOut(recover(true))}>
              {t('connections.discard')}
            </Button>
          </div>
        </div>
      )}
    </>
  );
}
