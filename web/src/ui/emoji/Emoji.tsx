// One emoji by name: a sign, a picture of ours, a picture of another organisation's. A name nobody here knows is shown as written, between
// colons.
import { use } from 'react';
import styles from './Emoji.module.css';
import { useEmoji } from './emoji';
import { EmojiOwnerContext, EmojiPicturesContext } from './pictures';

export function Emoji({ name, owner }: { name: string; owner?: string }) {
  const sign = useEmoji(name.toLowerCase());
  const context = use(EmojiOwnerContext);
  const find = use(EmojiPicturesContext);
  const written = `:${name}:`;
  if (sign !== undefined) {
    return (
      <span role="img" aria-label={written} title={written}>
        {sign}
      </span>
    );
  }
  const picture = find(name, owner ?? context);
  if (picture === undefined) return <span>{written}</span>;
  const title = picture.organisation === undefined ? written : `${written} (${picture.organisation})`;
  return <img className={styles['picture']} src={picture.src} alt={written} title={title} data-foreign={picture.organisation !== undefined || undefined} draggable={false} />;
}
