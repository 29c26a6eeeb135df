// Earlier messages on their way to the organisations of a channel: how far that is, and pause, resume, cancel for those who may share it.
import { useCallback, useEffect, useState } from 'react';
import { failureText } from '../../api/failureText';
import type { HistoryOrder, HistoryProgress } from '../../api/sharedChannels';
import { getHistory, orderHistory } from '../../api/sharedChannels';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './shared.module.css';

/** How often progress is asked for while there is any, and while there is none. */
const MOVING_MS = 1000;
const RESTING_MS = 15_000;

const WORDS: Record<string, 'history.running' | 'history.paused' | 'history.cancelling' | 'history.cancelled' | 'history.done.state' | 'history.refused'> = {
  running: 'history.running',
  paused: 'history.paused',
  cancelling: 'history.cancelling',
  cancelled: 'history.cancelled',
  done: 'history.done.state',
  refused: 'history.refused',
};

const moves = (one: HistoryProgress): boolean => one.state === 'running' || one.state === 'cancelling';

/** Seconds as people say them. */
function duration(seconds: number): { key: 'history.seconds' | 'history.minutes' | 'history.hours'; n: number } {
  if (seconds < 90) return { key: 'history.seconds', n: Math.max(1, seconds) };
  if (seconds < 90 * 60) return { key: 'history.minutes', n: Math.round(seconds / 60) };
  return { key: 'history.hours', n: Math.round(seconds / 3600) };
}

function Progress({ one, onOrder }: { one: HistoryProgress; onOrder: (order: HistoryOrder) => void }) {
  const { t } = useLanguage();
  const known = one.total >= 0;
  const left = duration(one.remaining_seconds);
  return (
    <li className={styles['history']} data-testid="history-progress" data-state={one.state}>
      <strong>{one.display_name}</strong>
      <progress max={known ? Math.max(1, one.total) : undefined} value={known ? one.done : undefined} aria-label={t('history.label', { name: one.display_name })} />
      <span className={styles['fact']}>
        {known ? t('history.done', { done: String(one.done), total: String(one.total) }) : t('history.counting')}
        {' · '}
        {t(WORDS[one.state] ?? 'history.paused')}
        {one.state === 'running' && one.rate > 0 && ` · ${t('history.rate', { rate: String(one.rate) })}`}
        {one.state === 'running' && one.remaining_seconds >= 0 && ` · ${t('history.remaining', { time: t(left.key, { n: String(left.n) }) })}`}
      </span>
      {one.reason !== '' && <span className={styles['fact']}>{one.reason}</span>}
      <span className={styles['orders']}>
        {one.state === 'running' && (
          <Button small onClick={() => onOrder('pause')}>
            {t('history.pause')}
          </Button>
        )}
        {one.state === 'paused' && (
          <Button small onClick={() => onOrder('resume')}>
            {t('history.resume')}
          </Button>
        )}
        {(one.state === 'running' || one.state === 'paused') && (
          <Button look="quiet" small onClick={() => onOrder('cancel')}>
            {t('history.cancel')}
          </Button>
        )}
      </span>
    </li>
  );
}

function Histories({ channel }: { channel: Channel }) {
  const { t } = useLanguage();
  const [list, setList] = useState<readonly HistoryProgress[]>([]);
  const [fault, setFault] = useState<unknown>();
  const moving = list.some(moves);

  useEffect(() => {
    let left = false;
    const look = (): void => {
      // What cannot be asked now is asked again soon.
      getHistory(channel.id).then(
        (found) => {
          if (!left) setList(found.backfills);
        },
        () => undefined,
      );
    };
    look();
    const timer = setInterval(look, moving ? MOVING_MS : RESTING_MS);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [channel.id, channel.update_at, moving]);

  const order = useCallback(
    (remoteId: string, what: HistoryOrder) => {
      setFault(undefined);
      orderHistory(remoteId, channel.id, what).then((now) => setList((before) => before.map((one) => (one.remote_id === remoteId ? now : one))), setFault);
    },
    [channel.id],
  );

  if (list.length === 0) return null;
  return (
    <section className={styles['panel']} aria-label={t('history.title')}>
      <h3>{t('history.title')}</h3>
      {fault !== undefined && <Notice kind="fault">{failureText(fault, t)}</Notice>}
      <ul>
        {list.map((one) => (
          <Progress key={one.remote_id} one={one} onOrder={(what) => order(one.remote_id, what)} />
        ))}
      </ul>
    </section>
  );
}

export function HistoryList({ channel }: { channel: Channel }) {
  return channel.shared === true ? <Histories key={channel.id} channel={channel} /> : null;
}
