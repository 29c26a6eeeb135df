// Adds people of the team to a channel, one click each.
import { Check, Search } from 'lucide-react';
import { useDeferredValue, useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel, User } from '../../state/model';
import { displayName } from '../../state/selectors';
import { Avatar } from '../../ui/Avatar';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { addMember, findAddable } from './actions';
import styles from './dialogs.module.css';

export function AddDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useLanguage();
  const [term, setTerm] = useState('');
  const [found, setFound] = useState<User[] | undefined>();
  const [done, setDone] = useState<Record<string, 'added' | 'asked'>>({});
  const [fault, setFault] = useState('');
  const wanted = useDeferredValue(term);

  useEffect(() => {
    let live = true;
    findAddable(channel.team_id, channel.id, wanted).then(
      (users) => live && setFound(users),
      (error: unknown) => live && setFault(failureText(error, t)),
    );
    return () => {
      live = false;
    };
  }, [channel.team_id, channel.id, wanted, t]);

  async function add(user: User): Promise<void> {
    try {
      const outcome = await addMember(channel.id, user.id);
      setDone((before) => ({ ...before, [user.id]: outcome }));
    } catch (error) {
      setFault(failureText(error, t));
    }
  }

  return (
    <Dialog title={t('channels.addTitle', { name: channel.display_name })} closeLabel={t('app.close')} onClose={onClose}>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <label className={styles['search']}>
        <Search size={16} aria-hidden="true" />
        <input type="search" value={term} onChange={(event) => setTerm(event.target.value)} placeholder={t('channels.addSearch')} aria-label={t('channels.addSearch')} />
      </label>
      {found?.length === 0 && <p className={styles['empty']}>{t('channels.addNobody')}</p>}
      <ul className={styles['list']} aria-label={t('channels.add')}>
        {found?.map((user) => (
          <li key={user.id} className={styles['line']}>
            <Avatar id={user.id} name={displayName(user)} size="m" />
            <span className={styles['lineText']}>
              <strong>{displayName(user)}</strong>
              <span>@{user.username}</span>
            </span>
            {done[user.id] !== undefined ? (
              <span className={styles['done']} role="status">
                <Check size={16} aria-hidden="true" />
                {t(done[user.id] === 'asked' ? 'channels.asked' : 'channels.added')}
              </span>
            ) : (
              <Button small aria-label={t('channels.addNamed', { name: user.username })} onClick={() => void add(user)}>
                {t('channels.addButton')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
