// The time as something to draw: it moves on by itself.
import { useEffect, useState } from 'react';

/** The current time in ms, at most `every` ms old. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
