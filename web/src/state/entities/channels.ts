// Channels, own memberships and what is unread in them.
import type { Channel, ChannelMembership, State, Unread } from '../model';
import { supersedes, without } from '../model';

/** Takes channels as the server holds them; older versions change nothing. */
export function put(state: State, channels: readonly Channel[]): State {
  const next = { ...state.channels };
  for (const channel of channels) {
    if (supersedes(channel, next[channel.id])) next[channel.id] = channel;
  }
  return { ...state, channels: next };
}

function countUnread(channel: Channel | undefined, membership: ChannelMembership): Unread {
  const muted = membership.notify_props.mark_unread === 'mention';
  return { messages: muted ? 0 : Math.max(0, (channel?.total_msg_count ?? 0) - membership.msg_count), mentions: membership.mention_count };
}

/** Takes own memberships and counts afresh what is unread in each. */
export function putMemberships(state: State, memberships: readonly ChannelMembership[]): State {
  const next = { ...state.memberships };
  const unreads = { ...state.unreads };
  for (const membership of memberships) {
    const held = next[membership.channel_id];
    // A view that this client has just reported is newer than a list asked for before it.
    if (held !== undefined && held.last_viewed_at > membership.last_viewed_at) {
      // What one may do has no version of its own: the newest word on it counts, whatever was read meanwhile.
      next[membership.channel_id] = { ...held, roles: membership.roles, scheme_user: membership.scheme_user, scheme_admin: membership.scheme_admin };
      continue;
    }
    next[membership.channel_id] = membership;
    unreads[membership.channel_id] = countUnread(state.channels[membership.channel_id], membership);
  }
  return { ...state, memberships: next, unreads };
}

/** Takes the whole sidebar of a team: what is no longer in it has been left. */
export function putSidebar(state: State, teamId: string, channels: readonly Channel[], memberships: readonly ChannelMembership[]): State {
  const told = new Set(memberships.map((membership) => membership.channel_id));
  const gone = Object.keys(state.memberships).filter((id) => {
    const channel = state.channels[id];
    return !told.has(id) && (channel === undefined || channel.team_id === teamId || channel.team_id === '');
  });
  return putMemberships(put({ ...state, memberships: without(state.memberships, ...gone) }, channels), memberships);
}

/** Own membership is over. Posts stay in the store but nobody shows them. */
export function leave(state: State, channelId: string): State {
  return {
    ...state,
    memberships: without(state.memberships, channelId),
    unreads: without(state.unreads, channelId),
    windows: without(state.windows, channelId),
    members: without(state.members, channelId),
  };
}

/** Everything up to `at` has been seen. */
export function view(state: State, channelId: string, at: number): State {
  const held = state.memberships[channelId];
  const memberships =
    held === undefined || held.last_viewed_at >= at
      ? state.memberships
      : { ...state.memberships, [channelId]: { ...held, last_viewed_at: at, mention_count: 0, msg_count: state.channels[channelId]?.total_msg_count ?? held.msg_count } };
  return { ...state, memberships, unreads: { ...state.unreads, [channelId]: { messages: 0, mentions: 0 } } };
}

/** One more message that nobody here has seen. */
export function countPost(state: State, channelId: string, mentioned: boolean): State {
  const held = state.unreads[channelId] ?? { messages: 0, mentions: 0 };
  const muted = state.memberships[channelId]?.notify_props.mark_unread === 'mention';
  const direct = state.channels[channelId]?.type === 'D';
  const next = { messages: held.messages + (muted ? 0 : 1), mentions: held.mentions + (mentioned || direct ? 1 : 0) };
  return { ...state, unreads: { ...state.unreads, [channelId]: next } };
}
