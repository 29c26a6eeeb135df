// M-18: the author of a message that an organisation refused sees a mark on it, and behind it who and why.
import { render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { dispatch } from '../../state/store';
import { aPost, aUser } from '../../testing/entities';
import { DeliveryNote } from './DeliveryNote';

beforeEach(() => {
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  const of = (post_id: string, organisation: string, reason: string) => ({ post_id, organisation, reason });
  dispatch({ kind: 'undelivered', channelId: 'c1', list: [of('p1', 'Acme', 'too long'), of('p1', 'Globex', 'not wanted'), of('p2', 'Initech', 'other')] });
});

describe('DeliveryNote', () => {
  it('marks a refused message with everybody who refused it and why', () => {
    render(<DeliveryNote post={aPost({ id: 'p1', user_id: 'me' })} onRetry={() => undefined} />);
    const mark = screen.getByTestId('post-refused');
    expect(mark.querySelector('summary')?.textContent).toContain('Acme, Globex');
    expect(mark.textContent).toContain('Globex: not wanted');
    expect(mark.textContent).not.toContain('Initech');
  });

  it('leaves other messages alone', () => {
    render(<DeliveryNote post={aPost({ id: 'p3', user_id: 'me' })} onRetry={() => undefined} />);
    expect(screen.queryByTestId('post-refused')).toBeNull();
  });
});
