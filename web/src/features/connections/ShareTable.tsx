// Shares of one direction, by the channels' names.
import { Hash, Lock } from 'lucide-react';
import { useCallback, useState } from 'react';
import type { ConnectionShare } from '../../api/connectionShares';
import { useDates, useLanguage } from '../../i18n/context';
import type { MessageKey } from '../../i18n/en';
import { Button } from '../../ui/Button';
import type { Option } from '../../ui/SearchSelect';
import { useLoad } from '../../ui/useLoad';
import styles from './connections.module.css';
import { listTeams } from './teams';

const states: Record<string, MessageKey> = {
  queued: 'connections.share.queued',
  invited: 'connections.share.invited',
  active: 'connections.share.active',
  paused: 'connections.share.paused',
};

export interface ShareTableProps {
  shares: readonly ConnectionShare[];
  ours: boolean;
  /** How many things wait, by channel. */
  waiting: Readonly<Record<string, number>>;
  /** Undefined for those who may not. */
  onRemove: ((share: ConnectionShare) => void) | undefined;
}

export function ShareTable({ shares, ours, waiting, onRemove }: ShareTableProps) {
  const { t } = useLanguage();
  const dates = useDates();
  const [teams, setTeams] = useState<Option[]>([]);
  // Without their names the column stays empty.
  useLoad(useCallback(async () => setTeams(await listTeams()), []));
  const name = (share: ConnectionShare): string => share.channel?.displayName ?? t('connections.unseen');
  const sorted = [...shares].sort((a, b) => name(a).localeCompare(name(b)));

  return (
    <div className={styles['scroll']}>
      <table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">{t('connections.column.name')}</th>
            <th scope="col">{t(ours ? 'connections.column.current' : 'connections.column.destination')}</th>
            <th scope="col">{t('connections.column.mode')}</th>
            <th scope="col">{t('connections.column.state')}</th>
            <th scope="col">{t('connections.column.sync')}</th>
            <th scope="col">{t('connections.column.waiting')}</th>
            {onRemove !== undefined && (
              <th scope="col">
                <span className="visually-hidden">{t('connections.column.actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {sorted.map((share) => {
            const state = states[share.state];
            return (
              <tr key={share.channelId}>
                <th scope="row">
                  <span className={styles['channel']}>
                    {share.channel?.type === 'O' ? <Hash size={15} role="img" aria-label={t('channels.public')} /> : <Lock size={15} role="img" aria-label={t('channels.private')} />}
                    {name(share)}
                  </span>
                </th>
                <td>{teams.find((team) => team.id === share.channel?.teamId)?.label}</td>
                <td>{t(share.readOnly ? 'connections.mode.readonly' : 'connections.mode.participation')}</td>
                <td title={share.reason === '' ? undefined : share.reason}>{state === undefined ? share.state : t(state)}</td>
                <td>{share.lastSyncAt === 0 ? t('connections.never') : dates.ago(share.lastSyncAt)}</td>
                <td>{waiting[share.channelId] ?? 0}</td>
                {onRemove !== undefined && (
                  <td>
                    <Button small look="quiet" aria-label={t('connections.removeNamed', { name: name(share) })} onClick={() => onRemove(share)}>
                      {t('connections.remove')}
                    </Button>
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
