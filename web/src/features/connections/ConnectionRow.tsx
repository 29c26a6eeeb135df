// One connection in the list.
import { Activity, EllipsisVertical, KeyRound, Pencil, Trash2 } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import type { Connection } from '../../api/connections';
import { useLanguage } from '../../i18n/context';
import { connectionHref } from '../../state/addresses';
import { IconButton } from '../../ui/Button';
import { MenuItem, Popover } from '../../ui/Popover';
import styles from './connections.module.css';
import { ConnectionStateLabel } from './ConnectionStateLabel';

export type RowAction = 'generate' | 'test' | 'delete';

export interface ConnectionRowProps {
  connection: Connection;
  /** Whether the reader may change connections. */
  manager: boolean;
  onAction: (action: RowAction) => void;
}

export function ConnectionRow({ connection, manager, onAction }: ConnectionRowProps) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const ended = connection.endedAt > 0;
  const pending = connection.siteUrl === '';
  const options = t('connections.options', { name: connection.displayName });
  return (
    <li className={styles['row']} data-testid="connection">
      <Link href={connectionHref(connection.id)} className={styles['rowLink']}>
        {connection.displayName}
      </Link>
      <ConnectionStateLabel connection={connection} />
      {manager && !ended && (
        <Popover
          label={options}
          trigger={(props) => (
            <IconButton label={options} {...props}>
              <EllipsisVertical size={18} />
            </IconButton>
          )}
        >
          {pending && (
            <MenuItem icon={<KeyRound size={16} />} onSelect={() => onAction('generate')}>
              {t('connections.generate')}
            </MenuItem>
          )}
          <MenuItem icon={<Pencil size={16} />} onSelect={() => navigate(connectionHref(connection.id))}>
            {t('connections.edit')}
          </MenuItem>
          {!pending && (
            <MenuItem icon={<Activity size={16} />} onSelect={() => onAction('test')}>
              {t('connections.test')}
            </MenuItem>
          )}
          <MenuItem icon={<Trash2 size={16} />} danger onSelect={() => onAction('delete')}>
            {t('connections.delete')}
          </MenuItem>
        </Popover>
      )}
    </li>
  );
}
