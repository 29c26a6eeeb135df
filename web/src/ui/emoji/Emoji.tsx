// One emoji by name. A name nobody here knows is shown as written, between colons.
import { useEmoji } from './emoji';

export function Emoji({ name }: { name: string }) {
  const sign = useEmoji(name);
  return sign === undefined ? <span>{`:${name}:`}</span> : <span role="img" aria-label={`:${name}:`} title={`:${name}:`}>{sign}</span>;
}
