// Handing a message on, and what is seen of a message another one links to.
import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Post, Team } from '../../state/model';
import { dispatch, store } from '../../state/store';
import { aChannel, aMembership, aPost, aUser } from '../../testing/entities';
import { ForwardDialog } from './ForwardDialog';
import { LinkedMessage } from './LinkedMessage';

const sent: unknown[] = [];

beforeEach(() => {
  sent.length = 0;
  HTMLDialogElement.prototype.showModal = vi.fn();
  HTMLDialogElement.prototype.close = vi.fn();
  vi.stubGlobal('fetch', (_: unknown, init: RequestInit) => {
    sent.push(JSON.parse(init.body as string));
    return Promise.resolve(new Response(JSON.stringify(aPost({ id: 'made', channel_id: 'c2' })), { status: 201, headers: { 'Content-Type': 'application/json' } }));
  });
  dispatch({ kind: 'signed-out' });
  dispatch({ kind: 'config', config: { SiteURL: 'https://chat.example.org' } });
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me' }) });
  dispatch({ kind: 'users', users: [aUser()] });
  dispatch({ kind: 'teams', teams: [{ id: 't1', name: 'team', display_name: 'Team', update_at: 1, delete_at: 0 } as Team] });
  dispatch({ kind: 'my-teams', teamIds: ['t1'] });
  const channels = [aChannel({ type: 'P', display_name: 'Board' }), aChannel({ id: 'c2', name: 'town', display_name: 'Town' }), aChannel({ id: 'c3', name: 'old', display_name: 'Oldtown', delete_at: 5 })];
  dispatch({ kind: 'sidebar', teamId: 't1', channels, memberships: channels.map((channel) => aMembership({ channel_id: channel.id })) });
});

describe('ForwardDialog', () => {
  it('writes a comment and the link where one chooses, and says who can open it', async () => {
    const onClose = vi.fn();
    render(<ForwardDialog post={aPost({ id: 'p1', message: 'hello' })} onClose={onClose} />);
    expect(screen.getByText('What goes there is a link. Only members of Board can open it.')).toBeDefined();
    fireEvent.click(screen.getByRole('button', { name: 'Forward', hidden: true }));
    expect(screen.getByText('Choose where the message is to go.')).toBeDefined();
    const box = screen.getByRole('combobox', { name: 'To channel or person', hidden: true });
    fireEvent.change(box, { target: { value: 'town' } });
    expect(screen.getAllByRole('option', { hidden: true }).map((option) => option.textContent)).toEqual(['Town']);
    fireEvent.keyDown(box, { key: 'Enter' });
    fireEvent.change(screen.getByLabelText('Comment (optional)'), { target: { value: ' look ' } });
    fireEvent.click(screen.getByRole('button', { name: 'Forward', hidden: true }));
    await vi.waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(sent).toEqual([{ channel_id: 'c2', message: 'look\n\nhttps://chat.example.org/team/pl/p1' }]);
    expect(store.getState().posts['made']).toBeDefined();
  });
});

describe('LinkedMessage', () => {
  it('shows what the server shows the reader, and nothing else', () => {
    const data = { post_id: 'far', post: aPost({ id: 'far', message: 'the linked words' }), team_name: 'team', channel_display_name: 'Board', channel_type: 'P', channel_id: 'c1' };
    const embeds = [{ type: 'permalink', url: '', data }] as unknown as NonNullable<NonNullable<Post['metadata']>['embeds']>;
    const { rerender } = render(<LinkedMessage post={aPost({ metadata: { embeds } })} />);
    expect(screen.getByTestId('linked-message').textContent).toContain('the linked words');
    expect(screen.getByRole('link', { name: 'Open the message' }).getAttribute('href')).toBe('/team/pl/far');
    rerender(<LinkedMessage post={aPost({ message: 'https://chat.example.org/team/pl/far' })} />);
    expect(screen.queryByTestId('linked-message')).toBeNull();
  });
});
