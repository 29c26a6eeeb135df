// The form for a new team. The address follows the name until somebody changes it by hand.
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { failureText } from '../../api/failureText';
import { siteUrl } from '../../api/site';
import { useLanguage } from '../../i18n/context';
import type { Team } from '../../state/model';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { addressOf, createTeam } from './actions';
import styles from './teams.module.css';

export function CreateTeam({ onCreated }: { onCreated: (team: Team) => void }) {
  const { t } = useLanguage();
  const [displayName, setDisplayName] = useState('');
  const [ownAddress, setOwnAddress] = useState<string | undefined>();
  const [open, setOpen] = useState(true);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const address = ownAddress ?? addressOf(displayName);

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault('');
    try {
      onCreated(await createTeam(displayName.trim(), address, open));
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <form className={styles['form']} onSubmit={(event) => void submit(event)}>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <Field label={t('teams.name')} value={displayName} onChange={(event) => setDisplayName(event.target.value)} placeholder={t('teams.namePlaceholder')} maxLength={64} required autoFocus />
      <Field label={t('teams.url')} value={address} onChange={(event) => setOwnAddress(event.target.value)} prefix={`${siteUrl.replace(/^https?:\/\//, '')}/`} autoCapitalize="none" required />
      <label className={styles['check']}>
        <input type="checkbox" checked={open} onChange={(event) => setOpen(event.target.checked)} />
        {t('teams.openTeam')}
      </label>
      <Button type="submit" look="primary" wide disabled={busy || displayName.trim() === '' || address.length < 2}>
        {t('teams.create')}
      </Button>
    </form>
  );
}
