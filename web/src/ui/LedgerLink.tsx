// Leads to what left this server, as a file for auditors (behaviour 8.11).
import { Download } from 'lucide-react';
import { useLanguage } from '../i18n/context';
import styles from './LedgerLink.module.css';

/** For those who may read it: the server refuses everybody else. */
export function LedgerLink({ href }: { href: string }) {
  const { t } = useLanguage();
  return (
    <a className={styles['link']} href={href} title={t('ledger.hint')} download>
      <Download size={15} aria-hidden="true" />
      {t('ledger.download')}
    </a>
  );
}
