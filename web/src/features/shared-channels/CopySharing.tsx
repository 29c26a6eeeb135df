// The sharing of a copy: it is decided at its home; here one can only leave it.
import { ledgerHref } from '../../api/ledger';
import { useState } from 'react';
import { uninviteFromChannel } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { LedgerLink } from '../../ui/LedgerLink';

export function CopySharing({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useLanguage();
  const remoteId = useStore((state) => state.shares[channel.id]?.remote_id ?? '');
  const origin = useStore((state) => state.origins[remoteId]?.display_name);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const name = origin ?? t('people.elsewhere');

  async function leave(): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await uninviteFromChannel(remoteId, channel.id);
      onClose();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={asking ? t('sharing.leaveTitle') : t('sharing.dialog', { name: channel.display_name })}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t(asking ? 'app.cancel' : 'app.close')}
          </Button>
          <Button look="danger" disabled={busy} onClick={() => (asking ? void leave() : setAsking(true))}>
            {t('sharing.leave')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {asking ? (
        <p>{t('sharing.leaveLead', { channel: channel.display_name, name })}</p>
      ) : (
        <section aria-label={t('sharing.title')}>
          <h3>{t('sharing.title')}</h3>
          <p>{t('sharing.copy', { name })}</p>
          <LedgerLink href={ledgerHref({ channel: channel.id })} />
        </section>
      )}
    </Dialog>
  );
}
