// WebSocket frames (client API section 9.5) as one discriminated union. What comes over the wire is checked member by member; frames this client
// has no use for, and malformed ones, are counted and let pass.
import { isRecord } from '../api/client';
import type { Channel, ChannelMembership, CustomEmoji, Post, Reaction, User } from '../state/model';

export type Frame =
  | { event: 'posted'; post: Post; mentions: readonly string[] }
  | { event: 'ephemeral_message'; post: Post }
  | { event: 'post_edited'; post: Post }
  | { event: 'post_deleted'; post: Post }
  | { event: 'reaction_added'; reaction: Reaction }
  | { event: 'reaction_removed'; reaction: Reaction }
  | { event: 'channel_created'; channelId: string }
  | { event: 'channel_updated'; channelId: string; channel: Channel | undefined }
  | { event: 'channel_deleted'; channelId: string; at: number }
  | { event: 'channel_restored' | 'channel_converted' | 'channel_scheme_updated' | 'direct_added' | 'group_added'; channelId: string }
  | { event: 'channel_member_updated'; membership: ChannelMembership }
  | { event: 'multiple_channels_viewed'; times: Record<string, number> }
  | { event: 'user_added' | 'user_removed'; userId: string; channelId: string }
  | { event: 'added_to_team' | 'leave_team'; teamId: string; userId: string }
  | { event: 'update_team'; teamId: string }
  | { event: 'user_updated'; user: User }
  | { event: 'status_change'; userId: string; status: string }
  | { event: 'rialto_post_undelivered' | 'rialto_history_received' | 'rialto_peer_emoji_changed'; channelId: string }
  | { event: 'emoji_added'; emoji: CustomEmoji }
  | { event: 'rialto_emoji_removed'; id: string; name: string }
  | { event: 'rialto_post_deliveries'; channelId: string; postIds: readonly string[] }
  | { event: 'rialto_remote_cluster_updated'; remoteId: string }
  | { event: 'thread_updated'; thread: Record<string, unknown> }
  | { event: 'thread_follow_changed'; rootId: string; following: boolean }
  /** One thread; without `rootId` all of a channel, without that too all of a team. */
  | { event: 'thread_read_changed'; rootId: string; channelId: string; teamId: string; replies: number; mentions: number }
  | { event: 'typing'; channelId: string; rootId: string; userId: string };

/** Events that are known and need nothing of this client. */
const indifferent = new Set(['hello', 'new_user', 'preferences_changed', 'preference_changed', 'sidebar_category_updated', 'sidebar_category_created', 'sidebar_category_order_updated', 'draft_created', 'draft_updated', 'draft_deleted', 'config_changed', 'license_changed', 'role_updated']);

/** How many frames of each event name were passed over, for diagnosis in the console. */
export const passedOver: Record<string, number> = {};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** An object that came as JSON text (most payloads) or as it is; undefined if it has not the text members named. */
function object(value: unknown, ...required: string[]): Record<string, unknown> | undefined {
  let found: unknown = value;
  if (typeof value === 'string') {
    try {
      found = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  if (!isRecord(found)) return undefined;
  for (const key of required) if (typeof found[key] !== 'string') return undefined;
  return found;
}

// The members that decide where a thing goes are checked; the rest is shown, and showing forgives.
const readPost = (value: unknown): Post | undefined => object(value, 'id', 'channel_id', 'user_id', 'root_id', 'message', 'type') as Post | undefined;
const readReaction = (value: unknown): Reaction | undefined => object(value, 'post_id', 'user_id', 'emoji_name') as Reaction | undefined;
const readChannel = (value: unknown): Channel | undefined => object(value, 'id', 'name', 'team_id') as Channel | undefined;
const readMembership = (value: unknown): ChannelMembership | undefined => object(value, 'channel_id', 'user_id') as ChannelMembership | undefined;
const readUser = (value: unknown): User | undefined => object(value, 'id', 'username') as User | undefined;

function ids(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

function read(event: string, data: Record<string, unknown>, broadcast: Record<string, unknown>): Frame | undefined {
  const channelId = text(data['channel_id']) || text(broadcast['channel_id']);
  const userId = text(data['user_id']) || text(broadcast['user_id']);
  switch (event) {
    case 'posted': {
      const post = readPost(data['post']);
      return post && { event, post, mentions: ids(data['mentions']) };
    }
    case 'ephemeral_message':
    case 'post_edited':
    case 'post_deleted': {
      const post = readPost(data['post']);
      return post && { event, post };
    }
    case 'reaction_added':
    case 'reaction_removed': {
      const reaction = readReaction(data['reaction']);
      return reaction && { event, reaction };
    }
    case 'channel_updated': {
      const channel = readChannel(data['channel']);
      const id = channel?.id ?? channelId;
      return id === '' ? undefined : { event, channelId: id, channel };
    }
    case 'channel_deleted':
      return { event, channelId, at: typeof data['delete_at'] === 'number' ? data['delete_at'] : 1 };
    case 'channel_created':
    case 'channel_restored':
    case 'channel_converted':
    case 'channel_scheme_updated':
    case 'direct_added':
    case 'group_added':
      return { event, channelId };
    case 'channel_member_updated': {
      const membership = readMembership(data['channelMember']);
      return membership && { event, membership };
    }
    case 'multiple_channels_viewed': {
      const times = isRecord(data['channel_times']) ? data['channel_times'] : {};
      return { event, times: Object.fromEntries(Object.entries(times).filter((entry): entry is [string, number] => typeof entry[1] === 'number')) };
    }
    case 'user_added':
    case 'user_removed':
      return { event, userId, channelId };
    case 'added_to_team':
    case 'leave_team':
      return { event, teamId: text(data['team_id']), userId };
    case 'update_team': {
      const team = object(data['team'], 'id');
      return team && { event, teamId: text(team['id']) };
    }
    case 'user_updated': {
      const user = readUser(data['user']);
      return user && { event, user };
    }
    case 'status_change':
      return { event, userId, status: text(data['status']) };
    case 'rialto_post_undelivered':
    case 'rialto_history_received':
    case 'rialto_peer_emoji_changed':
      return { event, channelId };
    case 'emoji_added': {
      const emoji = object(data['emoji'], 'id', 'name');
      return emoji && { event, emoji: { id: text(emoji['id']), name: text(emoji['name']), creator_id: text(emoji['creator_id']) } };
    }
    case 'rialto_emoji_removed':
      return { event, id: text(data['id']), name: text(data['name']) };
    case 'rialto_post_deliveries': {
      const ids = data['post_ids'];
      return { event, channelId, postIds: Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [] };
    }
    case 'rialto_remote_cluster_updated': {
      const remoteId = text(data['remote_id']);
      return remoteId === '' ? undefined : { event, remoteId };
    }
    case 'thread_updated': {
      const thread = object(data['thread'], 'id');
      return thread && { event, thread };
    }
    case 'thread_follow_changed': {
      const rootId = text(data['thread_id']);
      return rootId === '' ? undefined : { event, rootId, following: data['state'] === true };
    }
    case 'thread_read_changed':
      return { event, rootId: text(data['thread_id']), channelId, teamId: text(broadcast['team_id']), replies: number(data['unread_replies']), mentions: number(data['unread_mentions']) };
    case 'typing':
      return { event, channelId, rootId: text(data['parent_id']), userId };
    default:
      return undefined;
  }
}

/** Reads a frame; undefined (and counted) if it means nothing to this client. */
export function readFrame(message: unknown): Frame | undefined {
  const event = isRecord(message) ? text(message['event']) : '';
  if (!isRecord(message) || indifferent.has(event)) return undefined;
  const data = isRecord(message['data']) ? message['data'] : {};
  const broadcast = isRecord(message['broadcast']) ? message['broadcast'] : {};
  const frame = read(event, data, broadcast);
  if (frame === undefined) passedOver[event] = (passedOver[event] ?? 0) + 1;
  return frame;
}
