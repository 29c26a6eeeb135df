// How a connection fares, and what can be done when it does not (behaviour 8.4, 8.5, 8.7).
import { useCallback, useState } from 'react';
import type { Health, Report } from '../../api/connectionHealth';
import { loadHealth, rotateToken, testConnection } from '../../api/connectionHealth';
import type { Connection } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useDates, useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import styles from './connections.module.css';
import { Decisions } from './Decisions';
import { SetAsideList } from './SetAsideList';
import { TestReport } from './TestReport';
import { useFresh } from './useFresh';

export function HealthPanel({ connection, manager }: { connection: Connection; manager: boolean }) {
  const { t } = useLanguage();
  const { value: health, error, reload } = useFresh(useCallback(() => loadHealth(connection.id), [connection.id]));
  const [report, setReport] = useState<Report | undefined>();
  const [said, setSaid] = useState('');
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);

  async function carryOut(work: () => Promise<string>): Promise<void> {
    setBusy(true);
    setFault('');
    setSaid('');
    try {
      setSaid(await work());
    } catch (failure) {
      setFault(failureText(failure, t));
    }
    setBusy(false);
    reload();
  }

  async function test(): Promise<string> {
    setReport(await testConnection(connection.id));
    return '';
  }

  async function rotate(): Promise<string> {
    const cause = await rotateToken(connection.id);
    return cause === '' ? t('connections.rotated') : t('connections.rotating', { cause });
  }

  return (
    <section className={styles['panel']} aria-labelledby="connection-health" data-testid="health">
      <header className={styles['head']}>
        <h2 id="connection-health">{t('connections.health')}</h2>
        {manager && (
          <div className={styles['actions']}>
            <Button small disabled={busy} onClick={() => void carryOut(test)}>
              {t('connections.test')}
            </Button>
            <Button small disabled={busy} onClick={() => void carryOut(rotate)}>
              {t('connections.rotate')}
            </Button>
          </div>
        )}
      </header>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <p role="status">{said}</p>
      {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {health === undefined && error === undefined && <Waiting label={t('app.loading')} />}
      {health !== undefined && manager && <Decisions id={connection.id} health={health} busy={busy} carryOut={(work) => void carryOut(work)} />}
      {health !== undefined && <HealthFacts health={health} />}
      {health !== undefined && manager && health.setAside > 0 && <SetAsideList id={connection.id} onDecided={reload} />}
      {report !== undefined && <TestReport report={report} />}
    </section>
  );
}

function HealthFacts({ health }: { health: Health }) {
  const { t } = useLanguage();
  const dates = useDates();
  const ms = (value: number | null): string => (value === null ? '–' : t('connections.ms', { n: String(Math.round(value)) }));
  const states: Record<string, string> = { connected: t('connections.state.connected'), offline: t('connections.state.offline') };
  const state = states[health.state] ?? health.state;
  return (
    <dl className={styles['facts']}>
      <div>
        <dt>{t('connections.state')}</dt>
        <dd data-testid="health-state">{health.since === 0 ? state : t('connections.since', { state, time: dates.full(health.since) })}</dd>
      </div>
      <div>
        <dt>{t('connections.roundTrip')}</dt>
        <dd>{ms(health.roundTrip)}</dd>
      </div>
      <div>
        <dt>{t('connections.skew')}</dt>
        <dd>{ms(health.skew)}</dd>
      </div>
      <div>
        <dt>{t('connections.queue')}</dt>
        <dd>{health.waiting}</dd>
      </div>
      <div>
        <dt>{t('connections.lag')}</dt>
        <dd>{ms(health.lag)}</dd>
      </div>
      <div>
        <dt>{t('connections.theirLag')}</dt>
        <dd>{ms(health.theirLag)}</dd>
      </div>
      <div>
        <dt>{t('connections.setAside')}</dt>
        <dd>{health.setAside}</dd>
      </div>
      <div>
        <dt>{t('connections.availability')}</dt>
        <dd>{health.availability === null ? '–' : `${(health.availability * 100).toFixed(2)} %`}</dd>
      </div>
      {health.error !== undefined && (
        <div>
          <dt>{t('connections.lastError')}</dt>
          <dd>
            {health.error.message} ({dates.ago(health.error.at)}). {health.error.remedy}
          </dd>
        </div>
      )}
    </dl>
  );
}
