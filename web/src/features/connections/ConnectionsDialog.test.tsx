// Behaviour 8.4, 8.5, 8.7: administrators see how connections fare, test them and have tokens renewed.
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { announceConnection } from '../../realtime/connectionNews';
import { ConnectionsDialog } from './ConnectionsDialog';

const calls: string[] = [];
let state = 'connected';
let heldAt = 0;
let recoveries: unknown[] = [];

const health = () => ({
  remote_id: 'r1', state, since: 1, round_trip_ms: 35, clock_skew_ms: -1200, outgoing: { items: 17, bytes: 1, lag_ms: 60000 },
  incoming: { lag_ms: null }, last_error: { code: 'tcp', message: 'the connection was refused', remedy: 'Ask whether the peer runs.', at: 1 },
  availability_24h: 0.999, set_aside: 2, token_renewed_at: 0, held_at: heldAt, recoveries,
});
const CONNECTIONS = [
  { remote_id: 'r1', display_name: 'Acme', site_url: 'https://acme.example', delete_at: 0 },
  { remote_id: 'r2', display_name: 'Gone', site_url: 'https://gone.example', delete_at: 5 },
];
const answers: Record<string, unknown> = {
  'POST /remotecluster/r1/test': { outgoing: [{ name: 'dns', state: 'ok', remedy: '' }, { name: 'tls', state: 'fail', code: 'tls_time', remedy: 'Renew it.' }], incoming: [], incoming_error: 'nobody could be asked' },
  'POST /remotecluster/r1/resume': { was_held: true, cause: '' },
  'POST /remotecluster/r1/recover': { channels: 1 },
  'POST /remotecluster/r1/rotate': { delivered: true, cause: '' },
};

let held = 'Acme';

/** Refuses whoever saw another name than the one that is held, as the server does. */
function rename(body: { display_name: string; was: { display_name: string } }): Response {
  if (body.was.display_name !== held) return new Response(JSON.stringify({ id: 'changed', message: `It is now called ${held}.` }), { status: 409 });
  held = body.display_name;
  return new Response(JSON.stringify({ remote_id: 'r1', display_name: held, site_url: '', delete_at: 0 }), { status: 200 });
}

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const path = url.pathname.replace('/api/v4', '');
  const call = `${init?.method ?? 'GET'} ${path}`;
  calls.push(call);
  if (call === 'PATCH /remotecluster/r1') return Promise.resolve(rename(JSON.parse(init?.body as string) as Parameters<typeof rename>[0]));
  if (call === 'GET /remotecluster/r1') return Promise.resolve(new Response(JSON.stringify({ remote_id: 'r1', display_name: held, site_url: '', delete_at: 0 }), { status: 200 }));
  const known = call === 'GET /remotecluster/r1/health' ? health() : answers[call];
  const answer: unknown = typeof known === 'function' ? (known as (url: URL) => unknown)(url) : known;
  return Promise.resolve(new Response(JSON.stringify(answer), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

beforeEach(() => {
  calls.length = 0;
  answers['GET /remotecluster'] = CONNECTIONS;
  state = 'connected';
  heldAt = 0;
  recoveries = [];
  HTMLDialogElement.prototype.showModal = vi.fn(function (this: HTMLDialogElement) {
    this.open = true;
  });
  HTMLDialogElement.prototype.close = vi.fn();
  vi.stubGlobal('fetch', serve);
});

describe('ConnectionsDialog', () => {
  it('shows how each connection fares, ended ones left out', async () => {
    render(<ConnectionsDialog onClose={() => undefined} />);
    await waitFor(() => expect(screen.getByTestId('connection-state').textContent).toContain('Connected'));
    const text = screen.getByTestId('connection').textContent;
    for (const part of ['Acme', '35', '-1200', '17', '99.90 %', 'the connection was refused', 'Ask whether the peer runs.']) expect(text).toContain(part);
    expect(document.body.textContent).not.toContain('Gone');
  });

  // E-024
  it('shows another name at once when somebody else gives it', async () => {
    render(<ConnectionsDialog onClose={() => undefined} />);
    await screen.findByText('Acme');
    answers['GET /remotecluster'] = [{ remote_id: 'r1', display_name: 'Acme Europe', site_url: 'https://acme.example', delete_at: 0 }];
    announceConnection('r1');
    await screen.findByText('Acme Europe');
  });

  // E-159
  it('shows many connections page by page, and searches all of them', { timeout: 60_000 }, async () => {
    const patience = { timeout: 20_000 };
    const many = Array.from({ length: 21 }, (_, n) => ({ remote_id: `m${n}`, display_name: `Partner ${n}`, site_url: '', delete_at: 0 }));
    answers['GET /remotecluster'] = (url: URL) => {
      const page = Number(url.searchParams.get('page')) * 20;
      return many.filter((one) => one.display_name.includes(url.searchParams.get('q') ?? '')).slice(page, page + 20);
    };
    for (const one of many) answers[`GET /remotecluster/${one.remote_id}/health`] = health();
    render(<ConnectionsDialog onClose={() => undefined} />);
    await waitFor(() => expect(screen.getAllByTestId('connection')).toHaveLength(20), patience);
    fireEvent.click(screen.getByText('Show more'));
    await waitFor(() => expect(screen.getAllByTestId('connection')).toHaveLength(21), patience);
    expect(screen.queryByText('Show more')).toBeNull();
    fireEvent.change(screen.getByLabelText('Search by name or address'), { target: { value: 'er 20' } });
    await waitFor(() => expect(screen.getAllByTestId('connection')).toHaveLength(1), patience);
    expect(screen.getByTestId('connection').textContent).toContain('Partner 20');
  });

  it('tests the way there and back, and says what to do', async () => {
    render(<ConnectionsDialog onClose={() => undefined} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Test' }));
    await waitFor(() => expect(screen.getByTestId('connection').textContent).toContain('tls_time'));
    const text = screen.getByTestId('connection').textContent;
    for (const part of ['Renew it.', 'nobody could be asked']) expect(text).toContain(part);
  });

  it('shows the second of two who rename it what the first has made of it', async () => {
    held = 'Acme';
    render(<ConnectionsDialog onClose={() => undefined} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Rename' }));
    const box = screen.getByRole('textbox', { name: 'Name here' });
    await userEvent.clear(box);
    await userEvent.type(box, 'Acme Inc.');
    held = 'Acme Two';
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('It is now called Acme Two.')).toBeTruthy();
    expect(await screen.findByRole('heading', { name: /Acme Two/ })).toBeTruthy();
    expect(held).toBe('Acme Two');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByRole('heading', { name: /Acme Inc\./ })).toBeTruthy();
    expect(held).toBe('Acme Inc.');
  });

  it('has the token renewed', async () => {
    render(<ConnectionsDialog onClose={() => undefined} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Renew token' }));
    await waitFor(() => expect(screen.getByRole('status').textContent).toContain('new token'));
    expect(calls).toContain('POST /remotecluster/r1/rotate');
  });

  it('lets a held connection go on', async () => {
    heldAt = 5;
    render(<ConnectionsDialog onClose={() => undefined} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Go on with the server at its address' }));
    await waitFor(() => expect(screen.getByRole('status').textContent).toContain('goes on'));
    expect(calls).toContain('POST /remotecluster/r1/resume');
  });

  it('asks about messages that a restore has lost, and about nothing else', async () => {
    recoveries = [{ channel_id: 'c1', state: 'waiting' }, { channel_id: 'c2', state: 'done' }];
    render(<ConnectionsDialog onClose={() => undefined} />);
    expect((await screen.findByTestId('connection-recover')).textContent).toContain('1 channels');
    expect(screen.queryByTestId('connection-held')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Fetch them back' }));
    await waitFor(() => expect(calls).toContain('POST /remotecluster/r1/recover'));
  });

  it('offers neither for one that nobody has accepted', async () => {
    state = 'pending';
    render(<ConnectionsDialog onClose={() => undefined} />);
    await waitFor(() => expect(screen.getByTestId('connection-state').textContent).toContain('Not connected yet'));
    expect(screen.queryByRole('button', { name: 'Test' })).toBeNull();
  });
});
