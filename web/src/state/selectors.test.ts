// Who may write where, who is who, and when an organisation counts as gone.
import { describe, expect, it } from 'vitest';
import { aChannel, aMembership, aPost, aUser } from '../testing/entities';
import { apply } from './apply';
import type { Organisation, State } from './model';
import { emptyState } from './model';
import { composerState, displayName, mayDelete, mayInChannel, missingRoles, offlineOrganisations } from './selectors';

const share = (home: boolean, readonly: boolean) => ({ id: 'c1', team_id: 't1', home, readonly, remote_id: 'r1' });
const acme: Organisation = { name: 'acme', display_name: 'Acme', create_at: 1, delete_at: 0, last_ping_at: 1_000_000 };
const state = (part: Partial<State>): State => ({ ...emptyState, me: 'me', channels: { c1: aChannel() }, origins: { r1: acme }, ...part });

describe('composerState', () => {
  it('closes a copy that is shared for reading, naming who shares it', () => {
    expect(composerState(state({ shares: { c1: share(false, true) } }), 'c1')).toEqual({ kind: 'read-only', organisation: 'Acme' });
  });

  it('leaves the home side and full shares open', () => {
    expect(composerState(state({ shares: { c1: share(true, true) } }), 'c1').kind).toBe('open');
    expect(composerState(state({ shares: { c1: share(false, false) } }), 'c1').kind).toBe('open');
    expect(composerState(state({}), 'c1').kind).toBe('open');
  });

  it('closes what is archived', () => {
    expect(composerState(state({ channels: { c1: aChannel({ delete_at: 5 }) } }), 'c1').kind).toBe('archived');
  });
});

// SC-018: what administrators have taken in a channel is told by the roles one holds there.
describe('mayInChannel', () => {
  const roles = { system_user: [], team_user: [], team_admin: ['create_post'], channel_user: ['create_post'], channel_user_without_p: ['add_reaction'], channel_admin: ['create_post'] };
  const held = (channel: string, team = 'team_user', system = 'system_user', known: State['roles'] = roles) =>
    state({ roles: known, teamRoles: { t1: team }, users: { me: aUser({ id: 'me', roles: system }) }, memberships: { c1: aMembership({ roles: channel }) } });

  it('denies what no role allows, and closes the composer', () => {
    expect(mayInChannel(held('channel_user'), 'c1', 'create_post')).toBe(true);
    expect(mayInChannel(held('channel_user_without_p'), 'c1', 'create_post')).toBe(false);
    expect(mayInChannel(held('channel_user_without_p'), 'c1', 'add_reaction')).toBe(true);
    expect(composerState(held('channel_user_without_p'), 'c1').kind).toBe('moderated');
    expect(composerState(held('channel_user'), 'c1').kind).toBe('open');
  });

  it('exempts administrators of the channel, the team and the system', () => {
    expect(mayInChannel(held('channel_user_without_p channel_admin'), 'c1', 'create_post')).toBe(true);
    expect(mayInChannel(held('channel_user_without_p', 'team_user team_admin'), 'c1', 'create_post')).toBe(true);
    expect(mayInChannel(held('channel_user_without_p', 'team_user', 'system_user system_admin', { ...roles, system_admin: [] }), 'c1', 'create_post')).toBe(true);
  });

  it('denies nothing while a role is not known', () => {
    expect(mayInChannel(held('channel_user_without_p', 'team_user', 'system_user', {}), 'c1', 'create_post')).toBe(true);
    expect(missingRoles(held('channel_user_without_pr'), 'c1')).toEqual(['channel_user_without_pr']);
  });

  it('takes the newest word on roles although more was read meanwhile', () => {
    const before = { ...held('channel_user'), memberships: { c1: aMembership({ roles: 'channel_user', last_viewed_at: 9 }) } };
    const after = apply(before, { kind: 'memberships', memberships: [aMembership({ roles: 'channel_user_without_p', last_viewed_at: 5 })] });
    expect(after.memberships['c1']).toMatchObject({ roles: 'channel_user_without_p', last_viewed_at: 9 });
  });
});

describe('offlineOrganisations', () => {
  const minute = 60_000;
  it.each([
    ['just heard of', acme.last_ping_at + minute, 0],
    ['five minutes to the millisecond', acme.last_ping_at + 5 * minute, 0],
    ['longer', acme.last_ping_at + 5 * minute + 1, 1],
  ])('%s', (_, now, count) => expect(offlineOrganisations([acme], now)).toHaveLength(count));

  it('does not count one that never connected', () => {
    expect(offlineOrganisations([{ ...acme, last_ping_at: 0 }], Date.now())).toEqual([]);
  });
});

describe('displayName', () => {
  it('prefers the nickname, then the full name, then the user name', () => {
    expect(displayName(aUser({ nickname: 'Countess', first_name: 'Ada' }))).toBe('Countess');
    expect(displayName(aUser({ first_name: 'Ada', last_name: 'L.' }))).toBe('Ada L.');
    expect(displayName(aUser())).toBe('ada');
  });

  it('shows people from elsewhere under the name they have at home', () => {
    expect(displayName(aUser({ username: 'ada:acme', remote_id: 'r1', props: { RemoteUsername: 'ada' } }))).toBe('ada');
  });
});

describe('mayDelete', () => {
  it('is for authors and administrators', () => {
    const post = aPost({ user_id: 'u1' });
    expect(mayDelete(state({ users: { me: aUser({ id: 'me' }) } }), post)).toBe(false);
    expect(mayDelete(state({ users: { me: aUser({ id: 'me', roles: 'system_user system_admin' }) } }), post)).toBe(true);
    expect(mayDelete(state({ me: 'u1' }), post)).toBe(true);
  });
});
