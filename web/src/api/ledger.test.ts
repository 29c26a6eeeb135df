// Auditors are led to the whole of what left, of a channel or over a connection (behaviour 8.11).
import { expect, it } from 'vitest';
import { ledgerHref } from './ledger';

it('leads to the export of a channel or of a connection', () => {
  expect(ledgerHref({ channel: 'c1' })).toMatch(/\/api\/v4\/sharedchannels\/c1\/ledger\?format=csv$/);
  expect(ledgerHref({ connection: 'r1' })).toMatch(/\/api\/v4\/remotecluster\/r1\/ledger\?format=csv$/);
});
