// The list of suggestions for what stands in the box: asked for while one types, the latest question wins.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from '../../state/react';
import { loadEmoji, useEmojiList } from '../../ui/emoji/emoji';
import type { CommandPlace } from './send';
import type { Suggestion } from './suggestions';
import { suggest } from './suggestions';

export interface Suggestions {
  list: readonly Suggestion[];
  /** Index of the chosen one; -1 for none, so that Enter sends a command that is complete. */
  active: number;
  move: (by: number) => void;
  close: () => void;
  ask: (text: string, caret: number) => void;
}

export function useSuggestions(place: CommandPlace): Suggestions {
  const { teamId, channelId, rootId } = place;
  const signs = useEmojiList();
  const own = useStore((state) => state.emoji);
  // Our own pictures first; what is drawn for a name the list decides.
  const emoji = useMemo(() => new Map([...Object.keys(own).map((name) => [name, ''] as const), ...signs]), [own, signs]);
  const [list, setList] = useState<readonly Suggestion[]>([]);
  const [active, setActive] = useState(-1);
  const asked = useRef(0);

  const close = useCallback(() => {
    asked.current += 1;
    setList([]);
    setActive(-1);
  }, []);

  useEffect(() => close, [close, channelId, rootId]);

  const ask = useCallback(
    (text: string, caret: number) => {
      asked.current += 1;
      const mine = asked.current;
      if (text.includes(':')) loadEmoji();
      void suggest(text, caret, { teamId, channelId, rootId }, emoji).then((found) => {
        if (mine !== asked.current) return;
        setList(found);
        setActive(text.startsWith('/') || found.length === 0 ? -1 : 0);
      });
    },
    [teamId, channelId, rootId, emoji],
  );

  const move = useCallback((by: number) => setActive((before) => (list.length === 0 ? -1 : (Math.max(before, by > 0 ? -1 : 0) + by + list.length) % list.length)), [list.length]);

  return { list, active, move, close, ask };
}
