// The channels that go over a connection: those the other organisation shares with us, and those we share with it.
import type { KeyboardEvent } from 'react';
import { useCallback, useId, useState } from 'react';
import { loadHealth } from '../../api/connectionHealth';
import type { Connection } from '../../api/connections';
import type { ConnectionShare } from '../../api/connectionShares';
import { listConnectionShares } from '../../api/connectionShares';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { mayInSystem } from '../../state/selectors';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import { AddChannelsDialog } from './AddChannelsDialog';
import styles from './connections.module.css';
import { RemoveChannelDialog } from './RemoveChannelDialog';
import { ShareTable } from './ShareTable';
import { useFresh } from './useFresh';

type Side = 'theirs' | 'ours';

const other = (side: Side): Side => (side === 'ours' ? 'theirs' : 'ours');

export function SharedChannels({ connection }: { connection: Connection }) {
  const { t } = useLanguage();
  const id = useId();
  const manager = useStore((state) => mayInSystem(state, 'manage_shared_channels'));
  const [side, setSide] = useState<Side>(connection.siteUrl === '' ? 'ours' : 'theirs');
  const [dialog, setDialog] = useState<'add' | ConnectionShare | undefined>();
  const { value: shares, error, reload } = useFresh(useCallback(() => listConnectionShares(connection.id), [connection.id]));
  // How much waits is of use, and missing from no table that can do without it.
  const { value: health } = useFresh(useCallback(() => loadHealth(connection.id), [connection.id]));
  const shown = shares?.filter((share) => share.home === (side === 'ours'));
  const name = connection.displayName;

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    setSide(other(side));
    document.getElementById(`${id}-${other(side)}`)?.focus();
  }

  const tab = (which: Side, label: string) => (
    <button type="button" role="tab" id={`${id}-${which}`} aria-selected={side === which} aria-controls={`${id}-panel`} tabIndex={side === which ? 0 : -1} onClick={() => setSide(which)} onKeyDown={onKeyDown}>
      {label}
    </button>
  );

  function close(): void {
    setDialog(undefined);
    reload();
  }

  return (
    <section className={styles['panel']} aria-labelledby={`${id}-title`}>
      <header className={styles['head']}>
        <div>
          <h2 id={`${id}-title`}>{t('connections.channels')}</h2>
          <p className={styles['lead']}>{t('connections.channelsLead', { name })}</p>
        </div>
        {manager && <Button onClick={() => setDialog('add')}>{t('connections.addChannels')}</Button>}
      </header>
      <div role="tablist" aria-label={t('connections.tabs')} className={styles['tabs']}>
        {tab('theirs', name)}
        {tab('ours', t('connections.yours'))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${side}`}>
        {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
        {shown === undefined && error === undefined && <Waiting label={t('app.loading')} />}
        {shown?.length === 0 && (
          <div className={styles['empty']} data-testid={`no-channels-${side}`}>
            <h3>{side === 'ours' ? t('connections.yoursNone') : t('connections.theirsNone', { name })}</h3>
            <p>{side === 'ours' ? t('connections.yoursHint', { name }) : t('connections.theirsHint', { name })}</p>
          </div>
        )}
        {shown !== undefined && shown.length > 0 && <ShareTable shares={shown} ours={side === 'ours'} waiting={health?.waitingIn ?? {}} onRemove={manager ? setDialog : undefined} />}
      </div>
      {dialog === 'add' && <AddChannelsDialog connection={connection} shared={shares?.map((share) => share.channelId) ?? []} onClose={close} onShared={() => setSide('ours')} />}
      {dialog !== undefined && dialog !== 'add' && <RemoveChannelDialog connection={connection} share={dialog} onClose={close} />}
    </section>
  );
}
