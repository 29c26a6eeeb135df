// Asks before a channel is taken out of a connection.
import type { Connection } from '../../api/connections';
import type { ConnectionShare } from '../../api/connectionShares';
import { uninviteFromChannel } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { ConfirmDialog } from '../../ui/ConfirmDialog';

export function RemoveChannelDialog({ connection, share, onClose }: { connection: Connection; share: ConnectionShare; onClose: () => void }) {
  const { t } = useLanguage();

  async function remove(): Promise<void> {
    await uninviteFromChannel(connection.id, share.channelId);
    onClose();
  }

  return (
    <ConfirmDialog title={t('connections.removeTitle')} label={t('connections.remove')} look="danger" act={remove} explain={(fault) => failureText(fault, t)} onClose={onClose}>
      <p>{t('connections.removeLead', { channel: share.channel?.displayName ?? t('connections.unseen'), name: connection.displayName })}</p>
    </ConfirmDialog>
  );
}
