// Asks before a connection is ended, and says what ends with it.
import { useCallback, useState } from 'react';
import type { Connection } from '../../api/connections';
import { deleteConnection } from '../../api/connections';
import type { ConnectionShare } from '../../api/connectionShares';
import { listConnectionShares } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { useLoad } from '../../ui/useLoad';

export function DeleteDialog({ connection, onClose, onDeleted }: { connection: Connection; onClose: () => void; onDeleted: () => void }) {
  const { t, n } = useLanguage();
  const [shares, setShares] = useState<ConnectionShare[] | undefined>();
  // Whoever may not be told how many channels there are can still delete.
  useLoad(useCallback(async () => setShares(await listConnectionShares(connection.id)), [connection.id]));
  const ours = shares?.filter((share) => share.home).length ?? 0;
  const theirs = (shares?.length ?? 0) - ours;

  async function remove(): Promise<void> {
    await deleteConnection(connection.id);
    onDeleted();
  }

  return (
    <ConfirmDialog title={t('connections.deleteTitle')} label={t('connections.deleteNow')} look="danger" act={remove} explain={(fault) => failureText(fault, t)} onClose={onClose}>
      <p>{t('connections.deleteLead', { name: connection.displayName })}</p>
      {shares !== undefined && (
        <ul>
          <li>{n('connections.deleteOurs', ours)}</li>
          <li>{n('connections.deleteTheirs', theirs)}</li>
        </ul>
      )}
      <p>{t('connections.deleteStays')}</p>
    </ConfirmDialog>
  );
}
