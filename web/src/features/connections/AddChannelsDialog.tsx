// Chooses channels and shares them over a connection. Those that fail are named with the reason; the others are shared.
import type { SyntheticEvent } from 'react';
import { useId, useState } from 'react';
import { asFailure } from '../../api/client';
import type { Connection } from '../../api/connections';
import { inviteToChannel } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { ChannelFinder } from './ChannelFinder';
import type { ChosenChannel } from './ChosenChannels';
import { ChosenChannels } from './ChosenChannels';
import styles from './connections.module.css';
import type { FoundChannel } from './useChannelSearch';

export interface AddChannelsDialogProps {
  connection: Connection;
  /** Ids of the channels that go over the connection already. */
  shared: readonly string[];
  onClose: () => void;
  /** Something was shared. */
  onShared: () => void;
}

interface Failed {
  name: string;
  reason: string;
}

export function AddChannelsDialog({ connection, shared, onClose, onShared }: AddChannelsDialogProps) {
  const { t } = useLanguage();
  const formId = useId();
  // As it was when the dialog opened: sharing one must not search again for the rest.
  const [before] = useState(shared);
  const [chosen, setChosen] = useState<readonly ChosenChannel[]>([]);
  const [failed, setFailed] = useState<readonly Failed[] | undefined>();
  const [busy, setBusy] = useState(false);

  function choose(channel: FoundChannel): void {
    setChosen((list) => (list.some((one) => one.channel.id === channel.id) ? list : [...list, { channel, readOnly: false }]));
  }

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const refused: Failed[] = [];
    // One after the other: what is shared first is there if the line breaks in between.
    for (const { channel, readOnly } of chosen) {
      try {
        await inviteToChannel(connection.id, channel.id, readOnly);
      } catch (error) {
        const foreign = asFailure(error).id === 'api.command_share.channel_invite_not_home.error';
        refused.push({ name: channel.displayName, reason: foreign ? t('connections.foreign') : failureText(error, t) });
      }
    }
    if (refused.length < chosen.length) onShared();
    if (refused.length === 0) onClose();
    else setFailed(refused);
    setBusy(false);
  }

  return (
    <Dialog
      title={t('connections.selectChannels')}
      closeLabel={t('app.close')}
      onClose={onClose}
      wide
      actions={
        failed === undefined ? (
          <>
            <Button look="quiet" onClick={onClose}>
              {t('app.cancel')}
            </Button>
            <Button look="primary" type="submit" form={formId} disabled={busy || chosen.length === 0}>
              {t('connections.shareNow')}
            </Button>
          </>
        ) : (
          <Button look="primary" onClick={onClose}>
            {t('app.close')}
          </Button>
        )
      }
    >
      {failed !== undefined && (
        <Notice kind="fault">
          {t('connections.someFailed')}
          <ul>
            {failed.map((one) => (
              <li key={one.name}>
                <strong>{one.name}</strong>: {one.reason}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {failed === undefined && (
        <>
          <p>{t('connections.selectLead', { name: connection.displayName })}</p>
          <ChannelFinder shared={before} chosen={chosen.map((one) => one.channel.id)} onChoose={choose} />
          <form id={formId} className={styles['form']} onSubmit={(event) => void submit(event)}>
            <ChosenChannels chosen={chosen} onChange={setChosen} />
          </form>
        </>
      )}
    </Dialog>
  );
}
