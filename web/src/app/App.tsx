// Who is here, and which page that means: the doors for strangers, the teams for everybody else.
import { useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { asFailure, client, onSignedOut, request } from '../api/client';
import { failureText } from '../api/failureText';
import { resumeSession } from '../features/session/actions';
import { SignIn } from '../features/session/SignIn';
import { SignUp } from '../features/session/SignUp';
import { useLanguage } from '../i18n/context';
import { useStore } from '../state/react';
import { dispatch } from '../state/store';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { useLoad } from '../ui/useLoad';
import { Waiting } from '../ui/Waiting';
import styles from './app.module.css';
import { Member } from './Member';

/** Configuration first, then whoever the cookie belongs to. Throws only when the server cannot be reached. */
async function boot(): Promise<void> {
  const config = await request(client.getClientConfig());
  dispatch({ kind: 'config', config: { ...config } });
  if (!document.cookie.includes('MMUSERID=')) return;
  try {
    await resumeSession();
  } catch (error) {
    if (asFailure(error).kind !== 'signed-out') throw error;
  }
}

export function App() {
  const { t } = useLanguage();
  const me = useStore((state) => state.me);
  const [ended, setEnded] = useState(false);
  const booted = useLoad(boot);

  useEffect(
    () =>
      onSignedOut(() => {
        setEnded(true);
        dispatch({ kind: 'signed-out' });
      }),
    [],
  );

  if (booted.error !== undefined) {
    return (
      <div className={styles['blank']}>
        <Notice kind="fault">{failureText(booted.error, t)}</Notice>
        <Button look="primary" onClick={booted.retry}>
          {t('app.retry')}
        </Button>
      </div>
    );
  }
  if (!booted.done) {
    return (
      <div className={styles['blank']}>
        <Waiting label={t('app.loading')} />
      </div>
    );
  }
  return me === '' ? <Stranger ended={ended} onEntered={() => setEnded(false)} /> : <Member key={me} />;
}

function Stranger({ ended, onEntered }: { ended: boolean; onEntered: () => void }) {
  const first = useStore((state) => state.config['NoAccounts'] === 'true');
  const [location, navigate] = useLocation();

  /** Back to where one wanted to go before the door was in the way. */
  function entered(): void {
    onEntered();
    if (location === '/login' || location === '/signup') navigate('/', { replace: true });
  }

  return (
    <Switch>
      <Route path="/signup">
        <SignUp
          first={first}
          onSignedUp={() => {
            dispatch({ kind: 'config', config: {} });
            entered();
          }}
        />
      </Route>
      <Route>{first ? <Redirect to="/signup" replace /> : <SignIn ended={ended} onSignedIn={entered} />}</Route>
    </Switch>
  );
}
