// Fetching as something to draw: under way, done, or failed and to be tried again.
import { useCallback, useEffect, useState } from 'react';

export interface Load {
  done: boolean;
  /** What went wrong, until the next try succeeds. */
  error: unknown;
  retry: () => void;
}

/** Runs `task` when it appears or changes; pass a function that stays the same (`useCallback`). */
export function useLoad(task: () => Promise<unknown>): Load {
  const [attempt, setAttempt] = useState(0);
  const [outcome, setOutcome] = useState<{ done: boolean; error: unknown }>({ done: false, error: undefined });

  useEffect(() => {
    let live = true;
    task().then(
      () => live && setOutcome({ done: true, error: undefined }),
      (error: unknown) => live && setOutcome((before) => ({ done: before.done, error })),
    );
    return () => {
      live = false;
    };
  }, [task, attempt]);

  const retry = useCallback(() => {
    setOutcome((before) => ({ done: before.done, error: undefined }));
    setAttempt((before) => before + 1);
  }, []);
  return { ...outcome, retry };
}
