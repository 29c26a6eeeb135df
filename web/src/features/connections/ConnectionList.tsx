// Every secure connection, one row each: the whole row leads to its page, its menu to what can be done with it.
import { useCallback, useState } from 'react';
import type { Connection } from '../../api/connections';
import { listConnections } from '../../api/connections';
import { asFailure } from '../../api/client';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { mayInSystem } from '../../state/selectors';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import { AddMenu } from './AddMenu';
import styles from './connections.module.css';
import type { RowAction } from './ConnectionRow';
import { ConnectionRow } from './ConnectionRow';
import { DeleteDialog } from './DeleteDialog';
import { RenewDialog } from './RenewDialog';
import { TestDialog } from './TestDialog';
import { useFresh } from './useFresh';

/** Whether each word that is searched for stands in the names or the address (E-159). */
function fits(connection: Connection, wanted: string): boolean {
  const about = `${connection.displayName} ${connection.name} ${connection.siteUrl}`.toLocaleLowerCase();
  return wanted.toLocaleLowerCase().split(/\s+/).every((word) => about.includes(word));
}

export function ConnectionList() {
  const { t } = useLanguage();
  const manager = useStore((state) => mayInSystem(state, 'manage_secure_connections'));
  const [ended, setEnded] = useState(false);
  const [wanted, setWanted] = useState('');
  const { value, error, reload } = useFresh(useCallback(() => listConnections(ended), [ended]));
  const [open, setOpen] = useState<{ action: RowAction; connection: Connection } | undefined>();
  const off = error !== undefined && asFailure(error).status === 501;
  const list = off ? [] : value;
  const shown = list?.filter((connection) => fits(connection, wanted));
  const close = (): void => setOpen(undefined);

  return (
    <section className={styles['page']}>
      <header className={styles['head']}>
        <div>
          <h1>{t('connections.title')}</h1>
          <p className={styles['lead']}>{t('connections.lead')}</p>
        </div>
        {manager && <AddMenu disabled={off} />}
      </header>
      {off && <Notice kind="fault">{t('connections.off')}</Notice>}
      {error !== undefined && !off && <Notice kind="fault">{failureText(error, t)}</Notice>}
      {value === undefined && error === undefined && <Waiting label={t('app.loading')} />}
      {list?.length === 0 && !ended && (
        <div className={styles['empty']} data-testid="no-connections">
          <h2>{t('connections.emptyTitle')}</h2>
          <p>{t('connections.empty')}</p>
          {manager && <AddMenu disabled={off} />}
        </div>
      )}
      {list !== undefined && list.length > 0 && (
        <input type="search" aria-label={t('connections.search')} placeholder={t('connections.search')} value={wanted} onChange={(event) => setWanted(event.target.value)} />
      )}
      {list !== undefined && list.length > 0 && shown?.length === 0 && <p role="status">{t('connections.noneFound')}</p>}
      <ul className={styles['rows']} aria-label={t('connections.list')}>
        {shown?.map((connection) => (
          <ConnectionRow key={connection.id} connection={connection} manager={manager} onAction={(action) => setOpen({ action, connection })} />
        ))}
      </ul>
      {!off && value !== undefined && (
        <label className={styles['check']}>
          <input type="checkbox" checked={ended} onChange={(event) => setEnded(event.target.checked)} />
          {t('connections.ended')}
        </label>
      )}
      {open?.action === 'generate' && <RenewDialog connection={open.connection} onClose={close} />}
      {open?.action === 'test' && <TestDialog connection={open.connection} onClose={close} />}
      {open?.action === 'delete' && (
        <DeleteDialog
          connection={open.connection}
          onClose={close}
          onDeleted={() => {
            close();
            reload();
          }}
        />
      )}
    </section>
  );
}
