// What somebody is about to change about a channel's sharing, before and when it is saved (behaviour 5.2, UI-22).
import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../api/connections';
import type { Draft, Sharing } from './sharing';
import { add, addable, changesOf, entries, remove, saveSharing } from './sharing';

const NOW = 10_000_000;

function connection(id: string, lastPingAt = NOW): Connection {
  return { id, name: id, displayName: id.toUpperCase(), siteUrl: `https://${id}.example`, teamId: 't1', creatorId: 'me', createdAt: 1, acceptedAt: 2, lastPingAt, severed: false, endedAt: 0, inviteExpiresAt: 0 };
}

const sharing: Sharing = {
  partners: [{ id: 'acme', name: 'ACME', readOnly: true }, { id: 'quiet', name: 'QUIET', readOnly: false }, { id: 'asked', name: 'ASKED', readOnly: false }],
  connections: [connection('acme'), connection('quiet', 1), connection('globex')],
};
const states = (draft: Draft): string[] => entries(sharing, draft, NOW).map((entry) => `${entry.id} ${entry.state} ${entry.readOnly ? 'reads' : 'writes'}`);
const ids = (list: readonly { id: string }[]): string[] => list.map((one) => one.id);

describe('the list of organisations', () => {
  it('says how each stands', () => {
    expect(states({})).toEqual(['acme connected reads', 'quiet offline writes', 'asked pending writes']);
    expect(ids(addable(sharing, {}, NOW))).toEqual(['globex']);
    expect(changesOf(sharing, {}, true)).toEqual({ invite: [], uninvite: [] });
  });

  it('takes one in that waits to be saved', () => {
    const draft = add(sharing, {}, 'globex');
    expect(states(draft)).toContain('globex unsaved writes');
    expect(addable(sharing, draft, NOW)).toEqual([]);
    expect(ids(changesOf(sharing, draft, true).invite)).toEqual(['globex']);
    expect(remove(sharing, draft, 'globex')).toEqual({});
  });

  it('has one as it was when it is taken out and in again', () => {
    const out = remove(sharing, {}, 'acme');
    expect(ids(changesOf(sharing, out, true).uninvite)).toEqual(['acme']);
    expect(ids(addable(sharing, out, NOW))).toEqual(['acme', 'globex']);
    const back = add(sharing, out, 'acme');
    expect(states(back)).toEqual(states({}));
    expect(changesOf(sharing, back, true)).toEqual({ invite: [], uninvite: [] });
  });

  it('changes the mode of one without taking it out', () => {
    const changes = changesOf(sharing, { acme: { readOnly: false } }, true);
    expect([ids(changes.invite), changes.invite[0]?.readOnly, changes.uninvite]).toEqual([['acme'], false, []]);
  });

  it('ends everything when it is switched off', () => {
    const changes = changesOf(sharing, add(sharing, {}, 'globex'), false);
    expect([changes.invite, ids(changes.uninvite)]).toEqual([[], ['acme', 'quiet', 'asked']]);
  });
});

describe('saving', () => {
  it('does what can be done, and tells what failed', async () => {
    const calls: string[] = [];
    vi.stubGlobal('fetch', (input: string, init: RequestInit) => {
      const path = new URL(input).pathname.replace('/api/v4', '');
      calls.push(`${path} ${typeof init.body === 'string' ? init.body : ''}`.trim());
      const bad = path.includes('quiet');
      return Promise.resolve(new Response(JSON.stringify(bad ? { id: 'no', message: 'No.', status_code: 400 } : { status: 'OK' }), { status: bad ? 400 : 200 }));
    });
    const failed = await saveSharing('c1', { uninvite: sharing.partners.slice(0, 2), invite: [{ id: 'globex', name: 'GLOBEX', readOnly: true }] });
    expect(failed).toHaveLength(1);
    expect(calls).toEqual(['/remotecluster/acme/channels/c1/uninvite', '/remotecluster/quiet/channels/c1/uninvite', '/remotecluster/globex/channels/c1/invite {"readonly":true}']);
  });
});
