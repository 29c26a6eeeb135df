// Another invitation code for a connection nobody has accepted: first what it takes, then the code itself.
import type { SyntheticEvent } from 'react';
import { useId, useState } from 'react';
import type { Connection, Invitation } from '../../api/connections';
import { renewInvitation } from '../../api/connections';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import styles from './connections.module.css';
import { InvitationDialog } from './InvitationDialog';
import { madeUpPassword } from './naming';
import type { Faults } from './refusals';
import { faultsOf } from './refusals';
import { useFaultFocus } from './useFaultFocus';

export function RenewDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { t } = useLanguage();
  const formId = useId();
  const [password, setPassword] = useState('');
  const [invalidate, setInvalidate] = useState(false);
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const form = useFaultFocus(faults);
  const [made, setMade] = useState<Invitation | undefined>();

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFaults({});
    try {
      setMade(await renewInvitation(connection.id, password === '' ? madeUpPassword() : password, invalidate));
    } catch (error) {
      setFaults(faultsOf(error, t));
      setBusy(false);
    }
  }

  if (made !== undefined) return <InvitationDialog connectionId={connection.id} invitation={made} created={false} onClose={onClose} />;
  return (
    <Dialog
      title={t('connections.generate')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="primary" type="submit" form={formId} disabled={busy}>
            {t('connections.generateNow')}
          </Button>
        </>
      }
    >
      <form ref={form} id={formId} className={styles['form']} onSubmit={(event) => void submit(event)}>
        {faults.form !== undefined && <Notice kind="fault">{faults.form}</Notice>}
        <p>{t('connections.renewLead')}</p>
        <Field label={t('connections.passwordOwn')} hint={t('connections.passwordHint')} fault={faults.password} value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="off" />
        <label className={styles['check']}>
          <input type="checkbox" checked={invalidate} onChange={(event) => setInvalidate(event.target.checked)} />
          {t('connections.invalidate')}
        </label>
      </form>
    </Dialog>
  );
}
