// M-22: who writes into a shared channel for the first time sees who reads along, once.
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { act } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { pending } from '../../state/entities/posts';
import { dispatch, store } from '../../state/store';
import { aChannel, aPost, aUser } from '../../testing/entities';
import { ReadAlongHint } from './ReadAlongHint';

interface Call {
  method: string;
  path: string;
  body: unknown;
}

const calls: Call[] = [];
let seen: 'yes' | 'no' | 'fault' = 'no';

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const path = url.pathname.replace('/api/v4', '');
  const method = init?.method ?? 'GET';
  calls.push({ method, path, body: typeof init?.body === 'string' ? JSON.parse(init.body) : undefined });
  const json = (value: unknown, status = 200): Promise<Response> => Promise.resolve(new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } }));
  if (method === 'PUT') return json({ status: 'OK' });
  if (seen === 'yes') return json({ user_id: 'me', category: 'rialto_reads_along', name: 'c1', value: 'true' });
  return seen === 'no' ? json({ id: 'missing', message: '', status_code: 404 }, 404) : json({ id: 'fault', message: '', status_code: 500 }, 500);
}

const kept = (): Call[] => calls.filter((call) => call.method === 'PUT');
const hint = (): HTMLElement | null => screen.queryByTestId('read-along-hint');
const shared = aChannel({ shared: true });

beforeEach(() => {
  calls.length = 0;
  seen = 'no';
  vi.stubGlobal('fetch', serve);
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'channels', channels: [shared] });
  dispatch({ kind: 'window', channelId: 'c1', posts: [aPost({ user_id: 'me' })], oldest: 1, atStart: true, formerly: [] });
  const organisation = (name: string) => ({ name, display_name: name, create_at: 1, delete_at: 0, last_ping_at: 1 });
  dispatch({ kind: 'organisations', channelId: 'c1', organisations: [organisation('Acme'), organisation('Globex')] });
});

describe('ReadAlongHint', () => {
  // M-22
  it('names everybody who reads along, until it is dismissed for good', async () => {
    render(<ReadAlongHint channel={shared} />);
    await waitFor(() => expect(hint()).not.toBeNull());
    expect(hint()?.textContent).toContain('Acme, Globex');
    await userEvent.click(screen.getByRole('button'));
    await waitFor(() => expect(hint()).toBeNull());
    expect(kept()).toEqual([
      { method: 'PUT', path: '/users/me/preferences', body: [{ user_id: 'me', category: 'rialto_reads_along', name: 'c1', value: 'true' }] },
    ]);
  });

  it('goes with the first message', async () => {
    render(<ReadAlongHint channel={shared} />);
    await waitFor(() => expect(hint()).not.toBeNull());
    expect(kept()).toEqual([]);
    const post = pending(store.getState(), { id: 'me:2', user_id: 'me', channel_id: 'c1', root_id: '', message: 'hello', at: 2 });
    act(() => dispatch({ kind: 'post-pending', post }));
    await waitFor(() => expect(kept()).toHaveLength(1));
  });

  it.each(['yes', 'fault'] as const)('stays away if it was seen or cannot be asked for: %s', async (state) => {
    seen = state;
    render(<ReadAlongHint channel={shared} />);
    await waitFor(() => expect(calls).toHaveLength(1));
    await act(async () => Promise.resolve());
    expect(hint()).toBeNull();
  });

  it('is for shared channels only, and not for conversations', () => {
    render(<ReadAlongHint channel={aChannel()} />);
    render(<ReadAlongHint channel={aChannel({ shared: true, type: 'D' })} />);
    expect(calls).toEqual([]);
  });
});
