// Asks before leaving, because a private channel cannot be found again.
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { leaveChannel } from './actions';

export function LeaveDialog({ channel, onClose, onLeft }: { channel: Channel; onClose: () => void; onLeft: () => void }) {
  const { t } = useLanguage();

  async function leave(): Promise<void> {
    await leaveChannel(channel.id);
    onLeft();
  }

  return (
    <ConfirmDialog
      title={t('channels.leaveConfirm', { name: channel.display_name })}
      label={t('channels.leave')}
      look="danger"
      act={leave}
      explain={(fault) => failureText(fault, t)}
      onClose={onClose}
    >
      <p>{channel.type === 'P' ? t('channels.leavePrivate') : t('channels.leavePublic')}</p>
    </ConfirmDialog>
  );
}
