// Progress of earlier messages: shown to whoever is told of it, and ordered by the buttons that its state has.
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aChannel } from '../../testing/entities';
import { HistoryList } from './HistoryList';

const asked: string[] = [];
let backfills: Record<string, unknown>[] = [];

function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const path = new URL(input instanceof Request ? input.url : input).pathname.replace('/api/v4', '');
  asked.push(`${init?.method ?? 'GET'} ${path}`);
  const order = path.split('/').at(-1);
  if (order === 'pause') backfills = backfills.map((one) => ({ ...one, state: 'paused' }));
  if (order === 'cancel') backfills = backfills.map((one) => ({ ...one, state: 'cancelled' }));
  const answer = order === 'history' ? { shared_at: 0, backfills } : backfills[0];
  return Promise.resolve(new Response(JSON.stringify(answer), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

const shown = (): HTMLElement | null => screen.queryByTestId('history-progress');
const shared = aChannel({ shared: true });

beforeEach(() => {
  asked.length = 0;
  backfills = [{ remote_id: 'r1', display_name: 'Acme', state: 'running', reason: '', total: 500, done: 120, rate: 40.5, remaining_seconds: 190 }];
  vi.stubGlobal('fetch', serve);
});

describe('HistoryList', () => {
  it('says how far it is and how long it takes', async () => {
    render(<HistoryList channel={shared} />);
    await waitFor(() => expect(shown()).not.toBeNull());
    for (const part of ['Acme', '120 of 500 messages', '40.5 a second', '3 min left']) expect(shown()?.textContent).toContain(part);
    expect(screen.getByRole('progressbar').getAttribute('value')).toBe('120');
  });

  it('pauses and cancels', async () => {
    render(<HistoryList channel={shared} />);
    await waitFor(() => expect(shown()).not.toBeNull());
    await userEvent.click(screen.getByRole('button', { name: 'Pause' }));
    await waitFor(() => expect(shown()?.dataset['state']).toBe('paused'));
    expect(screen.getByRole('button', { name: 'Resume' })).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(shown()?.dataset['state']).toBe('cancelled'));
    expect(screen.queryAllByRole('button')).toEqual([]);
    expect(asked.filter((call) => call.startsWith('POST'))).toEqual(['POST /remotecluster/r1/channels/c1/history/pause', 'POST /remotecluster/r1/channels/c1/history/cancel']);
  });

  it('is not there where there is nothing to tell', async () => {
    backfills = [];
    const { container } = render(<HistoryList channel={shared} />);
    await waitFor(() => expect(asked).toHaveLength(1));
    expect(container.textContent).toBe('');
    render(<HistoryList channel={aChannel()} />);
    expect(asked).toHaveLength(1);
  });
});
