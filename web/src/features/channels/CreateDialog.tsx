// The form for a new channel.
import { Hash, Lock } from 'lucide-react';
import type { SyntheticEvent } from 'react';
import { useId, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel, Team } from '../../state/model';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { createChannel } from './actions';
import styles from './dialogs.module.css';

export function CreateDialog({ team, onClose, onCreated }: { team: Team; onClose: () => void; onCreated: (channel: Channel) => void }) {
  const { t } = useLanguage();
  const formId = useId();
  const [displayName, setDisplayName] = useState('');
  const [purpose, setPurpose] = useState('');
  const [type, setType] = useState<'O' | 'P'>('O');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault('');
    try {
      onCreated(await createChannel({ teamId: team.id, displayName: displayName.trim(), purpose: purpose.trim(), type }));
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t('channels.create')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" form={formId} look="primary" disabled={busy || displayName.trim() === ''}>
            {t('channels.createButton')}
          </Button>
        </>
      }
    >
      <form id={formId} className={styles['form']} onSubmit={(event) => void submit(event)}>
        {fault !== '' && <Notice kind="fault">{fault}</Notice>}
        <Field label={t('channels.name')} value={displayName} onChange={(event) => setDisplayName(event.target.value)} placeholder={t('channels.namePlaceholder')} maxLength={64} required />
        <Field label={t('channels.purpose')} value={purpose} onChange={(event) => setPurpose(event.target.value)} maxLength={250} />
        <fieldset className={styles['choice']}>
          <legend>{t('channels.visibility')}</legend>
          <label>
            <input type="radio" name="type" checked={type === 'O'} onChange={() => setType('O')} />
            <Hash size={18} aria-hidden="true" />
            <span>
              <strong>{t('channels.public')}</strong>
              {t('channels.publicHint')}
            </span>
          </label>
          <label>
            <input type="radio" name="type" checked={type === 'P'} onChange={() => setType('P')} />
            <Lock size={18} aria-hidden="true" />
            <span>
              <strong>{t('channels.private')}</strong>
              {t('channels.privateHint')}
            </span>
          </label>
        </fieldset>
      </form>
    </Dialog>
  );
}
