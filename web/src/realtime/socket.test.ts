// Reconnecting without loss, from the client's side (client API section 9.3).
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket, openFake } from '../testing/FakeSocket';
import { aPost } from '../testing/entities';
import type { Listener, Socket } from './socket';
import { connect } from './socket';

const listener = { opened: vi.fn(), hello: vi.fn(), closed: vi.fn(), frame: vi.fn(), missed: vi.fn() } satisfies Listener;
let socket: Socket;

/** Lets the wait before the next try pass. */
function wait(): void {
  vi.advanceTimersByTime(1000);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  FakeSocket.made.length = 0;
  for (const mock of Object.values(listener)) mock.mockReset();
  socket = connect(listener, { open: openFake, retry: 1000, jitter: 0 });
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('connect', () => {
  it('asks for a fresh connection first, signed in by the cookie alone', () => {
    const { url } = FakeSocket.last;
    expect(url.pathname).toBe('/api/v4/websocket');
    expect(url.searchParams.get('connection_id')).toBe('');
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    expect(listener.hello).toHaveBeenCalledOnce();
    expect(FakeSocket.last.sent.some((text) => text.includes('authentication_challenge'))).toBe(false);
  });

  it('tells frames in order', () => {
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    FakeSocket.last.tell('posted', { post: JSON.stringify(aPost()) }, 1);
    FakeSocket.last.tell('sidebar_category_updated', {}, 2);
    FakeSocket.last.tell('typing', { user_id: 'u1', parent_id: '' }, 3);
    expect(listener.frame.mock.calls.map(([frame]: { event: string }[]) => frame?.event)).toEqual(['posted', 'typing']);
  });

  it('resumes with its connection id and the number it expects next, and then has missed nothing', () => {
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    FakeSocket.last.tell('typing', { user_id: 'u1', parent_id: '' }, 1);
    FakeSocket.last.drop();
    expect(listener.closed).toHaveBeenCalledOnce();
    wait();
    expect(FakeSocket.last.url.searchParams.get('connection_id')).toBe('one');
    expect(FakeSocket.last.url.searchParams.get('sequence_number')).toBe('2');
    FakeSocket.last.open();
    FakeSocket.last.tell('typing', { user_id: 'u1', parent_id: '' }, 2);
    expect(listener.frame).toHaveBeenCalledTimes(2);
    expect(listener.missed).not.toHaveBeenCalled();
  });

  it('says that something was missed when the server had to start a new connection', () => {
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    FakeSocket.last.drop();
    wait();
    FakeSocket.last.open();
    FakeSocket.last.hello('two');
    expect(listener.missed).toHaveBeenCalledOnce();
    FakeSocket.last.tell('typing', { user_id: 'u1', parent_id: '' }, 1);
    expect(listener.frame).toHaveBeenCalledOnce();
  });

  it('does not trust a stream with a gap: it reconnects and does not take the frame', () => {
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    FakeSocket.last.tell('typing', { user_id: 'u1', parent_id: '' }, 5);
    expect(listener.frame).not.toHaveBeenCalled();
    wait();
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.last.url.searchParams.get('sequence_number')).toBe('1');
  });

  it('backs off while the server stays away', () => {
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const before = FakeSocket.made.length;
      FakeSocket.last.drop();
      let waited = 0;
      while (FakeSocket.made.length === before && waited < 120_000) {
        vi.advanceTimersByTime(500);
        waited += 500;
      }
      waits.push(waited);
    }
    expect(waits[0]).toBe(1000);
    expect(waits.at(-1)).toBe(60_000);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
  });

  it('stays away once closed', () => {
    FakeSocket.last.open();
    FakeSocket.last.hello('one');
    socket.close();
    vi.advanceTimersByTime(600_000);
    expect(FakeSocket.made).toHaveLength(1);
  });
});
