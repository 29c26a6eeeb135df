// Tells whatever draws emoji which names have pictures: ours everywhere, those of other organisations in the channels shared with them. Where both
// have a name, ours is shown (E-149).
import type { ReactNode } from 'react';
import { useEffect, useMemo } from 'react';
import { emojiSrc, peerEmojiSrc } from '../api/emoji';
import { loadPeerEmoji } from '../realtime/load';
import type { Channel } from '../state/model';
import { useStore } from '../state/react';
import { EmojiOwnerContext, EmojiPicturesContext } from '../ui/emoji/pictures';

export function EmojiPictures({ channel, children }: { channel: Channel; children: ReactNode }) {
  const own = useStore((state) => state.emoji);
  const foreign = useStore((state) => state.peerEmoji[channel.id]);
  const shared = channel.shared === true;

  useEffect(() => {
    if (shared) void loadPeerEmoji(channel.id);
  }, [channel.id, shared]);

  const find = useMemo(
    () => (name: string, owner: string) => {
      const ours = own[name] ?? own[name.toLowerCase()];
      if (ours !== undefined) return { src: emojiSrc(ours.id) };
      const named = shared ? (foreign ?? []).filter((emoji) => emoji.name === name) : [];
      const theirs = named.find((emoji) => emoji.remote_id === owner) ?? named[0];
      return theirs && { src: peerEmojiSrc(channel.id, theirs.id), organisation: theirs.organisation };
    },
    [own, foreign, shared, channel.id],
  );
  return <EmojiPicturesContext value={find}>{children}</EmojiPicturesContext>;
}

/** Emoji inside are meant as the organisation of this person has them. */
export function EmojiOf({ userId, children }: { userId: string; children: ReactNode }) {
  const owner = useStore((state) => state.users[userId]?.remote_id ?? '');
  return <EmojiOwnerContext value={owner}>{children}</EmojiOwnerContext>;
}
