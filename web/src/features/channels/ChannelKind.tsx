// The sign before a channel's name: public, private, or a person.
import { Hash, Lock, Users } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import type { Channel } from '../../state/model';

export function ChannelKind({ channel, size = 16 }: { channel: Channel; size?: number }) {
  const { t } = useLanguage();
  if (channel.type === 'P') return <Lock size={size} role="img" aria-label={t('channels.private')} />;
  if (channel.type === 'G') return <Users size={size} role="img" aria-label={t('channels.direct')} />;
  return <Hash size={size} role="img" aria-label={t('channels.public')} />;
}
