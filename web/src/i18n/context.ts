// How components get at texts and dates.
import { createContext, use, useMemo } from 'react';
import { en } from './en';
import type { Locale, Translator } from './translate';
import { regionOf, translator } from './translate';

export interface Language extends Translator {
  choose: (locale: Locale) => void;
}

export const LanguageContext = createContext<Language>({ ...translator('en', en), choose: () => undefined });

/** Texts in the reader's language. */
export function useLanguage(): Language {
  return use(LanguageContext);
}

export interface Dates {
  /** 14:05 */
  time: (at: number) => string;
  /** Today, yesterday, or the day. */
  day: (at: number) => string;
  /** Day and time, for tooltips. */
  full: (at: number) => string;
  /** "5 minutes ago" */
  ago: (at: number) => string;
}

const MINUTE = 60_000;

/** Dates in the reader's language and time zone. Times in ms. */
export function useDates(): Dates {
  const language = useLanguage().locale;
  return useMemo(() => {
    const locale = regionOf(language, navigator.languages);
    const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
    const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' });
    const thisYear = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
    const older = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
    return {
      time: (at) => time.format(at),
      full: (at) => full.format(at),
      day: (at) => {
        const days = Math.round((midnight(at) - midnight(Date.now())) / (24 * 60 * MINUTE));
        if (days === 0 || days === -1) {
          const word = relative.format(days, 'day');
          return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
        }
        return (new Date(at).getFullYear() === new Date().getFullYear() ? thisYear : older).format(at);
      },
      ago: (at) => {
        const minutes = Math.round((at - Date.now()) / MINUTE);
        if (minutes > -60) return relative.format(Math.min(0, minutes), 'minute');
        if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), 'hour');
        return relative.format(Math.round(minutes / 60 / 24), 'day');
      },
    };
  }, [language]);
}
