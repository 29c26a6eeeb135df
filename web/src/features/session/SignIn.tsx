// The sign-in page.
import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { signIn } from './actions';
import { Doorway } from './Doorway';
import styles from './session.module.css';

export function SignIn({ ended, onSignedIn }: { ended: boolean; onSignedIn: () => void }) {
  const { t } = useLanguage();
  const open = useStore((state) => state.config['EnableOpenServer'] !== 'false');
  const [loginId, setLoginId] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFault('');
    try {
      await signIn(loginId.trim(), password);
      onSignedIn();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Doorway
      title={t('session.signIn')}
      lead={t('session.signInLead')}
      footer={
        open && (
          <>
            {t('session.noAccount')} <Link href="/signup">{t('session.createAccount')}</Link>
          </>
        )
      }
    >
      <form className={styles['form']} onSubmit={(event) => void submit(event)}>
        {fault !== '' ? <Notice kind="fault">{fault}</Notice> : ended && <Notice kind="warning">{t('session.ended')}</Notice>}
        <Field label={t('session.loginId')} value={loginId} onChange={(event) => setLoginId(event.target.value)} autoComplete="username" autoCapitalize="none" autoFocus required />
        <Field label={t('session.password')} type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" required />
        <Button type="submit" look="primary" wide disabled={busy || loginId.trim() === '' || password === ''}>
          {busy ? t('session.signingIn') : t('session.signIn')}
        </Button>
      </form>
    </Doorway>
  );
}
