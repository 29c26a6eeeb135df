// What it means that a channel is on screen: its messages count as seen, its place is remembered, the window's title names it.
import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/context';
import { markViewed } from '../realtime/load';
import { look } from '../realtime/sync';
import type { Channel, Team } from '../state/model';
import { useStore } from '../state/react';
import { store } from '../state/store';
import { rememberPlace } from './memory';

/** Until when the channel had been read when it was opened (ms), 0 if nothing was unread. */
export function useSeen(team: Team, channel: Channel, title: string): number {
  const { t } = useLanguage();
  const [readUntil] = useState(() => {
    const { unreads, memberships } = store.getState();
    return (unreads[channel.id]?.messages ?? 0) > 0 ? (memberships[channel.id]?.last_viewed_at ?? 0) : 0;
  });
  const mentions = useStore((state) => Object.values(state.unreads).reduce((sum, unread) => sum + unread.mentions, 0));

  useEffect(() => {
    look({ teamId: team.id, channelId: channel.id });
    rememberPlace(team.id, channel.id);
    void markViewed(channel.id);
    const seen = (): void => {
      const unread = store.getState().unreads[channel.id];
      if (document.visibilityState === 'visible' && ((unread?.messages ?? 0) > 0 || (unread?.mentions ?? 0) > 0)) void markViewed(channel.id);
    };
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      look({ teamId: team.id, channelId: '' });
    };
  }, [team.id, channel.id]);

  useEffect(() => {
    document.title = `${mentions > 0 ? `(${mentions}) ` : ''}${title} – ${team.display_name} – ${t('app.name')}`;
  }, [mentions, title, team.display_name, t]);

  return readUntil;
}
