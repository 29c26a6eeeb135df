// What is pinned, as it changes.
import { act, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../../state/store';
import { aChannel, aPost, aUser } from '../../testing/entities';
import { PinnedPane } from './PinnedPane';

const held = [aPost({ id: 'old', create_at: 1, is_pinned: true }), aPost({ id: 'new', create_at: 9, is_pinned: true })];

function served(): Promise<Response> {
  const body = { order: held.map((post) => post.id), posts: Object.fromEntries(held.map((post) => [post.id, post])) };
  return Promise.resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

beforeEach(() => {
  vi.stubGlobal('fetch', vi.fn(served));
  dispatch({ kind: 'signed-out' });
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me' }) });
  dispatch({ kind: 'users', users: [aUser()] });
});

describe('PinnedPane', () => {
  it('lists what is pinned, newest first, and follows what changes', async () => {
    dispatch({ kind: 'posts', posts: [aPost({ id: 'plain' }), aPost({ id: 'elsewhere', channel_id: 'c2', is_pinned: true })] });
    render(<PinnedPane channel={aChannel()} renderPost={(id) => <article>{id}</article>} />);
    const shown = () => screen.queryAllByRole('article').map((entry) => entry.textContent);
    await vi.waitFor(() => expect(shown()).toEqual(['new', 'old']));
    act(() => dispatch({ kind: 'posts', posts: [aPost({ id: 'new', create_at: 9, update_at: 2000, is_pinned: false })] }));
    expect(shown()).toEqual(['old']);
    act(() => dispatch({ kind: 'posts', posts: [aPost({ id: 'plain', create_at: 1000, update_at: 2000, is_pinned: true })] }));
    expect(shown()).toEqual(['plain', 'old']);
  });
});
