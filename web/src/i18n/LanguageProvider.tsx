// Holds the chosen language for the tree below, remembers it, and tells the browser (`<html lang>`).
import type { ReactNode } from 'react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { LanguageContext } from './context';
import { en } from './en';
import type { Locale, Translator } from './translate';
import { loadMessages, locales, preferredLocale, translator } from './translate';

const STORED = 'rialto.language';

function initialLocale(): Locale {
  const stored = localStorage.getItem(STORED);
  return locales.find((locale) => locale === stored) ?? preferredLocale(navigator.languages);
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [locale, setLocale] = useState(initialLocale);
  const [current, setCurrent] = useState<Translator | null>(() => (locale === 'en' ? translator('en', en) : null));

  useEffect(() => {
    let live = true;
    document.documentElement.lang = locale;
    loadMessages(locale).then(
      (messages) => live && setCurrent(translator(locale, messages)),
      // A language file that cannot be fetched must not keep anybody out.
      () => live && setCurrent(translator('en', en)),
    );
    return () => {
      live = false;
    };
  }, [locale]);

  const choose = useCallback((next: Locale) => {
    localStorage.setItem(STORED, next);
    setLocale(next);
  }, []);

  const value = useMemo(() => (current === null ? null : { ...current, choose }), [current, choose]);
  return value === null ? null : <LanguageContext value={value}>{children}</LanguageContext>;
}
