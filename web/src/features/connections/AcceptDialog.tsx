// Accepts another organisation's invitation. What was entered stays when the server refuses it, with the reason beside it.
import type { SyntheticEvent } from 'react';
import { useId, useState } from 'react';
import type { Connection } from '../../api/connections';
import { acceptInvitation, listConnections } from '../../api/connections';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import styles from './connections.module.css';
import { uniqueName } from './naming';
import type { Faults } from './refusals';
import { faultsOf } from './refusals';
import { TeamField } from './TeamField';
import { useFaultFocus } from './useFaultFocus';

/** No code is longer, in characters. */
const MAX_CODE = 8192;

export function AcceptDialog({ onAccepted, onClose }: { onAccepted: (connection: Connection) => void; onClose: () => void }) {
  const { t } = useLanguage();
  const formId = useId();
  const [name, setName] = useState('');
  const [team, setTeam] = useState('');
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const form = useFaultFocus(faults);
  const displayName = name.trim();
  const tooLong = code.trim().length > MAX_CODE;
  const complete = displayName !== '' && team !== '' && code.trim() !== '' && password !== '' && !tooLong;

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    if (!complete) return;
    setBusy(true);
    setFaults({});
    try {
      const taken = (await listConnections(true)).map((connection) => connection.name);
      onAccepted(await acceptInvitation({ name: uniqueName(displayName, taken), displayName, teamId: team, password, code }));
    } catch (error) {
      setFaults(faultsOf(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t('connections.accept')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="primary" type="submit" form={formId} disabled={busy || !complete}>
            {t('connections.acceptNow')}
          </Button>
        </>
      }
    >
      <form ref={form} id={formId} className={styles['form']} onSubmit={(event) => void submit(event)}>
        {faults.form !== undefined && <Notice kind="fault">{faults.form}</Notice>}
        <p>{t('connections.acceptLead')}</p>
        <p>{t('connections.acceptWhere')}</p>
        <Field label={t('connections.organisation')} value={name} fault={faults.name} onChange={(event) => setName(event.target.value)} maxLength={64} required />
        <TeamField value={team} onChange={setTeam} fault={faults.team} />
        <Field label={t('connections.code')} value={code} fault={tooLong ? t('connections.codeTooLong') : faults.code} onChange={(event) => setCode(event.target.value)} autoComplete="off" required />
        <Field label={t('connections.password')} type="password" value={password} fault={faults.password} onChange={(event) => setPassword(event.target.value)} autoComplete="off" required />
        {busy && <Waiting label={t('connections.accepting')} />}
      </form>
    </Dialog>
  );
}
