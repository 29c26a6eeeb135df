// How components read the store: the only place in this folder that knows React.
import { useStore as useZustand } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { State } from './model';
import { store } from './store';

/** A value from the store; the component draws again when it changes. */
export function useStore<T>(select: (state: State) => T): T {
  return useZustand(store, select);
}

/** A list or record made afresh by the selector; the component draws again when an element changes. */
export function useStoreShallow<T>(select: (state: State) => T): T {
  return useZustand(store, useShallow(select));
}
