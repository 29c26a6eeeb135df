// A labelled text field with its hint and its fault; both are read out with the field.
import type { InputHTMLAttributes } from 'react';
import { useId } from 'react';
import styles from './Field.module.css';

export interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> {
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  /** Text before the value that cannot be changed, such as the beginning of an address. */
  prefix?: string;
}

export function Field({ label, hint, fault, prefix, ...input }: FieldProps) {
  const id = useId();
  const noteId = useId();
  const note = fault ?? hint;
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{label}</label>
      <span className={styles['box']} data-fault={fault !== undefined || undefined}>
        {prefix !== undefined && <span className={styles['prefix']}>{prefix}</span>}
        <input id={id} aria-describedby={note === undefined ? undefined : noteId} aria-invalid={fault !== undefined} {...input} />
      </span>
      {note !== undefined && (
        <p id={noteId} className={styles['note']} data-fault={fault !== undefined || undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
