// What is kept of typed lines, and what never is.
import { beforeEach, describe, expect, it } from 'vitest';
import { readDraft, writeDraft } from './drafts';
import { forgetAll, recall, remember } from './history';
import { holdsSecret } from './secrets';

const secrets = [
  '/secure-connection create --name a --password hunter2',
  '/secure-connection create --password=hunter2',
  '/secure-connection accept --invite abc',
  '/secure-connection accept —password abc',
  '/secure-connection accept –Invitation abc',
  '/secure-connection accept --PASS "x"',
  '/secure-connection accept --code x',
  '/secure-connection create --password',
  '  /secure-connection create −−password x',
];

beforeEach(() => {
  forgetAll();
  localStorage.clear();
});

describe('secrets', () => {
  it.each(secrets)('sees the secret in %s', (line) => expect(holdsSecret(line)).toBe(true));
  it.each(['/share-channel invite --connectionID x', 'the --password flag', '/secure-connection status', '/me forgot the password', '/share-channel invite --description passport'])('sees none in %s', (line) =>
    expect(holdsSecret(line)).toBe(false),
  );
});

describe('history', () => {
  it('calls back what was sent, newest first, each line once', () => {
    for (const line of ['one', 'two', 'one']) remember(line);
    expect([recall(1), recall(2), recall(3), recall(0)]).toEqual(['one', 'two', undefined, undefined]);
  });

  it.each(secrets)('does not keep %s', (line) => {
    remember(line);
    expect(recall(1)).toBeUndefined();
  });
});

describe('drafts', () => {
  it('outlive a reload, each in its place', () => {
    writeDraft('c1', '', 'half a thought');
    writeDraft('c1', 'p1', 'a reply');
    expect([readDraft('c1', ''), readDraft('c1', 'p1'), readDraft('c2', '')]).toEqual(['half a thought', 'a reply', '']);
  });

  it('never hold a secret, and typing one removes what was there', () => {
    writeDraft('c1', '', '/secure-connection create');
    writeDraft('c1', '', '/secure-connection create --password hunter2');
    expect(readDraft('c1', '')).toBe('');
    expect(JSON.stringify(localStorage)).not.toContain('hunter2');
  });
});
