// Colours for people and organisations: always the same one for the same id.

export const HUES = 8;

/** A number from 1 to 8 that stays with `id`; the tokens `--hue-N-soft` and `--hue-N-ink` belong to it. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return (sum % HUES) + 1;
}
