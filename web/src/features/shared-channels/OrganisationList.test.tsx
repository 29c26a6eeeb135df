// Channel info says how a channel is shared: in which mode, since when, by whom; auditors find what left (behaviour 8.11).
import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { dispatch } from '../../state/store';
import { aChannel, aUser } from '../../testing/entities';
import { OrganisationList } from './OrganisationList';

const shared = aChannel({ shared: true });
const link = () => screen.queryByRole('link', { name: 'What left this server' });

beforeEach(() => {
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'users', users: [aUser({ id: 'u2', username: 'grace' })] });
  const organisation = { name: 'acme', display_name: 'Acme', create_at: 1, delete_at: 0, last_ping_at: 1 };
  const sharing = { mode: 'read_only', at: 1_790_000_000_000, by: 'u2' };
  dispatch({ kind: 'organisations', channelId: 'c1', organisations: [{ ...organisation, sharing }] });
});

it('names mode, beginning and who shared it', () => {
  render(<OrganisationList channel={shared} />);
  expect(screen.getByText('People there can only read')).toBeDefined();
  expect(screen.getByText(/^Shared since .*2026.* by grace$/)).toBeDefined();
});

it('leads auditors, and nobody else, to what left', () => {
  render(<OrganisationList channel={shared} />);
  expect(link()).toBeNull();
  act(() => dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me', roles: 'system_user system_admin' }) }));
  expect(link()).not.toBeNull();
});
