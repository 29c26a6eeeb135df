// The one door into the store. `apply` is pure, and because versions never go back it does not matter in which order news arrives:
// "fetch, then events" ends where "fetch again" would.
import type { Change } from './change';
import * as channels from './entities/channels';
import * as members from './entities/members';
import * as posts from './entities/posts';
import * as reactions from './entities/reactions';
import * as threads from './entities/threads';
import type { Organisation, State } from './model';
import { emptyState, supersedes, without } from './model';

/** The state after `change`. Returns the same object where nothing changed is not promised. */
export function apply(state: State, change: Change): State {
  switch (change.kind) {
    case 'signed-in':
      return members.put({ ...state, me: change.user.id }, [change.user]);
    case 'signed-out':
      return { ...emptyState, config: state.config };
    case 'config':
      return { ...state, config: change.config };
    case 'connection':
      return { ...state, connection: change.connection };
    case 'connection-news':
      return { ...state, connectionNews: state.connectionNews + 1 };
    case 'users':
      return members.put(state, change.users);
    case 'statuses':
      return { ...state, statuses: { ...state.statuses, ...Object.fromEntries(change.statuses.map((entry) => [entry.user_id, entry.status])) } };
    case 'teams': {
      const teams = { ...state.teams };
      for (const team of change.teams) if (supersedes(team, teams[team.id])) teams[team.id] = team;
      return { ...state, teams };
    }
    case 'my-teams':
      return { ...state, myTeams: change.teamIds };
    case 'team-roles':
      return { ...state, teamRoles: { ...state.teamRoles, [change.teamId]: change.roles } };
    case 'roles':
      return { ...state, roles: { ...state.roles, ...Object.fromEntries(change.roles.map((role) => [role.name, role.permissions])) } };
    case 'team-joined':
      return state.myTeams.includes(change.teamId) ? state : { ...state, myTeams: [...state.myTeams, change.teamId] };
    case 'team-left':
      return { ...state, myTeams: state.myTeams.filter((id) => id !== change.teamId) };
    case 'channels':
      return channels.put(state, change.channels);
    case 'memberships':
      return channels.putMemberships(state, change.memberships);
    case 'sidebar':
      return channels.putSidebar(state, change.teamId, change.channels, change.memberships);
    case 'channel-left':
      return channels.leave(state, change.channelId);
    case 'channel-viewed':
      return channels.view(state, change.channelId, change.at);
    case 'members':
      return members.putMembers(state, change.channelId, change.users);
    case 'member-added':
      return members.add(state, change.channelId, change.userId);
    case 'member-removed':
      return members.remove(state, change.channelId, change.userId);
    case 'posts':
      return change.posts.reduce(posts.put, state);
    case 'posted':
      return posted(state, change);
    case 'page': {
      const held = state.windows[change.channelId];
      const oldest = Math.min(change.oldest, held?.oldest ?? change.oldest);
      return { ...change.posts.reduce(posts.put, state), windows: { ...state.windows, [change.channelId]: { oldest, atStart: change.atStart } } };
    }
    case 'window': {
      const kept = posts.forgetMissing(state, change.formerly, change.oldest, new Set(change.posts.map((post) => post.id)));
      return {
        ...change.posts.reduce(posts.put, kept),
        windows: { ...state.windows, [change.channelId]: { oldest: change.oldest, atStart: change.atStart } },
      };
    }
    case 'window-stale':
      return { ...state, windows: without(state.windows, change.channelId) };
    case 'history-grew': {
      const held = state.windows[change.channelId];
      if (held?.atStart !== true) return state;
      const first = state.posts[state.timelines[change.channelId]?.[0] ?? '']?.create_at ?? held.oldest;
      return { ...state, windows: { ...state.windows, [change.channelId]: { oldest: first, atStart: false } } };
    }
    case 'post-deleted':
      return posts.bury(state, change.post.id, change.post.channel_id, change.at);
    case 'post-pending':
      return posts.put(posts.drop(state, change.post.id), change.post);
    case 'post-failed': {
      const held = state.posts[change.pendingId];
      // Settled by its frame before the failure was known: it did arrive.
      if (held === undefined) return state;
      return { ...state, posts: { ...state.posts, [held.id]: { ...held, delivery: { state: 'failed', reason: change.reason } } } };
    }
    case 'post-dropped':
      return posts.drop(state, change.postId);
    case 'threads':
      return change.threads.reduce(threads.put, state);
    case 'thread-followed':
      return threads.follow(state, change.rootId, change.following);
    case 'thread-read':
      return threads.read(state, change.rootId, change.replies, change.mentions);
    case 'threads-read':
      return threads.readAll(state, change.place);
    case 'thread-totals':
      return { ...state, threadTotals: { ...state.threadTotals, [change.teamId]: { unread: change.unread, mentions: change.mentions } } };
    case 'reaction-added':
      return reactions.put(state, change.reaction);
    case 'reaction-removed':
      return reactions.remove(state, change.reaction);
    case 'emoji':
      return { ...state, emoji: Object.fromEntries(change.list.map((emoji) => [emoji.name, emoji] as const)) };
    case 'emoji-added':
      return { ...state, emoji: { ...state.emoji, [change.emoji.name]: change.emoji } };
    case 'emoji-removed':
      // Late news of one that was replaced meanwhile takes nothing away.
      return state.emoji[change.name]?.id === change.id ? { ...state, emoji: without(state.emoji, change.name) } : state;
    case 'peer-emoji':
      return { ...state, peerEmoji: { ...state.peerEmoji, [change.channelId]: change.list } };
    case 'shares': {
      const kept = Object.entries(state.shares).filter(([, share]) => share.team_id !== change.teamId);
      return { ...state, shares: Object.fromEntries([...kept, ...change.shares.map((share) => [share.id, share] as const)]) };
    }
    case 'organisations':
      return { ...state, organisations: { ...state.organisations, [change.channelId]: change.organisations } };
    case 'undelivered':
      return { ...state, undelivered: { ...state.undelivered, [change.channelId]: change.list } };
    case 'deliveries':
      return { ...state, deliveries: { ...state.deliveries, ...Object.fromEntries(change.list.map((one) => [one.post_id, one] as const)) } };
    case 'origin':
      return { ...state, origins: { ...state.origins, [change.remoteId]: change.organisation }, organisations: renamed(state.organisations, change.organisation) };
    case 'typing': {
      const key = `${change.channelId}:${change.rootId}`;
      return { ...state, typing: { ...state.typing, [key]: { ...state.typing[key], [change.userId]: change.until } } };
    }
  }
}

/** The organisations of channels after one of them got another display name; its handle stays. */
function renamed(lists: State['organisations'], now: Organisation): State['organisations'] {
  const isOld = (one: Organisation): boolean => one.name === now.name && one.display_name !== now.display_name;
  // A connection that has ended may have had the handle of one that lives.
  if (now.delete_at !== 0 || !Object.values(lists).some((list) => list.some(isOld))) return lists;
  return Object.fromEntries(Object.entries(lists).map(([id, list]) => [id, list.map((one) => (isOld(one) ? { ...one, display_name: now.display_name } : one))]));
}

/** A new post: it may be unread, and its author has stopped typing. One that is held already counts for nothing. */
function posted(state: State, change: Extract<Change, { kind: 'posted' }>): State {
  const { post } = change;
  const known = post.id in state.posts;
  const place = `${post.channel_id}:${post.root_id}`;
  const quiet = state.typing[place] === undefined ? state : { ...state, typing: { ...state.typing, [place]: without(state.typing[place], post.user_id) } };
  const next = posts.put(quiet, post);
  const silent = known || change.viewing || post.user_id === state.me || post.type.startsWith('system_');
  return silent ? next : channels.countPost(next, post.channel_id, change.mentioned);
}
