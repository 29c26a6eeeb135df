// What ordinary members and guests of a channel may do here. For administrators; people of other organisations are not concerned (behaviour 4.4).
import { useCallback, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { MessageKey } from '../../i18n/en';
import type { Channel } from '../../state/model';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { useLoad } from '../../ui/useLoad';
import { Waiting } from '../../ui/Waiting';
import styles from './dialogs.module.css';
import type { Moderation, Role } from './moderation';
import { listModerations, setModeration } from './moderation';

const texts: Record<string, MessageKey> = {
  create_post: 'channels.moderation.create_post',
  create_reactions: 'channels.moderation.create_reactions',
  manage_members: 'channels.moderation.manage_members',
  use_channel_mentions: 'channels.moderation.use_channel_mentions',
};

export function ModerationDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useLanguage();
  const [list, setList] = useState<readonly Moderation[]>([]);
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const { done, error, retry } = useLoad(useCallback(async () => setList(await listModerations(channel.id)), [channel.id]));

  async function change(name: string, role: Role, allowed: boolean): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      setList(await setModeration(channel.id, name, role, allowed));
    } catch (failure) {
      setFault(failureText(failure, t));
    }
    setBusy(false);
  }

  function cell(entry: Moderation, role: Role, text: string) {
    const held = entry.roles[role];
    if (held === null) return <td />;
    const label = `${text}: ${t(role === 'members' ? 'channels.moderation.members' : 'channels.moderation.guests')}`;
    return (
      <td>
        <input
          type="checkbox"
          aria-label={label}
          checked={held.value}
          disabled={busy || !held.enabled}
          onChange={(event) => void change(entry.name, role, event.target.checked)}
        />
      </td>
    );
  }

  return (
    <Dialog
      title={t('channels.moderationTitle', { name: channel.display_name })}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <Button look="quiet" onClick={onClose}>
          {t('app.close')}
        </Button>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {error !== undefined && (
        <Notice kind="fault">
          {failureText(error, t)} <Button onClick={retry}>{t('app.retry')}</Button>
        </Notice>
      )}
      <p>{t(channel.shared === true ? 'channels.moderation.leadShared' : 'channels.moderation.lead')}</p>
      {!done && error === undefined && <Waiting label={t('app.loading')} />}
      {done && (
        <table className={styles['moderation']}>
          <thead>
            <tr>
              <th scope="col">{t('channels.moderation.what')}</th>
              <th scope="col">{t('channels.moderation.members')}</th>
              <th scope="col">{t('channels.moderation.guests')}</th>
            </tr>
          </thead>
          <tbody>
            {list.map((entry) => {
              const key = texts[entry.name];
              const text = key === undefined ? entry.name : t(key);
              return (
                <tr key={entry.name}>
                  <th scope="row">{text}</th>
                  {cell(entry, 'members', text)}
                  {cell(entry, 'guests', text)}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}
