// The box with its keys: what Enter does, what Tab takes, what a refusal leaves behind.
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch, store } from '../../state/store';
import { aChannel, aPost, aUser } from '../../testing/entities';
import { Composer } from './Composer';
import { forgetAll } from './history';

interface Call {
  path: string;
  query: URLSearchParams;
  body: Record<string, string>;
}

const calls: Call[] = [];
let refuse: { status: number; id: string; message: string } | undefined;

const suggestions = [
  { Complete: 'secure-connection create', Suggestion: 'create', Hint: '', Description: 'Create an invitation', IconData: '' },
  { Complete: 'secure-connection accept', Suggestion: 'accept', Hint: '', Description: 'Accept an invitation', IconData: '' },
];

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const path = url.pathname.replace('/api/v4', '');
  const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as Record<string, string>) : {};
  calls.push({ path, query: url.searchParams, body });
  const json = (value: unknown, status = 200): Promise<Response> => Promise.resolve(new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } }));
  if (path.endsWith('autocomplete_suggestions')) return json(suggestions);
  if (refuse !== undefined) return json({ id: refuse.id, message: refuse.message, status_code: refuse.status }, refuse.status);
  if (path === '/posts') return json(aPost({ id: 'made', user_id: 'me', message: body['message'] ?? '', pending_post_id: body['pending_post_id'] ?? '' }), 201);
  if (path === '/commands/execute') return json({ response_type: 'ephemeral', text: 'done', goto_location: '' });
  return json([]);
}

const place = { teamId: 't1', channelId: 'c1', rootId: '' };

function open(): HTMLTextAreaElement {
  render(<Composer place={place} label="Message to Ops" placeholder="Write" onEditLast={() => undefined} onGoto={() => undefined} />);
  return screen.getByRole('textbox', { name: 'Message to Ops' });
}

beforeEach(() => {
  calls.length = 0;
  refuse = undefined;
  forgetAll();
  localStorage.clear();
  vi.stubGlobal('fetch', serve);
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  Element.prototype.scrollIntoView = () => undefined;
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'channels', channels: [aChannel()] });
  dispatch({ kind: 'connection', connection: 'open' });
});

describe('Composer', () => {
  it('sends on Enter, breaks the line on Shift+Enter, and shows the message before the server answers', async () => {
    const box = open();
    await userEvent.type(box, 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect(box.value).toBe('');
    const sent = calls.find((call) => call.path === '/posts');
    expect(sent?.body['message']).toBe('one\ntwo');
    expect(sent?.body['pending_post_id']).toMatch(/^me:\d+$/);
    await waitFor(() => expect(store.getState().timelines['c1']).toEqual(['made']));
  });

  it('keeps a message the server refused, with the reason', async () => {
    refuse = { status: 400, id: 'model.post.is_valid.message_length.app_error', message: 'Too long.' };
    await userEvent.type(open(), 'hello{Enter}');
    await waitFor(() => expect(Object.values(store.getState().posts).map((post) => post.delivery)).toEqual([{ state: 'failed', reason: 'Too long.' }]));
  });

  it('sends several messages in the order in which they were written', async () => {
    const box = open();
    await userEvent.type(box, 'first{Enter}second{Enter}third{Enter}');
    await waitFor(() => expect(calls.filter((call) => call.path === '/posts').map((call) => call.body['message'])).toEqual(['first', 'second', 'third']));
  });

  it('offers the server’s commands, takes one with Tab, and asks about the channel one is in', async () => {
    const box = open();
    await userEvent.type(box, '/secure-connection ');
    const option = await screen.findByRole('option', { name: /create/ });
    expect(option.getAttribute('aria-selected')).toBe('false');
    await userEvent.keyboard('{ArrowDown}{ArrowDown}');
    expect(screen.getByRole('option', { name: /accept/ }).getAttribute('aria-selected')).toBe('true');
    await userEvent.keyboard('{Tab}');
    await waitFor(() => expect(box.value).toBe('/secure-connection accept '));
    expect(calls.find((call) => call.path.endsWith('autocomplete_suggestions'))?.query.get('channel_id')).toBe('c1');
  });

  it('runs a complete command on Enter although suggestions are open, and posts nothing', async () => {
    const box = open();
    await userEvent.type(box, '/secure-connection status');
    await screen.findAllByRole('option');
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(calls.find((call) => call.path === '/commands/execute')?.body).toMatchObject({ command: '/secure-connection status', channel_id: 'c1', team_id: 't1' }));
    expect(calls.some((call) => call.path === '/posts')).toBe(false);
    expect(box.value).toBe('');
  });

  it('gives the line of a refused command back', async () => {
    refuse = { status: 404, id: 'api.command.execute_command.not_found.app_error', message: 'no' };
    const box = open();
    await userEvent.type(box, '/nonsense{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('no such command');
    expect(box.value).toBe('/nonsense');
  });

  it('calls back earlier lines with Alt and the arrow, but none with a password', async () => {
    const box = open();
    await userEvent.type(box, '/share-channel status{Enter}');
    await waitFor(() => expect(box.value).toBe(''));
    fireEvent.change(box, { target: { value: '/secure-connection create --password hunter2' } });
    await userEvent.type(box, '{Enter}');
    await waitFor(() => expect(calls.filter((call) => call.path === '/commands/execute')).toHaveLength(2));
    await userEvent.keyboard('{Alt>}{ArrowUp}{/Alt}');
    expect(box.value).toBe('/share-channel status');
    expect(JSON.stringify(localStorage)).not.toContain('hunter2');
  });
});
