// A state in a word, with a mark beside it that differs in shape as well as in colour.
import styles from './StateLabel.module.css';

export interface StateLabelProps {
  state: 'connected' | 'offline' | 'pending' | 'severed' | 'removed' | 'unsaved';
  label: string;
  title?: string | undefined;
}

export function StateLabel({ state, label, title }: StateLabelProps) {
  return (
    <span className={styles['label']} data-state={state} title={title} data-testid="state">
      <i aria-hidden="true" />
      {label}
    </span>
  );
}
