// What the browser has and jsdom has not.
import { afterEach } from 'vitest';
import { cleanup } from '@testing-library/react';
import { emptyState } from '../state/model';
import { store } from '../state/store';

afterEach(() => {
  cleanup();
  store.setState(emptyState, true);
});
