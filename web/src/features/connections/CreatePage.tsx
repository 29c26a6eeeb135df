// The form for a new connection: its organisation and the team its channels go to. Saving makes the first invitation code.
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Connection, Invitation } from '../../api/connections';
import { createConnection, listConnections } from '../../api/connections';
import { useLanguage } from '../../i18n/context';
import { connectionsHref } from '../../state/addresses';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { useLeaveGuard } from '../../ui/useLeaveGuard';
import styles from './connections.module.css';
import { LeaveDialog } from '../../ui/LeaveDialog';
import { madeUpPassword, uniqueName } from './naming';
import type { Faults } from './refusals';
import { faultsOf } from './refusals';
import { TeamField } from './TeamField';
import { useFaultFocus } from './useFaultFocus';

export interface CreatePageProps {
  onCreated: (connection: Connection, invitation: Invitation) => void;
  onLeave: () => void;
}

export function CreatePage({ onCreated, onLeave }: CreatePageProps) {
  const { t } = useLanguage();
  const [name, setName] = useState('');
  const [team, setTeam] = useState('');
  const [password, setPassword] = useState('');
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const form = useFaultFocus(faults);
  const displayName = name.trim();
  const guard = useLeaveGuard(name !== '' || team !== '' || password !== '');

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFaults({});
    try {
      const taken = (await listConnections(true)).map((connection) => connection.name);
      const { connection, invitation } = await createConnection({ name: uniqueName(displayName, taken), displayName, teamId: team, password: password === '' ? madeUpPassword() : password });
      onCreated(connection, invitation);
    } catch (error) {
      setFaults(faultsOf(error, t));
      setBusy(false);
    }
  }

  return (
    <section className={styles['page']}>
      <Link href={connectionsHref}>{t('connections.back')}</Link>
      <h1>{t('connections.create')}</h1>
      <p className={styles['lead']}>{t('connections.createLead')}</p>
      <form ref={form} className={styles['form']} onSubmit={(event) => void submit(event)}>
        {faults.form !== undefined && <Notice kind="fault">{faults.form}</Notice>}
        <Field label={t('connections.organisation')} value={name} fault={faults.name} onChange={(event) => setName(event.target.value)} maxLength={64} autoFocus required />
        <TeamField value={team} onChange={setTeam} fault={faults.team} />
        <Field label={t('connections.passwordOwn')} hint={t('connections.passwordHint')} fault={faults.password} value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="off" />
        <div className={styles['actions']}>
          <Button look="primary" type="submit" disabled={busy || displayName === '' || team === ''}>
            {t('connections.save')}
          </Button>
          <Button look="quiet" onClick={() => guard.attempt(onLeave)}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
      <LeaveDialog guard={guard} />
    </section>
  );
}
