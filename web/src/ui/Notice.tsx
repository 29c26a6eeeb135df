// A sentence that has to be seen: a fault, a warning, a fact. Faults and warnings are read out when they appear.
import type { ReactNode } from 'react';
import styles from './Notice.module.css';

export interface NoticeProps {
  kind: 'fault' | 'warning' | 'fact';
  icon?: ReactNode;
  children: ReactNode;
  testId?: string;
}

export function Notice({ kind, icon, children, testId }: NoticeProps) {
  return (
    <div className={styles['notice']} data-kind={kind} role={kind === 'fact' ? 'note' : 'alert'} data-testid={testId}>
      {icon}
      <div>{children}</div>
    </div>
  );
}
