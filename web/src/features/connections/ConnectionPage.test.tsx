// The page of a connection: how it fares, what can be decided about it, and two administrators at once (behaviour 8.4, 8.5, 8.7).
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../../state/store';
import { aUser } from '../../testing/entities';
import { ConnectionPage } from './ConnectionPage';

const calls: string[] = [];
let url = 'https://acme.example';
let heldAt = 0;
let recoveries: unknown[] = [];
let aside: unknown[] = [];
let held = 'Acme';

const connection = () => ({ remote_id: 'r1', name: 'acme', display_name: held, site_url: url, default_team_id: 't1', creator_id: 'me', create_at: 1, confirmed_at: 2, last_ping_at: Date.now(), delete_at: 0 });
const health = () => ({
  remote_id: 'r1', state: 'connected', since: 1, round_trip_ms: 35, clock_skew_ms: -1200, outgoing: { items: 17, bytes: 1, lag_ms: 60000 },
  incoming: { lag_ms: null }, last_error: { code: 'tcp', message: 'the connection was refused', remedy: 'Ask whether the peer runs.', at: 1 },
  availability_24h: 0.999, set_aside: aside.length, token_renewed_at: 0, held_at: heldAt, recoveries, channels: [{ channel_id: 'c1', items: 17 }],
});
const answers: Record<string, () => unknown> = {
  'GET /remotecluster/r1': connection,
  'GET /remotecluster/r1/health': health,
  'GET /remotecluster/r1/set_aside': () => aside,
  'GET /remotecluster/r1/sharedchannelremotes': () => [
    { channel_id: 'c1', home: true, state: 'active', readonly: false, delete_at: 0, last_sync_at: 0, channel: { id: 'c1', name: 'ops', display_name: 'Ops', type: 'O', team_id: 't1' } },
    { channel_id: 'd1', home: true, state: 'active', readonly: false, delete_at: 0, last_sync_at: 0, channel: { id: 'd1', name: 'a__b', display_name: '', type: 'D', team_id: '' } },
    { channel_id: 'c2', home: true, state: 'ended', readonly: false, delete_at: 5, last_sync_at: 0 },
  ],
  'GET /teams': () => [{ id: 't1', display_name: 'Harbour office', delete_at: 0 }],
  'POST /remotecluster/r1/test': () => ({ outgoing: [{ name: 'dns', state: 'ok', remedy: '' }, { name: 'tls', state: 'fail', code: 'tls_time', remedy: 'Renew it.' }], incoming: [], incoming_error: 'nobody could be asked' }),
  'POST /remotecluster/r1/resume': () => ({ was_held: true, cause: '' }),
  'POST /remotecluster/r1/recover': () => ({ channels: 1 }),
  'POST /remotecluster/r1/rotate': () => ({ delivered: true, cause: '' }),
};

/** Refuses whoever saw another name than the one that is held, as the server does. */
function rename(body: { display_name: string; was: { display_name: string } }): Response {
  if (body.was.display_name !== held) return new Response(JSON.stringify({ id: 'changed', message: `It is now called ${held}.` }), { status: 409 });
  held = body.display_name;
  return new Response(JSON.stringify(connection()), { status: 200 });
}

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const path = new URL(input instanceof Request ? input.url : input).pathname.replace('/api/v4', '');
  const call = `${init?.method ?? 'GET'} ${path}`;
  calls.push(call);
  if (call === 'PATCH /remotecluster/r1') return Promise.resolve(rename(JSON.parse(init?.body as string) as Parameters<typeof rename>[0]));
  const answer = answers[call]?.() ?? [];
  return Promise.resolve(new Response(JSON.stringify(answer), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

const panel = () => screen.findByTestId('health');
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

beforeEach(() => {
  calls.length = 0;
  url = 'https://acme.example';
  heldAt = 0;
  recoveries = [];
  aside = [];
  held = 'Acme';
  vi.stubGlobal('fetch', serve);
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me', roles: 'system_user system_admin' }) });
});

describe('ConnectionPage', () => {
  it('shows how the connection fares', async () => {
    render(<ConnectionPage id="r1" />);
    await screen.findByTestId('health-state');
    const text = (await panel()).textContent;
    for (const part of ['Connected', '35', '-1200', '17', '99.90 %', 'the connection was refused', 'Ask whether the peer runs.']) expect(text).toContain(part);
  });

  it('lists live shares of channels, with what waits in each', async () => {
    render(<ConnectionPage id="r1" />);
    await userEvent.click(await screen.findByRole('tab', { name: 'Your channels' }));
    const row = await screen.findByRole('row', { name: /Ops/ });
    await within(row).findByText('17');
    await within(row).findByText('Harbour office');
    expect(screen.getAllByRole('row')).toHaveLength(2);
  });

  it('tests the way there and back, and says what to do', async () => {
    render(<ConnectionPage id="r1" />);
    await press('Test connection');
    const text = (await screen.findByTestId('test-report')).textContent;
    for (const part of ['tls_time', 'Renew it.', 'nobody could be asked']) expect(text).toContain(part);
  });

  it('shows the second of two who rename it what the first has made of it', async () => {
    render(<ConnectionPage id="r1" />);
    const box = await screen.findByRole('textbox', { name: 'Organisation name' });
    await userEvent.clear(box);
    await userEvent.type(box, 'Acme Inc.');
    held = 'Acme Two';
    await press('Save');
    expect(await screen.findByText('It is now called Acme Two.')).toBeTruthy();
    expect((box as HTMLInputElement).value).toBe('Acme Inc.');
    expect(held).toBe('Acme Two');
    await press('Save');
    await waitFor(() => expect(held).toBe('Acme Inc.'));
    expect(await screen.findByText('Saved.')).toBeTruthy();
  });

  it('follows what others change, but not over what is being typed', async () => {
    render(<ConnectionPage id="r1" />);
    const box = await screen.findByRole<HTMLInputElement>('textbox', { name: 'Organisation name' });
    held = 'Acme Two';
    act(() => dispatch({ kind: 'connection-news' }));
    await waitFor(() => expect(box.value).toBe('Acme Two'));
    await userEvent.type(box, ' Ltd');
    held = 'Acme Three';
    act(() => dispatch({ kind: 'connection-news' }));
    await screen.findByRole('tab', { name: 'Acme Three' });
    expect(box.value).toBe('Acme Two Ltd');
  });

  it('has the token renewed', async () => {
    render(<ConnectionPage id="r1" />);
    await press('Renew token');
    expect(await screen.findByText('The other side has taken a new token.')).toBeTruthy();
    expect(calls).toContain('POST /remotecluster/r1/rotate');
  });

  it('lets a held connection go on', async () => {
    heldAt = 5;
    render(<ConnectionPage id="r1" />);
    await press('Go on with the server at its address');
    expect(await screen.findByText(/^The connection goes on;/)).toBeTruthy();
    expect(calls).toContain('POST /remotecluster/r1/resume');
  });

  it('asks about messages that a restore has lost, and about nothing else', async () => {
    recoveries = [{ channel_id: 'c1', state: 'waiting' }, { channel_id: 'c2', state: 'done' }];
    render(<ConnectionPage id="r1" />);
    expect((await screen.findByTestId('connection-recover')).textContent).toContain('1 channels');
    expect(screen.queryByTestId('connection-held')).toBeNull();
    await press('Fetch them back');
    await waitFor(() => expect(calls).toContain('POST /remotecluster/r1/recover'));
  });

  it('has what the other side refuses sent again or discarded, one or all', async () => {
    aside = ['p1', 'p2'].map((item_id) => ({ kind: 'post', item_id, channel_id: 'c1', attempts: 6, cause: 'too large' }));
    render(<ConnectionPage id="r1" />);
    const list = await screen.findByTestId('set-aside');
    expect(await within(list).findAllByText(/too large/)).toHaveLength(2);
    const [again] = within(list).getAllByRole('button', { name: 'Send again' });
    if (again === undefined) throw new Error('no button');
    await userEvent.click(again);
    await waitFor(() => expect(calls).toContain('POST /remotecluster/r1/set_aside/post/p1'));
    await userEvent.click(within(list).getByRole('button', { name: 'Discard all' }));
    await waitFor(() => expect(calls).toContain('DELETE /remotecluster/r1/set_aside'));
  });

  it('has no health to show of one that nobody has accepted, but another code', async () => {
    url = 'pending_r1';
    render(<ConnectionPage id="r1" />);
    await screen.findByRole('button', { name: 'Generate invitation code' });
    expect(screen.getByTestId('state').textContent).toBe('Connection pending');
    expect(screen.queryByTestId('health')).toBeNull();
  });

  it('shows those who only share channels nothing they may not do', async () => {
    dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me', roles: 'system_user shared_channel_manager' }) });
    dispatch({ kind: 'roles', roles: [{ name: 'system_user', permissions: [] }, { name: 'shared_channel_manager', permissions: ['manage_shared_channels'] }] });
    render(<ConnectionPage id="r1" />);
    await screen.findByRole('button', { name: 'Add channels' });
    await panel();
    for (const name of ['Delete', 'Test connection', 'Renew token']) expect(screen.queryByRole('button', { name })).toBeNull();
    expect((await screen.findByRole<HTMLInputElement>('textbox', { name: 'Organisation name' })).disabled).toBe(true);
  });
});
