// The members of a channel, our own first, then by the organisation they come from.
import { MessageCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { loadMembers, loadStatuses } from '../../realtime/load';
import type { Channel, User } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { displayName, isRemote, originOf } from '../../state/selectors';
import { store } from '../../state/store';
import { Avatar } from '../../ui/Avatar';
import { IconButton } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { OrganisationMark } from '../../ui/OrganisationMark';
import { Waiting } from '../../ui/Waiting';
import styles from './PeoplePane.module.css';
import { useReachable } from './useReachable';

export interface PeoplePaneProps {
  channel: Channel;
  /** The organisations, for shared channels. */
  organisations: ReactNode;
  onMessage: (user: User) => void;
}

export function PeoplePane({ channel, organisations, onMessage }: PeoplePaneProps) {
  const { t, n } = useLanguage();
  const [fault, setFault] = useState('');
  const loaded = useStore((state) => channel.id in state.members);
  const users = useStoreShallow((state) => (state.members[channel.id] ?? []).flatMap((id) => state.users[id] ?? []));

  useEffect(() => {
    loadMembers(channel.id).then(
      () => loadStatuses(store.getState().members[channel.id] ?? []),
      (error: unknown) => setFault(failureText(error, t)),
    );
  }, [channel.id, t]);

  const sorted = users.filter((user) => user.delete_at === 0).sort((a, b) => displayName(a).localeCompare(displayName(b)));
  const local = sorted.filter((user) => !isRemote(user));
  const remote = sorted.filter(isRemote);

  return (
    <div className={styles['pane']}>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {!loaded && fault === '' && <Waiting label={t('app.loading')} />}
      {organisations}
      {loaded && (
        <p className={styles['count']}>
          {n('members', sorted.length)}
          {remote.length > 0 && ` · ${t('people.split', { local: local.length, remote: remote.length })}`}
        </p>
      )}
      {local.length > 0 && <Section title={t('people.here')} users={local} onMessage={onMessage} />}
      <RemoteSections users={remote} onMessage={onMessage} />
    </div>
  );
}

function RemoteSections({ users, onMessage }: { users: readonly User[]; onMessage: (user: User) => void }) {
  const { t } = useLanguage();
  const origins = useStore((state) => state.origins);
  const byOrigin = new Map<string, User[]>();
  for (const user of users) byOrigin.set(user.remote_id ?? '', [...(byOrigin.get(user.remote_id ?? '') ?? []), user]);
  return [...byOrigin].map(([remoteId, members]) => (
    <Section key={remoteId} title={t('people.from', { organisation: origins[remoteId]?.display_name ?? t('people.elsewhere') })} users={members} onMessage={onMessage} />
  ));
}

function Section({ title, users, onMessage }: { title: string; users: readonly User[]; onMessage: (user: User) => void }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {users.map((user) => (
          <Person key={user.id} user={user} onMessage={onMessage} />
        ))}
      </ul>
    </section>
  );
}

function Person({ user, onMessage }: { user: User; onMessage: (user: User) => void }) {
  const { t } = useLanguage();
  const me = useStore((state) => state.me);
  const origin = useStore((state) => originOf(state, user)?.display_name);
  const status = useStore((state) => state.statuses[user.id]);
  const reachable = useReachable(user, undefined);
  return (
    <li className={styles['person']} data-testid="member">
      <Avatar id={user.id} name={displayName(user)} remote={isRemote(user)} status={status} />
      <span className={styles['text']}>
        <strong>
          {displayName(user)}
          {user.id === me && <span className={styles['you']}> ({t('people.you')})</span>}
        </strong>
        <span className={styles['handle']}>
          @{user.username}
          {user.position !== '' && ` · ${user.position}`}
        </span>
        {isRemote(user) && <OrganisationMark name={origin} connection={user.remote_id} />}
      </span>
      {user.id !== me && (
        <IconButton
          small
          disabled={!reachable}
          label={t(reachable ? 'people.message' : 'people.unreachable', { name: displayName(user) })}
          onClick={() => onMessage(user)}
        >
          <MessageCircle size={16} />
        </IconButton>
      )}
    </li>
  );
}
