// The steps of the way to the other server and back, and what can be done where one failed.
import type { Report, Step } from '../../api/connectionHealth';
import { useLanguage } from '../../i18n/context';
import styles from './connections.module.css';

export function TestReport({ report }: { report: Report }) {
  const { t } = useLanguage();
  return (
    <div className={styles['report']} data-testid="test-report">
      <Way title={t('connections.there')} steps={report.outgoing} />
      <Way title={t('connections.wayBack')} steps={report.incoming} fault={report.incomingError} />
    </div>
  );
}

function Way({ title, steps, fault = '' }: { title: string; steps: readonly Step[]; fault?: string }) {
  const { t } = useLanguage();
  const words: Record<string, string> = { ok: t('connections.step.ok'), warn: t('connections.step.warn'), fail: t('connections.step.fail') };
  return (
    <section>
      <h3>{title}</h3>
      {fault !== '' && <p>{fault}</p>}
      <ol className={styles['way']}>
        {steps.map((step) => (
          <li key={step.name} data-state={step.state}>
            <strong>{step.name}</strong> {words[step.state] ?? step.state}
            {step.code !== '' && ` (${step.code})`} {step.remedy}
          </li>
        ))}
      </ol>
    </section>
  );
}
