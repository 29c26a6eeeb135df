// All public channels of the team: find, join, open.
import { Plus, Search } from 'lucide-react';
import { useDeferredValue, useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel, Team } from '../../state/model';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { SharedIcon } from '../../ui/SharedIcon';
import { Waiting } from '../../ui/Waiting';
import { joinChannel, listPublic } from './actions';
import { ChannelKind } from './ChannelKind';
import styles from './dialogs.module.css';

export interface BrowseDialogProps {
  team: Team;
  onClose: () => void;
  onOpen: (channel: Channel) => void;
  onCreate: () => void;
}

export function BrowseDialog({ team, onClose, onOpen, onCreate }: BrowseDialogProps) {
  const { t } = useLanguage();
  const memberships = useStore((state) => state.memberships);
  const organisations = useStore((state) => state.organisations);
  const [channels, setChannels] = useState<Channel[] | undefined>();
  const [term, setTerm] = useState('');
  const [sharedOnly, setSharedOnly] = useState(false);
  const [fault, setFault] = useState('');
  const wanted = useDeferredValue(term.trim().toLowerCase());

  useEffect(() => {
    listPublic(team.id).then(setChannels, (error: unknown) => setFault(failureText(error, t)));
  }, [team.id, t]);

  async function join(channel: Channel): Promise<void> {
    try {
      await joinChannel(channel.id);
      onOpen(channel);
    } catch (error) {
      setFault(failureText(error, t));
    }
  }

  const found = channels?.filter((channel) => (!sharedOnly || channel.shared === true) && (channel.display_name.toLowerCase().includes(wanted) || channel.name.includes(wanted)));

  return (
    <Dialog
      title={t('channels.browse')}
      closeLabel={t('app.close')}
      onClose={onClose}
      wide
      actions={
        <Button onClick={onCreate}>
          <Plus size={16} />
          {t('channels.createButton')}
        </Button>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <div className={styles['find']}>
        <label className={styles['search']}>
          <Search size={16} aria-hidden="true" />
          <input type="search" value={term} onChange={(event) => setTerm(event.target.value)} placeholder={t('channels.search')} aria-label={t('channels.search')} />
        </label>
        <select value={sharedOnly ? 'shared' : 'all'} onChange={(event) => setSharedOnly(event.target.value === 'shared')} aria-label={t('channels.visibility')}>
          <option value="all">{t('channels.filter.all')}</option>
          <option value="shared">{t('channels.filter.shared')}</option>
        </select>
      </div>
      {found === undefined && fault === '' && <Waiting label={t('app.loading')} />}
      {found?.length === 0 && <p className={styles['empty']}>{t('channels.searchEmpty')}</p>}
      <ul className={styles['list']} aria-label={t('channels.browse')}>
        {found?.map((channel) => {
          const mine = channel.id in memberships;
          return (
            <li key={channel.id} className={styles['line']}>
              <ChannelKind channel={channel} />
              <span className={styles['lineText']}>
                <strong>
                  {channel.display_name}
                  {channel.shared === true && <SharedIcon names={(organisations[channel.id] ?? []).map((entry) => entry.display_name)} />}
                </strong>
                {channel.purpose !== '' && <span>{channel.purpose}</span>}
              </span>
              <Button small look={mine ? 'quiet' : 'plain'} aria-label={t(mine ? 'channels.openNamed' : 'channels.joinNamed', { name: channel.display_name })} onClick={() => (mine ? onOpen(channel) : void join(channel))}>
                {mine ? t('channels.open') : t('channels.join')}
              </Button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}
