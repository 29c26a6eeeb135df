// Emoji by the names that Mattermost's API uses. A few are at hand; all others come in a file of their own that is fetched on the first need.
import { useSyncExternalStore } from 'react';

/** The handful the picker offers first, in its order. */
export const often: readonly string[] = ['+1', 'heart', 'joy', 'tada', 'rocket', 'eyes', 'white_check_mark', 'pray', 'clap', 'fire', 'thinking_face', 'wave', 'smile', '-1', 'cry', '100'];

/** Those that are known without the list. */
export const atHand: ReadonlyMap<string, string> = new Map([
  ['+1', '👍'], ['thumbsup', '👍'], ['-1', '👎'], ['thumbsdown', '👎'], ['heart', '❤️'], ['joy', '😂'], ['tada', '🎉'], ['rocket', '🚀'], ['eyes', '👀'],
  ['white_check_mark', '✅'], ['pray', '🙏'], ['clap', '👏'], ['fire', '🔥'], ['thinking_face', '🤔'], ['thinking', '🤔'], ['wave', '👋'], ['smile', '😄'], ['cry', '😢'], ['100', '💯'],
]);

let all: ReadonlyMap<string, string> | undefined;
let asked = false;
const listeners = new Set<() => void>();

/** Fetches the full list once; whoever shows emoji draws again when it is there. */
export function loadEmoji(): void {
  if (asked) return;
  asked = true;
  import('./allEmoji').then(
    (module) => {
      all = module.readAll(atHand);
      listeners.forEach((listener) => listener());
    },
    () => {
      asked = false;
    },
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** All names and their signs; the few at hand until the list has come. */
export function useEmojiList(): ReadonlyMap<string, string> {
  return useSyncExternalStore(subscribe, () => all ?? atHand);
}

/** The sign for a name; undefined for custom emoji and names nobody knows, which are shown as `:name:`. */
export function useEmoji(name: string): string | undefined {
  const list = useEmojiList();
  const found = list.get(name);
  if (found === undefined) loadEmoji();
  return found;
}
