// A person as an arched window with initials; people from elsewhere carry a small bridge.
import styles from './Avatar.module.css';
import { Bridge } from './Bridge';
import { hueOf } from './hue';

export interface AvatarProps {
  id: string;
  name: string;
  size?: 's' | 'm' | 'l';
  remote?: boolean;
  status?: string | undefined;
}

function initials(name: string): string {
  const words = name.replace(/[^\p{L}\p{N} ._-]/gu, '').split(/[ ._-]+/).filter((word) => word !== '');
  const [first = '?', second = ''] = words;
  return (first.slice(0, 1) + second.slice(0, 1)).toLocaleUpperCase();
}

/** Decoration: the name stands beside it, so screen readers pass it over. */
export function Avatar({ id, name, size = 'm', remote = false, status }: AvatarProps) {
  return (
    <span className={styles['frame']} data-size={size} aria-hidden="true">
      <span className={styles['window']} data-hue={hueOf(id)}>
        {initials(name)}
      </span>
      {remote && (
        <span className={styles['remote']}>
          <Bridge size={10} />
        </span>
      )}
      {!remote && status === 'online' && <span className={styles['online']} />}
    </span>
  );
}
