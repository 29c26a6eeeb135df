// The administration area: where its pages are, and the one that is open. Fetched when somebody goes there.
import { ArrowLeft, Cable } from 'lucide-react';
import { Link, Redirect, Route, Switch } from 'wouter';
import { ConnectionPages } from '../features/connections/ConnectionPages';
import { useLanguage } from '../i18n/context';
import { connectionsHref } from '../state/addresses';
import { useStore } from '../state/react';
import styles from './Administration.module.css';

export default function Administration() {
  const { t } = useLanguage();
  const lost = useStore((state) => state.connection === 'lost');
  return (
    <div className={styles['area']}>
      <nav className={styles['side']} aria-label={t('admin.title')}>
        <Link href="/">
          <ArrowLeft size={16} aria-hidden="true" />
          {t('admin.leave')}
        </Link>
        <h2>{t('admin.site')}</h2>
        <Link href={connectionsHref} aria-current="page">
          <Cable size={16} aria-hidden="true" />
          {t('connections.title')}
        </Link>
      </nav>
      <main className={styles['main']}>
        {lost && (
          <p className={styles['lost']} role="status" data-testid="connection-lost">
            {t('app.lost')}
          </p>
        )}
        <Switch>
          <Route path={`${connectionsHref}/:part?`}>
            <ConnectionPages />
          </Route>
          <Route>
            <Redirect to={connectionsHref} replace />
          </Route>
        </Switch>
      </main>
    </div>
  );
}
