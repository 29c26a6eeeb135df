// Behaviour 4.5: people of another organisation are not added from here; their organisation is asked, and the dialog says so.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { aChannel, aUser } from '../../testing/entities';
import { AddDialog } from './AddDialog';
import * as actions from './actions';

beforeAll(() => {
  // The test environment has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function show(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement) {
    this.open = false;
  };
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('AddDialog', () => {
  it('tells adding from asking', async () => {
    vi.spyOn(actions, 'findAddable').mockResolvedValue([aUser({ id: 'u1', username: 'ann' }), aUser({ id: 'u2', username: 'bob:acme', remote_id: 'r1' })]);
    vi.spyOn(actions, 'addMember').mockImplementation((_channel, user) => Promise.resolve(user === 'u2' ? 'asked' : 'added'));
    render(<AddDialog channel={aChannel({ id: 'c1', shared: true })} onClose={() => undefined} />);
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: /ann/ }));
    expect((await screen.findAllByRole('status')).map((one) => one.textContent)).toEqual(['Added']);
    await user.click(screen.getByRole('button', { name: /bob:acme/ }));
    expect(await screen.findByText('Their organisation was asked')).toBeTruthy();
  });
});
