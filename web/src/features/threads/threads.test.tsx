// Following, the list of threads, and its way in, as they change while one looks.
import { act, fireEvent, render, screen } from '@testing-library/react';
import type { Team } from '@mattermost/types/teams';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { takeFrame } from '../../realtime/sync';
import { readFrame } from '../../realtime/frames';
import { dispatch } from '../../state/store';
import { aChannel, aMembership, aPost, aUser } from '../../testing/entities';
import { FollowButton } from './FollowButton';
import { ThreadList } from './ThreadList';
import { ThreadPane } from './ThreadPane';
import { ThreadsEntry } from './ThreadsEntry';

const team = { id: 't1', name: 'team', display_name: 'Team' } as Team;
const asked: string[] = [];
let unread = 1;

function wire(id: string, replies: number, at: number) {
  return { id, reply_count: 2, last_reply_at: at, unread_replies: replies, unread_mentions: 0, post: aPost({ id, message: `thread ${id}`, reply_count: 2, last_reply_at: at }) };
}

/** The server: two threads, one of them with something unread. */
function served(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input, 'http://server');
  const path = url.pathname.replace('/api/v4', '');
  asked.push(`${(init?.method ?? 'get').toUpperCase()} ${path}`);
  const root = { ...aPost({ id: 'b' }), is_following: true };
  const answer = path.endsWith('/thread')
    ? { order: ['b'], posts: { b: root } }
    : path.endsWith('/threads/b')
      ? wire('b', unread, 20)
      : url.searchParams.get('totalsOnly') === 'true'
        ? { total: 2, total_unread_threads: unread, total_unread_mentions: 0, threads: null }
        : path.endsWith('/threads')
          ? { threads: [wire('a', 0, 10), wire('b', unread, 20)] }
          : path === '/users/ids'
            ? []
            : { status: 'OK' };
  return Promise.resolve(new Response(JSON.stringify(answer), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

beforeEach(() => {
  asked.length = 0;
  unread = 1;
  vi.stubGlobal('fetch', vi.fn(served));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  dispatch({ kind: 'signed-out' });
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me' }) });
  dispatch({ kind: 'users', users: [aUser()] });
  dispatch({ kind: 'my-teams', teamIds: ['t1'] });
  dispatch({ kind: 'sidebar', teamId: 't1', channels: [aChannel()], memberships: [aMembership()] });
});

const shown = () => screen.queryAllByTestId('thread').map((row) => row.textContent);

describe('ThreadList', () => {
  it('shows what one follows, filters what is unread, and marks all as read', async () => {
    dispatch({ kind: 'thread-totals', teamId: 't1', unread: 1, mentions: 0 });
    render(<ThreadList team={team} onMenu={() => undefined} />);
    await vi.waitFor(() => expect(shown()).toHaveLength(2));
    expect(shown()[0]).toContain('thread b');
    expect(shown()[0]).toContain('1 new reply');
    expect(screen.getAllByRole('link')[0]?.getAttribute('href')).toBe('/team/channels/ops/thread/b');
    fireEvent.click(screen.getByRole('button', { name: 'Unread' }));
    await vi.waitFor(() => expect(shown()).toHaveLength(1));
    expect(screen.getByRole('button', { name: 'Unread' }).getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(screen.getByRole('button', { name: 'Mark all as read' }));
    await vi.waitFor(() => expect(screen.getByText('Nothing unread.')).toBeDefined());
    expect(asked).toContain('PUT /users/me/teams/t1/threads/read');
  });

  it('follows what is told', async () => {
    render(<ThreadList team={team} onMenu={() => undefined} />);
    await vi.waitFor(() => expect(shown()).toHaveLength(2));
    const tell = (event: string, data: Record<string, unknown>) =>
      act(() => {
        const frame = readFrame({ event, data, broadcast: { user_id: 'me', team_id: 't1' }, seq: 1 });
        if (frame !== undefined) takeFrame(frame);
      });
    tell('thread_updated', { thread: JSON.stringify(wire('a', 3, 30)) });
    expect(shown()[0]).toContain('3 new replies');
    tell('thread_read_changed', { thread_id: 'a', unread_replies: 0, unread_mentions: 0 });
    expect(shown()[0]).not.toContain('new');
    tell('thread_follow_changed', { thread_id: 'a', state: false, reply_count: 2 });
    expect(shown()).toHaveLength(1);
  });
});

describe('a thread', () => {
  it('is left off and followed again', async () => {
    dispatch({ kind: 'posts', posts: [aPost({ id: 'b' })] });
    dispatch({ kind: 'thread-followed', rootId: 'b', following: true });
    render(<FollowButton rootId="b" />);
    const button = screen.getByRole('button', { name: 'Following', pressed: true });
    fireEvent.click(button);
    await vi.waitFor(() => expect(screen.getByRole('button', { pressed: false })).toBeDefined());
    expect(asked).toEqual(['DELETE /users/me/teams/t1/threads/b/following']);
    fireEvent.click(screen.getByRole('button'));
    await vi.waitFor(() => expect(asked.at(-1)).toBe('PUT /users/me/teams/t1/threads/b/following'));
  });

  it('is read while it is open, up to its last reply', async () => {
    render(<ThreadPane rootId="b" renderPost={(id) => <article>{id}</article>} composer={null} />);
    await vi.waitFor(() => expect(asked).toContain('PUT /users/me/teams/t1/threads/b/read/20'));
  });

  it('counts in the list of channels', () => {
    render(<ThreadsEntry team={team} current={false} />);
    const link = screen.getByRole('link', { name: 'Threads' });
    expect(link.getAttribute('href')).toBe('/team/threads');
    act(() => dispatch({ kind: 'thread-totals', teamId: 't1', unread: 2, mentions: 1 }));
    expect(screen.getByRole('link').textContent).toContain('2 unread threads');
  });
});
