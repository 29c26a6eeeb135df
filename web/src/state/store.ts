// The store itself: one state, changed through `apply` alone.
import { createStore } from 'zustand/vanilla';
import { apply } from './apply';
import type { Change } from './change';
import type { State } from './model';
import { emptyState } from './model';

export const store = createStore<State>(() => emptyState);

/** Puts a change into the store. */
export function dispatch(change: Change): void {
  store.setState((state) => apply(state, change), true);
}
