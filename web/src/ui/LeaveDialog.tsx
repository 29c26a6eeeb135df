// Asks before changes are left behind that are not saved.
import { useLanguage } from '../i18n/context';
import { Button } from './Button';
import { Dialog } from './Dialog';
import type { LeaveGuard } from './useLeaveGuard';

export function LeaveDialog({ guard }: { guard: LeaveGuard }) {
  const { t } = useLanguage();
  if (!guard.asking) return null;
  return (
    <Dialog
      title={t('connections.leaveTitle')}
      closeLabel={t('app.close')}
      onClose={guard.stay}
      actions={
        <>
          <Button look="quiet" onClick={guard.stay}>
            {t('connections.stay')}
          </Button>
          <Button look="danger" onClick={guard.leave}>
            {t('connections.leave')}
          </Button>
        </>
      }
    >
      <p>{t('connections.leaveLead')}</p>
    </Dialog>
  );
}
