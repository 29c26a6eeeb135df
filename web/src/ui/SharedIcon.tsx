// The mark of a shared channel: the bridge, with the organisations in its tooltip (behaviour 5.3, UI-16).
import { useLanguage } from '../i18n/context';
import { Bridge } from './Bridge';
import styles from './SharedIcon.module.css';

const NAMES = 3;
const NAME_LENGTH = 30;
const WHOLE_LENGTH = 120;

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Up to three organisations by name, each at most 30 characters, then the number of the others; at most 120 characters in all. */
export function useSharedLabel(names: readonly string[]): string {
  const { t, n } = useLanguage();
  if (names.length === 0) return t('shared.generic');
  const shown = names.slice(0, NAMES).map((name) => cut(name, NAME_LENGTH));
  const rest = names.length - shown.length;
  if (rest > 0) shown.push(n('shared.others', rest));
  return cut(t('shared.with', { names: shown.join(', ') }), WHOLE_LENGTH);
}

export function SharedIcon({ names, size = 14 }: { names: readonly string[]; size?: number }) {
  const label = useSharedLabel(names);
  return (
    <span className={styles['icon']} role="img" aria-label={label} title={label} data-testid="shared-icon">
      <Bridge size={size} />
    </span>
  );
}
