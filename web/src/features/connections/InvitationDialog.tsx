// An invitation's code and password, shown once. A click outside does not close it, because they cannot be shown again.
import { useCallback, useState } from 'react';
import type { Invitation } from '../../api/connections';
import { loadConnection } from '../../api/connections';
import { useDates, useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';
import { CopyValue } from './CopyValue';

export interface InvitationDialogProps {
  connectionId: string;
  invitation: Invitation;
  /** True for the first code of a connection that was just made. */
  created: boolean;
  onClose: () => void;
}

export function InvitationDialog({ connectionId, invitation, created, onClose }: InvitationDialogProps) {
  const { t } = useLanguage();
  const dates = useDates();
  const [expiresAt, setExpiresAt] = useState(0);
  // Until it is known, or if it cannot be told, the code is of use all the same.
  useLoad(useCallback(async () => setExpiresAt((await loadConnection(connectionId)).inviteExpiresAt), [connectionId]));

  return (
    <Dialog
      title={t(created ? 'connections.createdTitle' : 'connections.codeTitle')}
      closeLabel={t('app.close')}
      onClose={onClose}
      sticky
      wide
      actions={
        <Button look="primary" onClick={onClose}>
          {t('connections.done')}
        </Button>
      }
    >
      <p>{t('connections.codeLead')}</p>
      <Notice kind="warning">{t('connections.codeApart')}</Notice>
      <CopyValue label={t('connections.code')} value={invitation.code} copyLabel={t('connections.copyCode')} testId="invitation-code" />
      <CopyValue label={t('connections.password')} value={invitation.password} copyLabel={t('connections.copyPassword')} testId="invitation-password" />
      {expiresAt > 0 && <p data-testid="invitation-expiry">{t('connections.expires', { time: dates.full(expiresAt) })}</p>}
    </Dialog>
  );
}
