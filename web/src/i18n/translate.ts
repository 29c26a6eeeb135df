// Turns a key and its values into a text in the reader's language. Plurals follow the language's own rules.
import type { MessageKey, Messages } from './en';
import { en } from './en';

export const locales = ['en', 'de'] as const;
export type Locale = (typeof locales)[number];

type StemOf<K> = K extends `${infer Stem}.other` ? (`${Stem}.one` extends MessageKey ? Stem : never) : never;

/** A key that exists as `.one` and `.other`. */
export type PluralKey = StemOf<MessageKey>;

export type Values = Record<string, string | number>;

export interface Translator {
  locale: Locale;
  /** The text of `key`, with `{name}` replaced by `values.name`. */
  t: (key: MessageKey, values?: Values) => string;
  /** The text of `key` for the number `n`. */
  n: (key: PluralKey, n: number, values?: Values) => string;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function translator(locale: Locale, messages: Messages): Translator {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return {
    locale,
    t: (key, values = {}) => fill(messages[key], values),
    n: (key, n, values = {}) => fill(messages[rules.select(n) === 'one' ? (`${key}.one` as const) : (`${key}.other` as const)], { n: numbers.format(n), ...values }),
  };
}

/** Texts of a language. English is always there; the others are fetched when somebody wants them. */
export async function loadMessages(locale: Locale): Promise<Messages> {
  return locale === 'de' ? (await import('./de')).de : en;
}

/** The reader's own variety of a language, for dates and times: British readers expect no am and pm. */
export function regionOf(locale: Locale, languages: readonly string[]): string {
  return languages.find((language) => language.toLowerCase().startsWith(locale)) ?? locale;
}

/** The first language of the reader that we have. */
export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    const found = locales.find((locale) => language.toLowerCase().startsWith(locale));
    if (found !== undefined) return found;
  }
  return 'en';
}
