// In place of the box where nobody may write: the reason. The field stays, disabled, so that keyboard and screen reader find what they expect.
import { Archive, BookOpen } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import type { ComposerState } from '../../state/selectors';
import styles from './Composer.module.css';

type Closed = Exclude<ComposerState, { kind: 'open' }>;

function reasonOf(state: Closed, t: ReturnType<typeof useLanguage>['t']): string {
  switch (state.kind) {
    case 'archived':
      return t('composer.archived');
    case 'moderated':
      return t('composer.moderated');
    case 'unreachable':
      return t('composer.unreachable');
    case 'read-only':
      return state.organisation === '' ? t('composer.readOnlyGeneric') : t('composer.readOnly', { organisation: state.organisation });
  }
}

export function ClosedComposer({ state, label }: { state: Closed; label: string }) {
  const { t } = useLanguage();
  const reason = reasonOf(state, t);
  return (
    <div className={styles['composer']}>
      <div className={styles['closed']}>
        {state.kind === 'archived' ? <Archive size={20} aria-hidden="true" /> : <BookOpen size={20} aria-hidden="true" />}
        <textarea rows={1} disabled aria-label={label} value={reason} readOnly data-testid="composer" title={reason} />
      </div>
    </div>
  );
}
