// A block of code with a button that copies exactly what stands in it: no line end more, no blank less. Invitation codes depend on that.
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import { Children, isValidElement, useEffect, useState } from 'react';
import { useLanguage } from '../../i18n/context';
import { copyText } from '../copyText';
import styles from './Markdown.module.css';

/** The text of the elements a block was made of. */
function textOf(node: ReactNode): string {
  return Children.toArray(node)
    .map((child) => {
      if (typeof child === 'string' || typeof child === 'number') return String(child);
      return isValidElement<{ children?: ReactNode }>(child) ? textOf(child.props.children) : '';
    })
    .join('');
}

const COPIED_MS = 2000;

export function CodeBlock({ children }: { children?: ReactNode }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  // Markdown ends every block with one line end that nobody wrote.
  const code = textOf(children).replace(/\n$/, '');

  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  return (
    <div className={styles['block']}>
      <pre>
        <code data-testid="code">{code}</code>
      </pre>
      <button type="button" className={styles['copy']} aria-label={t('posts.copyCode')} onClick={() => void copyText(code).then(setCopied)}>
        {copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
        <span aria-live="polite">{copied ? t('posts.copied') : t('posts.copy')}</span>
      </button>
    </div>
  );
}
