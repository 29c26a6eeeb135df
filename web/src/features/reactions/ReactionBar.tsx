// The reactions below a message. A chip tells who reacted and toggles one's own; an emoji unknown here keeps its `:name:` and can still be joined.
import { SmilePlus } from 'lucide-react';
import { useLanguage } from '../../i18n/context';
import { tally } from '../../state/entities/reactions';
import { useStore, useStoreShallow } from '../../state/react';
import { displayName } from '../../state/selectors';
import { Emoji } from '../../ui/emoji/Emoji';
import { toggleReaction } from './actions';
import { EmojiButton } from './EmojiPicker';
import styles from './ReactionBar.module.css';

export function ReactionBar({ postId, writable }: { postId: string; writable: boolean }) {
  const { t } = useLanguage();
  const reactions = useStore((state) => state.reactions[postId]);
  const tallies = tally(reactions);
  if (tallies.length === 0) return null;
  return (
    <ul className={styles['bar']} aria-label={t('reactions.label')}>
      {tallies.map((entry) => (
        <li key={entry.emoji}>
          <Chip postId={postId} emoji={entry.emoji} userIds={entry.userIds} writable={writable} />
        </li>
      ))}
      {writable && (
        <li>
          <EmojiButton postId={postId} className={styles['more']} icon={<SmilePlus size={15} />} />
        </li>
      )}
    </ul>
  );
}

function Chip({ postId, emoji, userIds, writable }: { postId: string; emoji: string; userIds: readonly string[]; writable: boolean }) {
  const { t } = useLanguage();
  const mine = useStore((state) => userIds.includes(state.me));
  const names = useStoreShallow((state) => userIds.map((id) => displayName(state.users[id])));
  // The picture the first of them has for it.
  const owner = useStore((state) => state.users[userIds[0] ?? '']?.remote_id ?? '');
  const who = t('reactions.by', { names: names.join(', '), emoji: `:${emoji}:` });
  return (
    <button
      type="button"
      className={styles['chip']}
      aria-pressed={mine}
      title={who}
      disabled={!writable}
      data-testid={`reaction-${emoji}`}
      onClick={() => void toggleReaction(postId, emoji)}
    >
      <Emoji name={emoji} owner={owner} />
      <span className={styles['count']}>{userIds.length}</span>
      <span className="visually-hidden">{`${who}. ${t(mine ? 'reactions.toggleOff' : 'reactions.toggleOn', { emoji: `:${emoji}:` })}`}</span>
    </button>
  );
}
