// Words not sent yet, when the box is taken away and comes back.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../../state/store';
import { aChannel, aUser } from '../../testing/entities';
import { ClosedComposer } from './ClosedComposer';
import { Composer } from './Composer';

const label = 'Message to Ops';

function Box({ readOnly }: { readOnly: boolean }) {
  if (readOnly) return <ClosedComposer label={label} state={{ kind: 'read-only', organisation: 'Acme' }} />;
  return <Composer place={{ teamId: 't1', channelId: 'c1', rootId: '' }} label={label} placeholder="Write" onEditLast={() => undefined} onGoto={() => undefined} />;
}

const box = (): HTMLElement | null => screen.queryByRole('textbox', { name: label });

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('[]', { status: 200, headers: { 'Content-Type': 'application/json' } })));
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  Element.prototype.scrollIntoView = () => undefined;
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'channels', channels: [aChannel({ shared: true })] });
  dispatch({ kind: 'connection', connection: 'open' });
});

describe('drafts', () => {
  // E-137
  it('are there again when a read-only channel can be written in', async () => {
    const { rerender, unmount } = render(<Box readOnly={false} />);
    await userEvent.type(screen.getByRole('textbox', { name: label }), 'half a thought');
    rerender(<Box readOnly />);
    expect(box()).toHaveProperty('disabled', true);
    rerender(<Box readOnly={false} />);
    expect(box()).toHaveProperty('value', 'half a thought');
    // Also after the page was left meanwhile.
    unmount();
    render(<Box readOnly={false} />);
    expect(box()).toHaveProperty('value', 'half a thought');
  });
});
