// Who is who in a channel of several organisations.
import { render, screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../../state/store';
import { aChannel, aMembership, aUser } from '../../testing/entities';
import { PeoplePane } from './PeoplePane';

const john = { first_name: 'John', last_name: 'Smith', nickname: '' };
const people = [
  aUser({ id: 'u1', username: 'john', ...john }),
  aUser({ id: 'u2', username: 'john:acme', remote_id: 'r1', ...john }),
  aUser({ id: 'u3', username: 'john-2:acme', remote_id: 'r2', ...john }),
];

function serve(input: RequestInfo | URL): Promise<Response> {
  const path = new URL(input instanceof Request ? input.url : input).pathname;
  const body = path.endsWith('/members') ? people.map((user) => aMembership({ user_id: user.id })) : path.endsWith('/ids') ? [] : people;
  return Promise.resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

beforeEach(() => {
  vi.stubGlobal('fetch', serve);
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'config', config: { FeatureFlagEnableSharedChannelsDMs: 'false', TeammateNameDisplay: 'full_name' } });
  dispatch({ kind: 'channels', channels: [aChannel({ shared: true })] });
  const organisation = (name: string) => ({ name, display_name: name, create_at: 1, delete_at: 0, last_ping_at: 1 });
  dispatch({ kind: 'origin', remoteId: 'r1', organisation: organisation('Acme Europe') });
  dispatch({ kind: 'origin', remoteId: 'r2', organisation: organisation('Acme America') });
});

describe('PeoplePane', () => {
  // SC-098, SC-100
  it('tells people of one name apart by username, organisation and connection', async () => {
    render(<PeoplePane channel={aChannel({ shared: true })} organisations={null} onMessage={() => undefined} />);
    const rows = await screen.findAllByTestId('member');
    expect(rows).toHaveLength(3);
    const seen = rows.map((row) => {
      expect(row.textContent).toContain('John Smith');
      const mark = within(row).queryByTestId('organisation-mark');
      const handle = people.map((user) => `@${user.username}`).find((name) => within(row).queryByText(name) !== null);
      return [handle, mark?.textContent ?? '', mark?.title ?? ''];
    });
    expect(seen).toEqual([
      ['@john', '', ''],
      ['@john:acme', 'Acme Europe', 'From Acme Europe, connection r1'],
      ['@john-2:acme', 'Acme America', 'From Acme America, connection r2'],
    ]);
  });
});
