// The name a connection gets from what the administrator calls the organisation, and passwords nobody has to think up.

const NAME_LENGTH = 64;

/** What a name may hold of `organisation`: small letters, digits and hyphens; names of other scripts leave nothing. */
export function nameFrom(organisation: string): string {
  const plain = organisation.toLowerCase().normalize('NFKD').replace(/ß/g, 'ss').replace(/\p{M}/gu, '');
  const name = plain.replace(/[^a-z0-9]+/g, '-').slice(0, NAME_LENGTH).replace(/^-+|-+$/g, '');
  return name === '' ? 'workspace' : name;
}

/** `nameFrom`, with a number where that is `taken` already (names differ by more than their case). */
export function uniqueName(organisation: string, taken: readonly string[]): string {
  const held = new Set(taken.map((name) => name.toLowerCase().replace(/ /g, '-')));
  const name = nameFrom(organisation);
  for (let number = 1; ; number += 1) {
    const tail = number === 1 ? '' : `-${number}`;
    const wanted = name.slice(0, NAME_LENGTH - tail.length) + tail;
    if (!held.has(wanted)) return wanted;
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SIGNS = '~_!@#$^-';
const PASSWORD_LENGTH = 20;

/** A sign of `among` by chance, each as likely. */
function anyOf(among: string): string {
  const limit = 256 - (256 % among.length);
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  return byte < limit ? among.charAt(byte % among.length) : anyOf(among);
}

/** A strong password. It begins with a letter or digit, so that no command line takes it for a flag. */
export function madeUpPassword(): string {
  const rest = Array.from({ length: PASSWORD_LENGTH - 1 }, () => anyOf(LETTERS + SIGNS));
  return anyOf(LETTERS) + rest.join('');
}
