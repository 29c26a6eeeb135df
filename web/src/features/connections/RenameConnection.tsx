// Another name for a connection, for people here. Of two administrators who rename it at once the second is shown what the first has made of it (E-158).
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { asFailure } from '../../api/client';
import type { Connection } from '../../api/connections';
import { loadConnection, renameConnection } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';

export interface RenameConnectionProps {
  connection: Connection;
  /** What is on show now, changed by us or by somebody else. */
  onSeen: (connection: Connection) => void;
  onClose: () => void;
}

export function RenameConnection({ connection, onSeen, onClose }: RenameConnectionProps) {
  const { t } = useLanguage();
  const [name, setName] = useState(connection.displayName);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault('');
    try {
      onSeen(await renameConnection(connection.id, name, connection.displayName));
      onClose();
    } catch (error) {
      setFault(failureText(error, t));
      // Whoever saves again after reading this knows what they replace.
      if (asFailure(error).status === 409) await loadConnection(connection.id).then(onSeen, () => undefined);
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <Field label={t('connections.name')} value={name} onChange={(event) => setName(event.target.value)} maxLength={64} required />
      <Button look="quiet" small onClick={onClose}>
        {t('app.cancel')}
      </Button>
      <Button look="primary" small type="submit" disabled={busy || name.trim() === ''}>
        {t('connections.save')}
      </Button>
    </form>
  );
}
