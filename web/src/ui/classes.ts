// Joins class names, leaving out what is not set.

/** `classes('a', open && 'b')` is "a b" or "a". */
export function classes(...names: (string | false | undefined)[]): string {
  return names.filter((name) => name !== false && name !== undefined && name !== '').join(' ');
}
