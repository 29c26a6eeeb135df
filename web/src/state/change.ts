// Every way the store can change. REST answers, ws frames and the reader's own doing all become one of these, so they can meet in any order.
import type { Channel, ChannelMembership, Connection, CustomEmoji, Deliveries, FollowedThread, Organisation, PeerEmoji, Post, Reaction, Share, Team, Undelivered, User } from './model';

export type Change =
  | { kind: 'signed-in'; user: User }
  | { kind: 'signed-out' }
  | { kind: 'config'; config: Record<string, string> }
  | { kind: 'connection'; connection: Connection }
  | { kind: 'users'; users: readonly User[] }
  | { kind: 'statuses'; statuses: readonly { user_id: string; status: string }[] }
  | { kind: 'teams'; teams: readonly Team[] }
  | { kind: 'my-teams'; teamIds: readonly string[] }
  | { kind: 'team-roles'; teamId: string; roles: string }
  /** What roles allow. */
  | { kind: 'roles'; roles: readonly { name: string; permissions: readonly string[] }[] }
  | { kind: 'team-joined'; teamId: string }
  | { kind: 'team-left'; teamId: string }
  | { kind: 'channels'; channels: readonly Channel[] }
  /** All own memberships among the channels just told: unread counts are taken afresh from both. */
  | { kind: 'memberships'; memberships: readonly ChannelMembership[] }
  /** The full sidebar of a team: memberships of other channels of that team (and direct ones) are over. */
  | { kind: 'sidebar'; teamId: string; channels: readonly Channel[]; memberships: readonly ChannelMembership[] }
  | { kind: 'channel-left'; channelId: string }
  | { kind: 'channel-viewed'; channelId: string; at: number }
  | { kind: 'members'; channelId: string; users: readonly User[] }
  | { kind: 'member-added'; channelId: string; userId: string }
  | { kind: 'member-removed'; channelId: string; userId: string }
  /** Posts as the server holds them; they neither count as unread nor extend a window. */
  | { kind: 'posts'; posts: readonly Post[] }
  /** A new post, told as it happened. */
  | { kind: 'posted'; post: Post; mentioned: boolean; viewing: boolean }
  /** A further page of history, older than the window. */
  | { kind: 'page'; channelId: string; posts: readonly Post[]; oldest: number; atStart: boolean }
  /** The newest stretch of history, told afresh: what was held when it was asked for (`formerly`) and is missing from it is gone. */
  | { kind: 'window'; channelId: string; posts: readonly Post[]; oldest: number; atStart: boolean; formerly: readonly string[] }
  /** Nothing held of this channel's history is to be trusted any more. */
  | { kind: 'window-stale'; channelId: string }
  /** The channel begins earlier than was thought: what is held is no more all there is. */
  | { kind: 'history-grew'; channelId: string }
  | { kind: 'post-deleted'; post: { id: string; channel_id: string }; at: number }
  | { kind: 'post-pending'; post: Post }
  | { kind: 'post-failed'; pendingId: string; reason: string }
  | { kind: 'post-dropped'; postId: string }
  /** Threads one follows. */
  | { kind: 'threads'; threads: readonly FollowedThread[] }
  | { kind: 'thread-followed'; rootId: string; following: boolean }
  | { kind: 'thread-read'; rootId: string; replies: number; mentions: number }
  | { kind: 'threads-read'; place: { channelId: string } | { teamId: string } }
  | { kind: 'thread-totals'; teamId: string; unread: number; mentions: number }
  | { kind: 'reaction-added'; reaction: Reaction }
  | { kind: 'reaction-removed'; reaction: Reaction }
  /** All custom emoji of this server. */
  | { kind: 'emoji'; list: readonly CustomEmoji[] }
  | { kind: 'emoji-added'; emoji: CustomEmoji }
  | { kind: 'emoji-removed'; id: string; name: string }
  | { kind: 'peer-emoji'; channelId: string; list: readonly PeerEmoji[] }
  | { kind: 'shares'; teamId: string; shares: readonly Share[] }
  | { kind: 'organisations'; channelId: string; organisations: readonly Organisation[] }
  | { kind: 'deliveries'; list: readonly Deliveries[] }
  | { kind: 'undelivered'; channelId: string; list: readonly Undelivered[] }
  /** Something about secure connections has changed. */
  | { kind: 'connection-news' }
  | { kind: 'origin'; remoteId: string; organisation: Organisation }
  | { kind: 'typing'; channelId: string; rootId: string; userId: string; until: number };
