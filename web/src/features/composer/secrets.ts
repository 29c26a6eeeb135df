// Lines that hold a password or an invitation. They are sent and then forgotten: no history, no draft (behaviour 2.1.4).

/** Flags whose values are secret, with every dash people's keyboards make of `--`, and their synonyms (behaviour 2.2.3, 2.3). */
const SECRET_FLAG = /(?:^|\s)[-\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]+\s*(?:password|pass|invite|invitation|code)(?=[\s=_-]|$)/i;

/** True for a command line that must not be kept anywhere. */
export function holdsSecret(line: string): boolean {
  return line.trimStart().startsWith('/') && SECRET_FLAG.test(line);
}
