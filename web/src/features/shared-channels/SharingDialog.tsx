// The settings of a channel's sharing: for those who may share channels. In a copy there is only the way out.
import { ledgerHref } from '../../api/ledger';
import { useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { useStore } from '../../state/react';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { LeaveDialog } from '../../ui/LeaveDialog';
import { Notice } from '../../ui/Notice';
import { useLeaveGuard } from '../../ui/useLeaveGuard';
import { useNow } from '../../ui/useNow';
import { Waiting } from '../../ui/Waiting';
import { LedgerLink } from '../../ui/LedgerLink';
import { CopySharing } from './CopySharing';
import styles from './shared.module.css';
import type { Changes, Draft, Sharing } from './sharing';
import { changesOf, entries, loadSharing, saveSharing } from './sharing';
import { SharingForm } from './SharingForm';
import { StopSharingDialog } from './StopSharingDialog';

export function SharingDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const home = useStore((state) => state.shares[channel.id]?.home ?? true);
  return home ? <HomeSharing channel={channel} onClose={onClose} /> : <CopySharing channel={channel} onClose={onClose} />;
}

function HomeSharing({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t, n } = useLanguage();
  const news = useStore((state) => state.connectionNews);
  const now = useNow(15_000);
  const [sharing, setSharing] = useState<Sharing | undefined>();
  const [draft, setDraft] = useState<Draft>({});
  // Undefined: as it is.
  const [switched, setSwitched] = useState<boolean | undefined>();
  const [fault, setFault] = useState('');
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<Changes | undefined>();

  useEffect(() => {
    let live = true;
    loadSharing(channel.id).then(
      (found) => live && setSharing(found),
      (error: unknown) => live && setFault(failureText(error, t)),
    );
    return () => {
      live = false;
    };
  }, [channel.id, news, t]);

  const on = switched ?? (sharing !== undefined && sharing.partners.length > 0);
  const changes = sharing === undefined ? { invite: [], uninvite: [] } : changesOf(sharing, draft, on);
  const dirty = changes.invite.length + changes.uninvite.length > 0;
  const guard = useLeaveGuard(dirty);

  function change(next: Draft): void {
    setDraft(next);
    setSaid('');
  }

  async function carryOut(work: Changes): Promise<void> {
    setAsking(undefined);
    setBusy(true);
    setFault('');
    const failed = await saveSharing(channel.id, work);
    await loadSharing(channel.id).then(setSharing, (error: unknown) => failed.push(error));
    setDraft({});
    setSwitched(undefined);
    const [first, ...others] = failed;
    if (first === undefined) setSaid(t('sharing.saved'));
    else setFault([failureText(first, t), others.length > 0 ? n('sharing.more', others.length) : ''].join(' ').trim());
    setBusy(false);
  }

  const close = (): void => guard.attempt(onClose);
  return (
    <Dialog
      title={t('sharing.dialog', { name: channel.display_name })}
      closeLabel={t('app.close')}
      onClose={close}
      wide
      actions={
        <>
          <Button look="quiet" onClick={close}>
            {t('app.close')}
          </Button>
          <Button look="primary" disabled={busy || !dirty} onClick={() => (changes.uninvite.length > 0 ? setAsking(changes) : void carryOut(changes))}>
            {t('app.save')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {sharing === undefined && fault === '' && <Waiting label={t('app.loading')} />}
      {sharing !== undefined && (
        <SharingForm
          sharing={sharing}
          draft={draft}
          entries={entries(sharing, draft, now)}
          on={on}
          now={now}
          onSwitch={(next) => {
            setSwitched(next);
            setSaid('');
          }}
          onChange={change}
        />
      )}
      <p role="status" className={styles['fact']}>
        {said}
      </p>
      <LedgerLink href={ledgerHref({ channel: channel.id })} />
      {asking !== undefined && <StopSharingDialog channel={channel} names={asking.uninvite.map((partner) => partner.name)} onClose={() => setAsking(undefined)} onConfirm={() => void carryOut(asking)} />}
      <LeaveDialog guard={guard} />
    </Dialog>
  );
}
