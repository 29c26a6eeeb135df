// Asks before changes that are not saved are left behind: by a link, by the browser's way back, by closing the page.
import { useCallback, useEffect, useRef, useState } from 'react';

export interface LeaveGuard {
  /** True while the reader is asked. */
  asking: boolean;
  leave: () => void;
  stay: () => void;
  /** Carries out `action`, after asking if there are changes. */
  attempt: (action: () => void) => void;
}

/** Guards the page as long as `dirty`. */
export function useLeaveGuard(dirty: boolean): LeaveGuard {
  const [next, setNext] = useState<(() => void) | undefined>();
  // Set once the reader has decided to leave: what follows is no longer to be stopped.
  const leaving = useRef(false);

  useEffect(() => {
    if (!dirty) return undefined;
    leaving.current = false;
    const onUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    const onClick = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
      if (leaving.current || !(link instanceof HTMLAnchorElement) || link.target === '_blank' || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      setNext(() => () => link.click());
    };
    // A second entry for the same place: the way back ends here, and is asked about.
    window.history.pushState(window.history.state, '');
    const onPop = (): void => {
      if (leaving.current) return;
      window.history.pushState(window.history.state, '');
      setNext(() => () => window.history.go(-2));
    };
    window.addEventListener('beforeunload', onUnload);
    window.addEventListener('popstate', onPop);
    document.addEventListener('click', onClick, true);
    return () => {
      window.removeEventListener('beforeunload', onUnload);
      window.removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick, true);
    };
  }, [dirty]);

  const leave = useCallback(() => {
    leaving.current = true;
    setNext(undefined);
    next?.();
  }, [next]);
  const stay = useCallback(() => setNext(undefined), []);
  const attempt = useCallback(
    (action: () => void) => {
      if (dirty && !leaving.current) setNext(() => action);
      else action();
    },
    [dirty],
  );
  return { asking: next !== undefined, leave, stay, attempt };
}
