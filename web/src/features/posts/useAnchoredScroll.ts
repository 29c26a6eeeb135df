// Keeps the reader's place in a list that grows at both ends: at the bottom the newest stays in view, further up the first visible message stays
// where it is, whatever is loaded above, arrives below, or changes its height.
import type { RefObject } from 'react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Nearer to the bottom than this counts as being there, in px. */
const AT_BOTTOM = 48;
/** Nearer to the top than this, earlier messages are fetched, in px. */
const NEAR_TOP = 800;

export interface AnchoredScroll {
  container: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLOListElement | null>;
  atBottom: boolean;
  jump: () => void;
  onScroll: () => void;
}

/**
 * @param version changes with the content.
 * @param tail id of the last row if it is one's own fresh message: it is always brought into view.
 */
export function useAnchoredScroll(version: unknown, tail: string, onNearTop: () => void): AnchoredScroll {
  const container = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const stuck = useRef(true);
  const anchor = useRef<{ row: Element; top: number } | undefined>(undefined);
  const [atBottom, setAtBottom] = useState(true);

  const remember = useCallback(() => {
    const box = container.current;
    const list = content.current;
    if (box === null || list === null) return;
    stuck.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_BOTTOM;
    setAtBottom(stuck.current);
    const edge = box.getBoundingClientRect().top;
    const row = [...list.children].find((child) => child.hasAttribute('data-row') && child.getBoundingClientRect().bottom > edge);
    anchor.current = row === undefined ? undefined : { row, top: row.getBoundingClientRect().top - edge };
  }, []);

  const restore = useCallback(() => {
    const box = container.current;
    if (box === null) return;
    if (stuck.current) {
      box.scrollTop = box.scrollHeight;
      return;
    }
    const kept = anchor.current;
    if (kept === undefined || !kept.row.isConnected) return;
    box.scrollTop += kept.row.getBoundingClientRect().top - box.getBoundingClientRect().top - kept.top;
  }, []);

  const jump = useCallback(() => {
    stuck.current = true;
    restore();
    setAtBottom(true);
  }, [restore]);

  const onScroll = useCallback(() => {
    remember();
    if ((container.current?.scrollTop ?? Infinity) < NEAR_TOP) onNearTop();
  }, [remember, onNearTop]);

  useLayoutEffect(() => {
    if (tail !== '') stuck.current = true;
  }, [tail]);

  useLayoutEffect(() => {
    restore();
    remember();
    if ((container.current?.scrollTop ?? Infinity) < NEAR_TOP) onNearTop();
  }, [version, restore, remember, onNearTop]);

  useEffect(() => {
    const observer = new ResizeObserver(restore);
    if (container.current !== null) observer.observe(container.current);
    if (content.current !== null) observer.observe(content.current);
    return () => observer.disconnect();
  }, [restore]);

  return { container, content, atBottom, jump, onScroll };
}
