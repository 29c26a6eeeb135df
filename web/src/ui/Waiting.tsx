// Something is on its way: three small waves and the words for it.
import styles from './Waiting.module.css';

export function Waiting({ label }: { label: string }) {
  return (
    <p className={styles['waiting']} role="status">
      <span className={styles['waves']} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {label}
    </p>
  );
}
