// A value to hand on, with its button to copy it.
import { Check, Copy } from 'lucide-react';
import { useId, useState } from 'react';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { copyText } from '../../ui/copyText';
import styles from './connections.module.css';

export function CopyValue({ label, value, copyLabel, testId }: { label: string; value: string; copyLabel: string; testId: string }) {
  const { t } = useLanguage();
  const id = useId();
  const [copied, setCopied] = useState(false);
  return (
    <div role="group" aria-labelledby={id} className={styles['copy']}>
      <strong id={id}>{label}</strong>
      <div>
        <code data-testid={testId}>{value}</code>
        <Button small aria-label={copied ? undefined : copyLabel} onClick={() => void copyText(value).then(setCopied)}>
          {copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
          {t(copied ? 'connections.copied' : 'connections.copy')}
        </Button>
        <span className="visually-hidden" role="status">
          {copied ? t('connections.copied') : ''}
        </span>
      </div>
    </div>
  );
}
