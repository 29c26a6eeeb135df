// Behaviour 8.3: ticks on one's own messages in shared channels, never more than what is known, and behind them who and why.
import { render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Delivery } from '../../api/sharedChannels';
import * as calls from '../../api/sharedChannels';
import { forgetDeliveries } from '../../realtime/deliveries';
import { dispatch } from '../../state/store';
import { aChannel, aPost, aUser } from '../../testing/entities';
import { DeliveryTicks } from './DeliveryTicks';

const of = (organisation: string, state: Delivery['state'], online = true, reason = ''): Delivery => ({ organisation, state, reason, online });

beforeEach(() => {
  forgetDeliveries();
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'channels', channels: [aChannel({ id: 'c1', shared: true })] });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('DeliveryTicks', () => {
  it('asks once for a message of one\'s own and shows what is known', async () => {
    const list = vi.spyOn(calls, 'listDeliveries').mockResolvedValue([
      { post_id: 'p1', ticks: 1, organisations: [of('Acme', 'stored'), of('Globex', 'waiting', false), of('Initech', 'refused', false, 'too long')] },
    ]);
    render(<DeliveryTicks post={aPost({ id: 'p1', user_id: 'me', channel_id: 'c1' })} />);
    const mark = await screen.findByTestId('post-ticks');
    expect(mark.getAttribute('data-ticks')).toBe('1');
    expect(mark.querySelector('summary')?.textContent).toContain('1 of 3');
    expect(mark.querySelector('summary')?.textContent).toContain('Globex');
    expect(mark.textContent).toContain('too long');
    expect(list).toHaveBeenCalledTimes(1);
    expect(list).toHaveBeenCalledWith(['p1']);
  });

  it('says nothing of messages of others or in channels that are not shared', async () => {
    const list = vi.spyOn(calls, 'listDeliveries').mockResolvedValue([]);
    dispatch({ kind: 'channels', channels: [aChannel({ id: 'c2' })] });
    render(
      <>
        <DeliveryTicks post={aPost({ id: 'p2', user_id: 'you', channel_id: 'c1' })} />
        <DeliveryTicks post={aPost({ id: 'p3', user_id: 'me', channel_id: 'c2' })} />
        <DeliveryTicks post={aPost({ id: 'p4', user_id: 'me', channel_id: 'c1' })} />
      </>,
    );
    await waitFor(() => expect(list).toHaveBeenCalledWith(['p4']));
    expect(screen.queryByTestId('post-ticks')).toBeNull();
  });
});
