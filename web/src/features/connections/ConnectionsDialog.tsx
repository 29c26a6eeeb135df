// For administrators: every secure connection, how it fares, and what can be done when it does not.
import { useEffect, useState } from 'react';
import type { Connection } from '../../api/connections';
import { CONNECTIONS_PAGE, listConnections } from '../../api/connections';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { onConnectionChanged } from '../../realtime/connectionNews';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { Waiting } from '../../ui/Waiting';
import { ConnectionPanel } from './ConnectionPanel';
import styles from './connections.module.css';

/** More than this, and one looks for one of them. */
const FEW = 5;

export function ConnectionsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const [found, setFound] = useState<Connection[] | undefined>();
  const [fault, setFault] = useState('');
  const [wanted, setWanted] = useState('');
  const [pages, setPages] = useState(1);
  const [more, setMore] = useState(false);

  useEffect(() => {
    let live = true;
    // Those on screen are fetched again together, so that none is shown twice or left out when another one comes or goes.
    const load = () =>
      void Promise.all(Array.from({ length: pages }, (_, page) => listConnections(wanted, page))).then(
        (lists) => {
          if (!live) return;
          setFound(lists.flat().filter((one) => !one.ended));
          setMore(lists.at(-1)?.length === CONNECTIONS_PAGE);
        },
        (error: unknown) => live && setFault(failureText(error, t)),
      );
    load();
    const unlisten = onConnectionChanged(load);
    return () => {
      live = false;
      unlisten();
    };
  }, [t, wanted, pages]);

  const search = (text: string) => {
    setWanted(text);
    setPages(1);
  };
  const seen = (now: Connection) => setFound((list) => list?.map((one) => (one.id === now.id ? now : one)));

  return (
    <Dialog title={t('connections.title')} closeLabel={t('app.close')} onClose={onClose} wide>
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      {(wanted !== '' || more || (found?.length ?? 0) > FEW) && (
        <Field label={t('connections.search')} type="search" value={wanted} onChange={(event) => search(event.target.value)} />
      )}
      {found === undefined && fault === '' && <Waiting label={t('app.loading')} />}
      {found?.length === 0 && <p>{t(wanted === '' ? 'connections.none' : 'connections.noneFound')}</p>}
      <ul className={styles['list']}>
        {found?.map((one) => (
          <li key={one.id}>
            <ConnectionPanel connection={one} onSeen={seen} />
          </li>
        ))}
      </ul>
      {more && <Button onClick={() => setPages(pages + 1)}>{t('connections.more')}</Button>}
    </Dialog>
  );
}
