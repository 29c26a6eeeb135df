// What is known of a connection and not to be changed.
import { useEffect } from 'react';
import type { Connection } from '../../api/connections';
import { useDates, useLanguage } from '../../i18n/context';
import { ensureUsers } from '../../realtime/profiles';
import { useStore } from '../../state/react';
import { displayName } from '../../state/selectors';
import styles from './connections.module.css';

export function ConnectionFacts({ connection }: { connection: Connection }) {
  const { t } = useLanguage();
  const dates = useDates();
  const creator = useStore((state) => displayName(state.users[connection.creatorId]));
  useEffect(() => ensureUsers([connection.creatorId]), [connection.creatorId]);

  const facts: (readonly [string, string])[] = [
    [t('connections.id'), connection.id],
    [t('connections.url'), connection.siteUrl],
    [t('connections.createdBy'), t('connections.createdByAt', { time: dates.full(connection.createdAt), name: creator })],
    [t('connections.codeExpires'), connection.inviteExpiresAt > 0 ? dates.full(connection.inviteExpiresAt) : ''],
    [t('connections.acceptedAt'), connection.acceptedAt > 0 ? dates.full(connection.acceptedAt) : ''],
    [t('connections.lastPing'), connection.lastPingAt > 0 ? dates.full(connection.lastPingAt) : ''],
  ];
  return (
    <dl className={styles['facts']}>
      {facts
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
