// Ticks below one's own message in a shared channel: two when all other organisations have stored it, one when all that can be reached have, a
// clock while less is known (behaviour 8.3). Behind them stands who, and why not.
import { Check, CheckCheck, Clock } from 'lucide-react';
import { useEffect } from 'react';
import { useLanguage } from '../../i18n/context';
import { ensureDeliveries } from '../../realtime/deliveries';
import type { Deliveries, Post } from '../../state/model';
import { useStore } from '../../state/react';
import styles from './PostItem.module.css';

const ICONS = [Clock, Check, CheckCheck] as const;

export function DeliveryTicks({ post }: { post: Post }) {
  const own = useStore((state) => post.user_id === state.me && state.channels[post.channel_id]?.shared === true);
  const known = useStore((state) => state.deliveries[post.id]);
  useEffect(() => {
    if (own && known === undefined) ensureDeliveries(post.id);
  }, [own, known, post.id]);
  return known === undefined || known.organisations.length === 0 ? null : <Ticks known={known} />;
}

function Ticks({ known }: { known: Deliveries }) {
  const { t } = useLanguage();
  const Icon = ICONS[known.ticks];
  const stored = known.organisations.filter((one) => one.state === 'stored').length;
  const offline = known.organisations.filter((one) => one.state === 'waiting' && !one.online).map((one) => one.organisation);
  const some = t('posts.deliveredSome', { n: String(stored), m: String(known.organisations.length) });
  const waiting = offline.length === 0 ? '' : ` ${t('posts.deliveryOffline', { names: offline.join(', ') })}`;
  const label = known.ticks === 2 ? t('posts.deliveredAll') : some + waiting;
  return (
    <details className={styles['ticks']} data-testid="post-ticks" data-ticks={known.ticks}>
      <summary title={label}>
        <Icon size={14} aria-hidden="true" />
        <span className="visually-hidden">{label}</span>
      </summary>
      <ul>
        {known.organisations.map((one) => (
          <li key={one.organisation}>
            {one.organisation}: {t(`posts.delivery.${one.state}`)}
            {one.reason === '' ? '' : ` (${one.reason})`}
          </li>
        ))}
      </ul>
    </details>
  );
}
