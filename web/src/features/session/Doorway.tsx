// The frame of the pages before a team is open: the bridge on one side, the form on the other.
import type { ReactNode } from 'react';
import { useLanguage } from '../../i18n/context';
import { Landscape } from '../../ui/Landscape';
import styles from './Doorway.module.css';

export function Doorway({ title, lead, children, footer }: { title: string; lead: string; children: ReactNode; footer?: ReactNode }) {
  const { t } = useLanguage();
  return (
    <div className={styles['door']}>
      <header className={styles['picture']}>
        <p className={styles['name']}>{t('app.name')}</p>
        <p className={styles['tagline']}>{t('app.tagline')}</p>
        <Landscape />
      </header>
      <main className={styles['side']}>
        <div className={styles['card']}>
          <h1>{title}</h1>
          <p className={styles['lead']}>{lead}</p>
          {children}
        </div>
        {footer !== undefined && <footer className={styles['footer']}>{footer}</footer>}
      </main>
    </div>
  );
}
