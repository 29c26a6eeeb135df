// What the server says about connections, kept fresh while it is on screen: asked again when connections are told to have changed, and every so
// often, because time alone changes how a connection stands.
import { useCallback, useEffect, useState } from 'react';
import { useStore } from '../../state/react';
import { useNow } from '../../ui/useNow';

const EVERY_MS = 15_000;

export interface Fresh<T> {
  /** Undefined until it was told once; what was told stays when asking again fails. */
  value: T | undefined;
  error: unknown;
  reload: () => void;
  /** Takes what another request has told. */
  put: (value: T) => void;
}

/** Asks with `load`, a function that stays the same (`useCallback`). A component for another thing needs another `key`. */
export function useFresh<T>(load: () => Promise<T>): Fresh<T> {
  const news = useStore((state) => state.connectionNews);
  const now = useNow(EVERY_MS);
  const [turn, setTurn] = useState(0);
  const [told, setTold] = useState<{ value: T | undefined; error: unknown }>({ value: undefined, error: undefined });

  useEffect(() => {
    let live = true;
    load().then(
      (value) => live && setTold({ value, error: undefined }),
      (error: unknown) => live && setTold((before) => ({ ...before, error })),
    );
    return () => {
      live = false;
    };
  }, [load, news, now, turn]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const put = useCallback((value: T) => setTold({ value, error: undefined }), []);
  return { ...told, reload, put };
}
