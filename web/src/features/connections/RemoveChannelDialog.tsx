// Asks before a channel is taken out of a connection.
import { useState } from 'react';
import type { Connection } from '../../api/connections';
import type { ConnectionShare } from '../../api/connectionShares';
import { uninviteFromChannel } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';

export function RemoveChannelDialog({ connection, share, onClose }: { connection: Connection; share: ConnectionShare; onClose: () => void }) {
  const { t } = useLanguage();
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);

  async function remove(): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await uninviteFromChannel(connection.id, share.channelId);
      onClose();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t('connections.removeTitle')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="danger" disabled={busy} onClick={() => void remove()}>
            {t('connections.remove')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <p>{t('connections.removeLead', { channel: share.channel?.displayName ?? t('connections.unseen'), name: connection.displayName })}</p>
    </Dialog>
  );
}
