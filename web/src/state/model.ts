// What the store holds: everything the server told us, each thing once, by id. No React and no network in this folder (but react.ts, the binding).
import type { Channel as WireChannel, ChannelMembership } from '@mattermost/types/channels';
import type { Post as WirePost, PostMetadata } from '@mattermost/types/posts';
import type { Reaction as WireReaction } from '@mattermost/types/reactions';
import type { Team } from '@mattermost/types/teams';
import type { UserProfile } from '@mattermost/types/users';
import type { CustomEmoji, PeerEmoji } from '../api/emoji';
import type { Deliveries, Organisation, Share, Undelivered } from '../api/sharedChannels';

export type { ChannelMembership, CustomEmoji, Deliveries, Organisation, PeerEmoji, Share, Team, Undelivered };
export type User = UserProfile;
export type Channel = WireChannel & { total_msg_count?: number };

/** A reaction; `update_at` and `delete_at` come with the server's frames. */
export type Reaction = WireReaction & { update_at?: number; delete_at?: number };

/**
 * A post as the server sends it, plus where it stands if it is ours and not settled: `sending`, or `failed` with the server's words.
 * A pending post has its `pending_post_id` as id.
 */
export type Post = Omit<WirePost, 'type' | 'metadata' | 'participants' | 'failed' | 'state'> & {
  type: string;
  metadata?: Partial<PostMetadata>;
  /** True if there are reactions, whether or not `metadata` lists them. */
  has_reactions?: boolean;
  delivery?: { state: 'sending' } | { state: 'failed'; reason: string };
};

/** The part of a channel's history that is held without gaps: everything from `oldest` (create_at, ms) to now. */
export interface Window {
  oldest: number;
  atStart: boolean;
}

/** A thread one follows, by its first message: what is unread of it, and when its last reply was written (ms). */
export interface FollowedThread {
  id: string;
  channelId: string;
  replies: number;
  mentions: number;
  lastReplyAt: number;
}

export interface Unread {
  messages: number;
  mentions: number;
}

export type Connection = 'connecting' | 'open' | 'lost';

export interface State {
  /** Own user id, "" when signed out. */
  me: string;
  /** Client configuration: a flat map in which every value is text. */
  config: Record<string, string>;
  connection: Connection;
  users: Record<string, User>;
  statuses: Record<string, string>;
  teams: Record<string, Team>;
  /** Ids of the teams one belongs to. */
  myTeams: readonly string[];
  channels: Record<string, Channel>;
  /** Own roles in each team, as one text. */
  teamRoles: Record<string, string>;
  /** What a role allows, by its name. */
  roles: Record<string, readonly string[]>;
  /** Own memberships by channel: the sidebar. */
  memberships: Record<string, ChannelMembership>;
  unreads: Record<string, Unread>;
  /** User ids of the members, for channels whose list was asked for. */
  members: Record<string, readonly string[]>;
  posts: Record<string, Post>;
  /** Ids of live root posts by channel, oldest first. May reach back past the window. */
  timelines: Record<string, readonly string[]>;
  /** Ids of live replies by root post, oldest first. */
  replies: Record<string, readonly string[]>;
  /** Threads that were told of, whether one still follows them or not. */
  threads: Record<string, FollowedThread>;
  /** Whether one follows a thread, by its first message, where that is known. */
  following: Record<string, boolean>;
  /** Threads with something unread, and calls in them, by team. */
  threadTotals: Record<string, { unread: number; mentions: number }>;
  windows: Record<string, Window>;
  /** Reactions by post, removed ones kept with `delete_at` so that late news cannot revive them. */
  reactions: Record<string, readonly Reaction[]>;
  /** The custom emoji of this server by name. */
  emoji: Record<string, CustomEmoji>;
  /** Those of other organisations, by channel. */
  peerEmoji: Record<string, readonly PeerEmoji[]>;
  shares: Record<string, Share>;
  /** The other organisations of a shared channel. */
  organisations: Record<string, readonly Organisation[]>;
  /** Own messages that an organisation does not take, by channel. */
  undelivered: Record<string, readonly Undelivered[]>;
  /** How own messages fared with other organisations, by message. */
  deliveries: Record<string, Deliveries>;
  /** Organisations by connection id, for the people who come from there. */
  origins: Record<string, Organisation>;
  /** How often secure connections were told to have changed; whoever shows them asks again. */
  connectionNews: number;
  /** Who is typing: until when (ms), by `channel:root` and user. */
  typing: Record<string, Record<string, number>>;
}

export const emptyState: State = {
  me: '',
  config: {},
  connection: 'connecting',
  users: {},
  statuses: {},
  teams: {},
  myTeams: [],
  channels: {},
  teamRoles: {},
  roles: {},
  memberships: {},
  unreads: {},
  members: {},
  posts: {},
  timelines: {},
  replies: {},
  threads: {},
  following: {},
  threadTotals: {},
  windows: {},
  reactions: {},
  emoji: {},
  peerEmoji: {},
  shares: {},
  organisations: {},
  undelivered: {},
  deliveries: {},
  origins: {},
  connectionNews: 0,
  typing: {},
};

/** True if what comes in may replace what is held: a version never goes back, equal versions take the newcomer. */
export function supersedes(incoming: { update_at: number }, held: { update_at: number } | undefined): boolean {
  return held === undefined || incoming.update_at >= held.update_at;
}

/** A copy of `record` without `keys`; the same object if none was there. */
export function without<T>(record: Record<string, T>, ...keys: readonly string[]): Record<string, T> {
  if (!keys.some((key) => key in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}
