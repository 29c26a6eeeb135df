// The sign-up page. On a new server it welcomes the administrator.
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { asFailure } from '../../api/client';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { signUp } from './actions';
import { Doorway } from './Doorway';
import styles from './session.module.css';

type FieldName = 'email' | 'username' | 'password' | 'form';

/** Which field a refusal is about, by Mattermost's error ids. */
function fieldOf(id: string): FieldName {
  if (id.includes('email')) return 'email';
  if (id.includes('username') || id.includes('group_name')) return 'username';
  return id.includes('pwd') || id.includes('password') ? 'password' : 'form';
}

export function SignUp({ first, onSignedUp }: { first: boolean; onSignedUp: () => void }) {
  const { t } = useLanguage();
  const [account, setAccount] = useState({ email: '', username: '', password: '' });
  const minimum = useStore((state) => state.config['PasswordMinimumLength'] ?? '8');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<{ field: FieldName; text: string } | undefined>();

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      await signUp({ ...account, email: account.email.trim(), username: account.username.trim().toLowerCase() });
      onSignedUp();
    } catch (error) {
      setFault({ field: fieldOf(asFailure(error).id), text: failureText(error, t) });
      setBusy(false);
    }
  }

  const set = (field: keyof typeof account) => (event: { target: { value: string } }) => setAccount({ ...account, [field]: event.target.value });
  const faultOf = (field: FieldName): string | undefined => (fault?.field === field ? fault.text : undefined);
  const complete = account.email.includes('@') && account.username.trim() !== '' && account.password !== '';

  return (
    <Doorway
      title={first ? t('session.firstTitle') : t('session.signUp')}
      lead={first ? t('session.firstLead') : t('session.signUpLead')}
      footer={
        !first && (
          <>
            {t('session.haveAccount')} <Link href="/login">{t('session.signIn')}</Link>
          </>
        )
      }
    >
      <form className={styles['form']} onSubmit={(event) => void submit(event)}>
        {fault?.field === 'form' && <Notice kind="fault">{fault.text}</Notice>}
        <Field label={t('session.email')} type="email" value={account.email} onChange={set('email')} autoComplete="email" fault={faultOf('email')} autoFocus required />
        <Field label={t('session.username')} value={account.username} onChange={set('username')} autoComplete="username" autoCapitalize="none" hint={t('session.usernameHint')} fault={faultOf('username')} maxLength={64} required />
        <Field label={t('session.password')} type="password" value={account.password} onChange={set('password')} autoComplete="new-password" hint={t('session.passwordHint', { n: minimum })} fault={faultOf('password')} required />
        <Button type="submit" look="primary" wide disabled={busy || !complete}>
          {busy ? t('session.creating') : t('session.createAccount')}
        </Button>
      </form>
    </Doorway>
  );
}
