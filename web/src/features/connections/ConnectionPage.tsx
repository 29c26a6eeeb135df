// One connection: what it is, the channels that go over it, and how it fares.
import { ledgerHref } from '../../api/ledger';
import { useCallback, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Connection } from '../../api/connections';
import { loadConnection } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { connectionsHref } from '../../state/addresses';
import { useStore } from '../../state/react';
import { mayInSystem } from '../../state/selectors';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import { LedgerLink } from '../../ui/LedgerLink';
import { ConnectionForm } from './ConnectionForm';
import { ConnectionFacts } from './ConnectionFacts';
import styles from './connections.module.css';
import { ConnectionStateLabel } from './ConnectionStateLabel';
import { DeleteDialog } from './DeleteDialog';
import { HealthPanel } from './HealthPanel';
import { RenewDialog } from './RenewDialog';
import { SharedChannels } from './SharedChannels';
import { useFresh } from './useFresh';

export function ConnectionPage({ id }: { id: string }) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const manager = useStore((state) => mayInSystem(state, 'manage_secure_connections'));
  const { value: connection, error, reload, put } = useFresh(useCallback(() => loadConnection(id), [id]));
  const [dialog, setDialog] = useState<'renew' | 'delete' | undefined>();
  const live = connection !== undefined && connection.endedAt === 0;
  const pending = connection?.siteUrl === '';

  function seen(told: Connection): void {
    put(told);
    reload();
  }

  return (
    <section className={styles['page']}>
      <Link href={connectionsHref}>{t('connections.back')}</Link>
      <header className={styles['head']}>
        <h1>{t('connections.configuration')}</h1>
        {live && manager && (
          <div className={styles['actions']}>
            {pending && <Button onClick={() => setDialog('renew')}>{t('connections.generate')}</Button>}
            <Button onClick={() => setDialog('delete')}>{t('connections.delete')}</Button>
          </div>
        )}
      </header>
      {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {connection === undefined && error === undefined && <Waiting label={t('app.loading')} />}
      {connection !== undefined && (
        <>
          <section className={styles['panel']} aria-labelledby="connection-details">
            <h2 id="connection-details">
              {t('connections.details')} <ConnectionStateLabel connection={connection} />
            </h2>
            {!live && <Notice kind="fact">{t('connections.over')}</Notice>}
            <ConnectionForm connection={connection} disabled={!live || !manager} onSeen={seen} />
            <ConnectionFacts connection={connection} />
            {manager && <LedgerLink href={ledgerHref({ connection: connection.id })} />}
          </section>
          {live && <SharedChannels connection={connection} />}
          {live && !pending && <HealthPanel connection={connection} manager={manager} />}
        </>
      )}
      {connection !== undefined && dialog === 'renew' && <RenewDialog connection={connection} onClose={() => setDialog(undefined)} />}
      {connection !== undefined && dialog === 'delete' && <DeleteDialog connection={connection} onClose={() => setDialog(undefined)} onDeleted={() => navigate(connectionsHref)} />}
    </section>
  );
}
