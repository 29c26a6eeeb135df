// The last net: a fault in drawing shows a page that says so instead of an empty one.
import type { ReactNode } from 'react';
import { Component } from 'react';
import { useLanguage } from '../i18n/context';
import { Button } from '../ui/Button';
import styles from './app.module.css';

export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { t } = useLanguage();
  return (
    <div className={styles['blank']} role="alert">
      <p>{t('app.crashed')}</p>
      <Button look="primary" onClick={() => window.location.reload()}>
        {t('app.reload')}
      </Button>
    </div>
  );
}
