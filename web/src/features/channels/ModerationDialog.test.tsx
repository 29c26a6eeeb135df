// SC-018: administrators see what members and guests may do here and change it one thing at a time.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { aChannel } from '../../testing/entities';
import { ModerationDialog } from './ModerationDialog';
import type { Moderation } from './moderation';
import * as moderation from './moderation';

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

const on = { value: true, enabled: true };
const before: Moderation[] = [
  { name: 'create_post', roles: { members: on, guests: on } },
  { name: 'manage_members', roles: { members: on, guests: null } },
  { name: 'use_channel_mentions', roles: { members: on, guests: on } },
];
const after: Moderation[] = [
  { name: 'create_post', roles: { members: { value: false, enabled: true }, guests: on } },
  { name: 'manage_members', roles: { members: on, guests: null } },
  { name: 'use_channel_mentions', roles: { members: { value: false, enabled: false }, guests: on } },
];

describe('ModerationDialog', () => {
  it('changes one thing and shows what follows from it', async () => {
    vi.spyOn(moderation, 'listModerations').mockResolvedValue(before);
    const set = vi.spyOn(moderation, 'setModeration').mockResolvedValue(after);
    render(<ModerationDialog channel={aChannel({ id: 'c1', shared: true })} onClose={() => undefined} />);
    const user = userEvent.setup();
    const box = async (name: string) => screen.findByRole<HTMLInputElement>('checkbox', { name });
    expect((await box('Write messages: Members')).checked).toBe(true);
    expect(screen.getByText(/people of other organisations follow their own rules/)).toBeTruthy();
    expect(screen.queryByRole('checkbox', { name: 'Add and remove people: Guests' })).toBeNull();
    await user.click(await box('Write messages: Members'));
    expect(set).toHaveBeenCalledWith('c1', 'create_post', 'members', false);
    expect((await box('Write messages: Members')).checked).toBe(false);
    expect((await box('Call everybody with @channel: Members')).disabled).toBe(true);
  });
});
