// What can be changed of a connection. Of two administrators who change it at once the second is shown what the first has made of it (E-158).
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { asFailure } from '../../api/client';
import type { Connection, ConnectionChange } from '../../api/connections';
import { loadConnection, updateConnection } from '../../api/connections';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { useLeaveGuard } from '../../ui/useLeaveGuard';
import styles from './connections.module.css';
import { LeaveDialog } from '../../ui/LeaveDialog';
import type { Faults } from './refusals';
import { faultsOf } from './refusals';
import { TeamField } from './TeamField';
import { useFaultFocus } from './useFaultFocus';

export interface ConnectionFormProps {
  connection: Connection;
  disabled: boolean;
  /** What the connection is now, changed by us or by somebody else. */
  onSeen: (connection: Connection) => void;
}

export function ConnectionForm({ connection, disabled, onSeen }: ConnectionFormProps) {
  const { t } = useLanguage();
  // Only what was changed; the rest follows the connection.
  const [change, setChange] = useState<ConnectionChange>({});
  // What was on show when the first change was made.
  const [seen, setSeen] = useState<ConnectionChange | undefined>();
  const [faults, setFaults] = useState<Faults>({});
  const [saved, setSaved] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useFaultFocus(faults);
  const name = change.displayName ?? connection.displayName;
  const team = change.teamId ?? connection.teamId;
  const dirty = name.trim() !== connection.displayName || team !== connection.teamId;
  const guard = useLeaveGuard(dirty && !disabled);

  function edit(part: ConnectionChange): void {
    setSeen((before) => before ?? { displayName: connection.displayName, teamId: connection.teamId });
    setChange((before) => ({ ...before, ...part }));
    setSaved(false);
  }

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFaults({});
    try {
      const part = { ...(change.displayName === undefined ? {} : { displayName: name.trim() }), ...(change.teamId === undefined ? {} : { teamId: team }) };
      onSeen(await updateConnection(connection.id, part, seen ?? { displayName: connection.displayName, teamId: connection.teamId }));
      setSaved(true);
      setSeen(undefined);
      setChange({});
    } catch (error) {
      setFaults(faultsOf(error, t));
      if (asFailure(error).status === 409) {
        // Whoever saves again after reading this knows what they replace.
        await loadConnection(connection.id).then(onSeen, () => undefined);
        setSeen(undefined);
      }
    }
    setBusy(false);
  }

  return (
    <form ref={form} className={styles['form']} onSubmit={(event) => void submit(event)}>
      {faults.form !== undefined && <Notice kind="fault">{faults.form}</Notice>}
      <Field label={t('connections.organisation')} value={name} fault={faults.name} onChange={(event) => edit({ displayName: event.target.value })} maxLength={64} disabled={disabled} required />
      <TeamField value={team} onChange={(teamId) => edit({ teamId })} fault={faults.team} hint={t('connections.teamLater')} disabled={disabled} />
      <div className={styles['actions']}>
        <Button look="primary" type="submit" disabled={disabled || busy || !dirty || name.trim() === ''}>
          {t('connections.save')}
        </Button>
        <span role="status">{saved && !dirty ? t('connections.saved') : ''}</span>
      </div>
      <LeaveDialog guard={guard} />
    </form>
  );
}
