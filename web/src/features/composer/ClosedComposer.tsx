// In place of the box where nobody may write: the reason. The field stays, disabled, so that keyboard and screen reader find what they expect.
import { Archive, BookOpen } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import type { ComposerState } from '../../state/selectors';
import styles from './Composer.module.css';

export function ClosedComposer({ state, label }: { state: Exclude<ComposerState, { kind: 'open' }>; label: string }) {
  const { t } = useLanguage();
  const reason =
    state.kind === 'archived' ? t('composer.archived') : state.organisation === '' ? t('composer.readOnlyGeneric') : t('composer.readOnly', { organisation: state.organisation });
  return (
    <div className={styles['composer']}>
      <div className={styles['closed']}>
        {state.kind === 'archived' ? <Archive size={20} aria-hidden="true" /> : <BookOpen size={20} aria-hidden="true" />}
        <textarea rows={1} disabled aria-label={label} value={reason} readOnly data-testid="composer" title={reason} />
      </div>
    </div>
  );
}
