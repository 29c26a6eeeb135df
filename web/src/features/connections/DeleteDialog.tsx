// Asks before a connection is ended, and says what ends with it.
import { useCallback, useState } from 'react';
import type { Connection } from '../../api/connections';
import { deleteConnection } from '../../api/connections';
import type { ConnectionShare } from '../../api/connectionShares';
import { listConnectionShares } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';

export function DeleteDialog({ connection, onClose, onDeleted }: { connection: Connection; onClose: () => void; onDeleted: () => void }) {
  const { t, n } = useLanguage();
  const [shares, setShares] = useState<ConnectionShare[] | undefined>();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  // Whoever may not be told how many channels there are can still delete.
  useLoad(useCallback(async () => setShares(await listConnectionShares(connection.id)), [connection.id]));
  const ours = shares?.filter((share) => share.home).length ?? 0;
  const theirs = (shares?.length ?? 0) - ours;

  async function remove(): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await deleteConnection(connection.id);
      onDeleted();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t('connections.deleteTitle')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="danger" disabled={busy} onClick={() => void remove()}>
            {t('connections.deleteNow')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <p>{t('connections.deleteLead', { name: connection.displayName })}</p>
      {shares !== undefined && (
        <ul>
          <li>{n('connections.deleteOurs', ours)}</li>
          <li>{n('connections.deleteTheirs', theirs)}</li>
        </ul>
      )}
      <p>{t('connections.deleteStays')}</p>
    </Dialog>
  );
}
