// Light or dark: what the reader chose, else what the system says. Set on <html> before anything is drawn.
import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const STORED = 'rialto.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function chosen(): Theme | undefined {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : undefined;
}

function current(): Theme {
  return chosen() ?? (system.matches ? 'dark' : 'light');
}

function show(): void {
  document.documentElement.dataset['theme'] = current();
  listeners.forEach((listener) => listener());
}

/** Sets the theme and follows the system from now on. */
export function startTheme(): void {
  show();
  system.addEventListener('change', show);
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  show();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current);
}
