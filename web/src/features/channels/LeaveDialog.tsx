// Asks before leaving, because a private channel cannot be found again.
import { useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { leaveChannel } from './actions';

export function LeaveDialog({ channel, onClose, onLeft }: { channel: Channel; onClose: () => void; onLeft: () => void }) {
  const { t } = useLanguage();
  const [fault, setFault] = useState('');

  async function leave(): Promise<void> {
    try {
      await leaveChannel(channel.id);
      onLeft();
    } catch (error) {
      setFault(failureText(error, t));
    }
  }

  return (
    <Dialog
      title={t('channels.leaveConfirm', { name: channel.display_name })}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="danger" onClick={() => void leave()}>
            {t('channels.leave')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <p>{channel.type === 'P' ? t('channels.leavePrivate') : t('channels.leavePublic')}</p>
    </Dialog>
  );
}
