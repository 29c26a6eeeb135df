// Asks before sharing a channel with organisations ends.
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';

export interface StopSharingDialogProps {
  channel: Channel;
  names: readonly string[];
  onClose: () => void;
  onConfirm: () => void;
}

export function StopSharingDialog({ channel, names, onClose, onConfirm }: StopSharingDialogProps) {
  const { t } = useLanguage();
  return (
    <Dialog
      title={t('sharing.confirmTitle')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="danger" onClick={onConfirm}>
            {t('sharing.confirmNow')}
          </Button>
        </>
      }
    >
      <p>{t('sharing.confirm', { channel: channel.display_name, names: names.join(', ') })}</p>
    </Dialog>
  );
}
