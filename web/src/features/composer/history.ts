// The lines one has sent, to call back with the arrow keys. Kept for this tab only, without the ones that hold secrets.
import { holdsSecret } from './secrets';

const KEPT = 50;
let lines: string[] = [];

/** Takes a sent line. */
export function remember(line: string): void {
  if (line.trim() === '' || holdsSecret(line)) return;
  lines = [...lines.filter((held) => held !== line), line].slice(-KEPT);
}

/** The line `back` steps before now; undefined past either end. */
export function recall(back: number): string | undefined {
  return back <= 0 ? undefined : lines.at(-back);
}

export function forgetAll(): void {
  lines = [];
}
