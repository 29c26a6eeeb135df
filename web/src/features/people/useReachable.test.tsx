// When the way to somebody of another server is open, and what it is asked of.
import { render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { User } from '../../state/model';
import { dispatch } from '../../state/store';
import { aUser } from '../../testing/entities';
import { useReachable } from './useReachable';

const asked: string[] = [];
let answer = true;

function serve(input: RequestInfo | URL): Promise<Response> {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  asked.push(pathname.replace('/api/v4', ''));
  return Promise.resolve(new Response(JSON.stringify({ can_dm: answer }), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

function Probe({ user, fresh }: { user: User; fresh: unknown }) {
  return <p>{useReachable(user, fresh) ? 'open' : 'closed'}</p>;
}

const remote = aUser({ id: 'u2', username: 'bob:acme', remote_id: 'r1' });

beforeEach(() => {
  asked.length = 0;
  answer = true;
  vi.stubGlobal('fetch', serve);
  dispatch({ kind: 'config', config: { FeatureFlagEnableSharedChannelsDMs: 'true' } });
});

describe('useReachable', () => {
  it('asks nothing about people of this server', () => {
    render(<Probe user={aUser({ id: 'u1' })} fresh={1} />);
    expect(screen.getByText('open')).toBeDefined();
    expect(asked).toEqual([]);
  });

  it('closes on the word of the server and opens again on a later one', async () => {
    answer = false;
    const { rerender } = render(<Probe user={remote} fresh={1} />);
    await screen.findByText('closed');
    expect(asked).toEqual(['/sharedchannels/users/me/can_dm/u2']);
    answer = true;
    rerender(<Probe user={remote} fresh={2} />);
    await screen.findByText('open');
    await waitFor(() => expect(asked).toHaveLength(2));
  });

  it('is closed without asking where direct messages over servers are off', () => {
    dispatch({ kind: 'config', config: { FeatureFlagEnableSharedChannelsDMs: 'false' } });
    render(<Probe user={remote} fresh={1} />);
    expect(screen.getByText('closed')).toBeDefined();
    expect(asked).toEqual([]);
  });
});
