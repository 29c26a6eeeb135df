// The full list of emoji names, from emojibase's data with the short names that chat servers share.
import shortcodes from 'emojibase-data/en/shortcodes/iamcal.json';

function sign(hexcode: string): string {
  return String.fromCodePoint(...hexcode.split('-').map((code) => Number.parseInt(code, 16)));
}

/** Names to signs. Names in `first` keep the sign they have there. */
export function readAll(first: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = new Map(first);
  for (const [hexcode, names] of Object.entries<string | string[]>(shortcodes)) {
    for (const name of Array.isArray(names) ? names : [names]) if (!found.has(name)) found.set(name, sign(hexcode));
  }
  return found;
}
