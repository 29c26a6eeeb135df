// One secure connection for administrators: how it fares, and what can be done when it does not.
import { useEffect, useState } from 'react';
import type { Connection, Health, Report, Step } from '../../api/connections';
import { loadHealth, recoverMessages, resumeConnection, rotateToken, testConnection } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useDates, useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './connections.module.css';
import { RenameConnection } from './RenameConnection';

export function ConnectionPanel({ connection, onSeen }: { connection: Connection; onSeen: (connection: Connection) => void }) {
  const [renaming, setRenaming] = useState(false);
  const { t } = useLanguage();
  const dates = useDates();
  const [health, setHealth] = useState<Health | undefined>();
  const [report, setReport] = useState<Report | undefined>();
  const [said, setSaid] = useState('');
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    let live = true;
    loadHealth(connection.id).then(
      (loaded) => live && setHealth(loaded),
      (error: unknown) => live && setFault(failureText(error, t)),
    );
    return () => {
      live = false;
    };
  }, [connection.id, t]);

  async function carryOut(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setFault('');
    setSaid('');
    try {
      await work();
      setHealth(await loadHealth(connection.id));
    } catch (error) {
      setFault(failureText(error, t));
    } finally {
      setBusy(false);
    }
  }

  const test = () => carryOut(async () => setReport(await testConnection(connection.id)));
  const rotate = () =>
    carryOut(async () => {
      const cause = await rotateToken(connection.id);
      setSaid(cause === '' ? t('connections.rotated') : t('connections.rotating', { cause }));
    });
  const resume = () =>
    carryOut(async () => {
      const cause = await resumeConnection(connection.id);
      setSaid(cause === '' ? t('connections.resumed') : t('connections.resuming', { cause }));
    });
  const recover = (discard: boolean) => carryOut(() => recoverMessages(connection.id, discard));
  const ms = (value: number | null): string => (value === null ? '–' : t('connections.ms', { n: String(Math.round(value)) }));
  const pending = health?.state === 'pending';

  return (
    <section className={styles['panel']} aria-label={connection.displayName} data-testid="connection">
      <h3>
        {connection.displayName} <small>{pending ? '' : connection.siteUrl}</small>
      </h3>
      {health !== undefined && (
        <dl className={styles['facts']}>
          <dt>{t('connections.state')}</dt>
          <dd data-testid="connection-state">
            {t(health.state === 'connected' ? 'shared.connected' : pending ? 'shared.pending' : 'shared.offline')} · {dates.ago(health.since)}
          </dd>
          <dt>{t('connections.roundTrip')}</dt>
          <dd>{ms(health.roundTrip)}</dd>
          <dt>{t('connections.skew')}</dt>
          <dd>{ms(health.skew)}</dd>
          <dt>{t('connections.waiting')}</dt>
          <dd>
            {health.waiting} ({ms(health.lag)} / {ms(health.theirLag)})
          </dd>
          <dt>{t('connections.setAside')}</dt>
          <dd>{health.setAside}</dd>
          <dt>{t('connections.availability')}</dt>
          <dd>{health.availability === null ? '–' : `${(health.availability * 100).toFixed(2)} %`}</dd>
          {health.error !== undefined && (
            <>
              <dt>{t('connections.lastError')}</dt>
              <dd>
                {health.error.message} ({dates.ago(health.error.at)}). {health.error.remedy}
              </dd>
            </>
          )}
        </dl>
      )}
      {health !== undefined && health.heldAt > 0 && (
        <div data-testid="connection-held">
          <Notice kind="fault">{t('connections.held')}</Notice>
          <Button small disabled={busy} onClick={() => void resume()}>
            {t('connections.resume')}
          </Button>
        </div>
      )}
      {health !== undefined && health.undecided > 0 && (
        <div className={styles['actions']} data-testid="connection-recover">
          <p>{t('connections.lost', { n: String(health.undecided) })}</p>
          <Button small disabled={busy} onClick={() => void recover(false)}>
            {t('connections.recover')}
          </Button>
          <Button small disabled={busy} onClick={() => void recover(true)}>
            {t('connections.discard')}
          </Button>
        </div>
      )}
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {said !== '' && <p role="status">{said}</p>}
      {renaming && <RenameConnection connection={connection} onSeen={onSeen} onClose={() => setRenaming(false)} />}
      {!pending && (
        <div className={styles['actions']}>
          {!renaming && (
            <Button small disabled={busy} onClick={() => setRenaming(true)}>
              {t('connections.rename')}
            </Button>
          )}
          <Button small disabled={busy} onClick={() => void test()}>
            {t('connections.test')}
          </Button>
          <Button small disabled={busy} onClick={() => void rotate()}>
            {t('connections.rotate')}
          </Button>
        </div>
      )}
      {report !== undefined && (
        <>
          <Way title={t('connections.there')} steps={report.outgoing} />
          <Way title={t('connections.back')} steps={report.incoming} fault={report.incomingError} />
        </>
      )}
    </section>
  );
}

function Way({ title, steps, fault = '' }: { title: string; steps: readonly Step[]; fault?: string }) {
  return (
    <div>
      <h4>{title}</h4>
      {fault !== '' && <p>{fault}</p>}
      <ol className={styles['way']}>
        {steps.map((step) => (
          <li key={step.name} data-state={step.state}>
            <strong>{step.name}</strong> {step.state}
            {step.code !== '' && `: ${step.code}`} {step.remedy}
          </li>
        ))}
      </ol>
    </div>
  );
}
