// Keeps the store in step with the server: frames become changes, and where a frame only names a thing, the thing is fetched.
import { onSignedOut } from '../api/client';
import type { Post } from '../state/model';
import { dispatch, store } from '../state/store';
import { loadDeliveries } from './deliveries';
import type { Frame } from './frames';
import { loadChannel, loadCustomEmoji, loadMembers, loadOrganisations, loadPeerEmoji, loadShares, loadTeam, loadTeams, loadUndelivered, loadWindow, markViewed, refreshPost, takePeople } from './load';
import { ensureUsers, refreshOrigin, takeUsers } from './profiles';
import { ensureRoles } from './roles';
import type { Socket, SocketOptions } from './socket';
import { connect } from './socket';
import { loadFollowing, loadThreadTotals, takeThread } from './threads';

/** What the reader has in view; frames about it are seen as they arrive. */
export interface View {
  teamId: string;
  channelId: string;
}

let view: View = { teamId: '', channelId: '' };
let socket: Socket | undefined;

/** Tells which team and channel are on screen. */
export function look(at: View): void {
  view = at;
}

/** True if the reader is looking at the channel right now. */
function isViewing(channelId: string): boolean {
  return view.channelId === channelId && document.visibilityState === 'visible';
}

/** How long after the last `typing` frame somebody still counts as typing, in ms. */
const TYPING_MS = 5000;

/** Puts a frame into the store and fetches what it only names. */
export function takeFrame(frame: Frame): void {
  const state = store.getState();
  switch (frame.event) {
    case 'posted':
      takePosted(frame.post, frame.mentions.includes(state.me));
      break;
    case 'ephemeral_message':
      // Some servers leave the time out; the answer belongs right below the question.
      takePosts([{ ...frame.post, create_at: frame.post.create_at || Date.now(), type: frame.post.type || 'system_ephemeral' }]);
      break;
    case 'post_edited':
      takePosts([frame.post]);
      break;
    case 'post_deleted':
      dispatch({ kind: 'post-deleted', post: frame.post, at: frame.post.delete_at || frame.post.update_at });
      if (frame.post.root_id !== '') void refreshPost(frame.post.root_id);
      break;
    case 'reaction_added':
      dispatch({ kind: 'reaction-added', reaction: frame.reaction });
      ensureUsers([frame.reaction.user_id]);
      break;
    case 'reaction_removed':
      dispatch({ kind: 'reaction-removed', reaction: frame.reaction });
      break;
    case 'user_updated':
      takeUsers([frame.user]);
      break;
    case 'status_change':
      dispatch({ kind: 'statuses', statuses: [{ user_id: frame.userId, status: frame.status }] });
      break;
    case 'rialto_post_undelivered':
      void loadUndelivered(frame.channelId);
      break;
    case 'rialto_history_received':
      takeHistory(frame.channelId);
      break;
    case 'rialto_remote_cluster_updated':
      dispatch({ kind: 'connection-news' });
      refreshOrigin(frame.remoteId);
      break;
    case 'emoji_added':
      dispatch({ kind: 'emoji-added', emoji: frame.emoji });
      break;
    case 'rialto_emoji_removed':
      dispatch({ kind: 'emoji-removed', id: frame.id, name: frame.name });
      break;
    case 'rialto_peer_emoji_changed':
      // Others are asked about when they are opened.
      if (frame.channelId === view.channelId) void loadPeerEmoji(frame.channelId);
      break;
    case 'rialto_post_deliveries':
      void loadDeliveries(frame.postIds);
      break;
    case 'thread_updated':
      takeThread(frame.thread);
      void loadThreadTotals(view.teamId);
      break;
    case 'thread_follow_changed':
      dispatch({ kind: 'thread-followed', rootId: frame.rootId, following: frame.following });
      // What is followed anew stands in the list with what is unread of it.
      if (frame.following) void loadFollowing(frame.rootId).catch(() => undefined);
      void loadThreadTotals(view.teamId);
      break;
    case 'thread_read_changed':
      if (frame.rootId !== '') dispatch({ kind: 'thread-read', rootId: frame.rootId, replies: frame.replies, mentions: frame.mentions });
      else dispatch({ kind: 'threads-read', place: frame.channelId === '' ? { teamId: frame.teamId } : { channelId: frame.channelId } });
      void loadThreadTotals(view.teamId);
      break;
    case 'typing':
      if (frame.userId !== state.me) dispatch({ kind: 'typing', channelId: frame.channelId, rootId: frame.rootId, userId: frame.userId, until: Date.now() + TYPING_MS });
      ensureUsers([frame.userId]);
      break;
    default:
      takeChannelFrame(frame);
  }
}

type ChannelFrame = Exclude<Frame, { event: 'posted' | 'ephemeral_message' | 'post_edited' | 'post_deleted' | 'reaction_added' | 'reaction_removed' | 'user_updated' | 'status_change' | 'rialto_post_undelivered' | 'rialto_history_received' | 'rialto_post_deliveries' | 'emoji_added' | 'rialto_emoji_removed' | 'rialto_peer_emoji_changed' | 'rialto_remote_cluster_updated' | 'thread_updated' | 'thread_follow_changed' | 'thread_read_changed' | 'typing' }>;

function takeChannelFrame(frame: ChannelFrame): void {
  const state = store.getState();
  switch (frame.event) {
    case 'channel_updated':
      if (frame.channel === undefined) void loadChannel(frame.channelId);
      else dispatch({ kind: 'channels', channels: [frame.channel] });
      refreshShare(frame.channelId);
      break;
    case 'channel_deleted': {
      const channel = state.channels[frame.channelId];
      if (channel !== undefined) dispatch({ kind: 'channels', channels: [{ ...channel, delete_at: frame.at }] });
      break;
    }
    case 'channel_created':
    case 'channel_restored':
    case 'channel_converted':
    case 'channel_scheme_updated':
    case 'direct_added':
    case 'group_added':
      void loadChannel(frame.channelId);
      break;
    case 'channel_member_updated':
      if (frame.membership.user_id !== state.me) break;
      dispatch({ kind: 'memberships', memberships: [frame.membership] });
      void ensureRoles([frame.membership.channel_id]);
      break;
    case 'multiple_channels_viewed':
      for (const [channelId, at] of Object.entries(frame.times)) dispatch({ kind: 'channel-viewed', channelId, at });
      break;
    case 'user_added':
      if (frame.userId === state.me) void loadChannel(frame.channelId);
      dispatch({ kind: 'member-added', channelId: frame.channelId, userId: frame.userId });
      ensureUsers([frame.userId]);
      break;
    case 'user_removed':
      if (frame.userId === state.me) dispatch({ kind: 'channel-left', channelId: frame.channelId });
      dispatch({ kind: 'member-removed', channelId: frame.channelId, userId: frame.userId });
      break;
    case 'added_to_team':
      if (frame.userId === state.me) void loadTeams();
      break;
    case 'leave_team':
      if (frame.userId === state.me) dispatch({ kind: 'team-left', teamId: frame.teamId });
      break;
    case 'update_team':
      void loadTeams();
      break;
  }
}

function takePosts(posts: Post[]): void {
  dispatch({ kind: 'posts', posts });
  takePeople(posts);
}

function takePosted(post: Post, mentioned: boolean): void {
  const state = store.getState();
  const viewing = isViewing(post.channel_id);
  dispatch({ kind: 'posted', post, mentioned, viewing });
  takePeople([post]);
  if (post.root_id !== '') void refreshPost(post.root_id);
  // News are the same for everybody; what a link shows is the reader's own to ask for.
  if (post.message.includes('/pl/')) void refreshPost(post.id);
  const channel = state.channels[post.channel_id];
  // The first words of a direct message make its channel appear.
  if (channel === undefined || !(post.channel_id in state.memberships)) void loadChannel(post.channel_id);
  else dispatch({ kind: 'channels', channels: [{ ...channel, last_post_at: Math.max(channel.last_post_at, post.create_at) }] });
  if (viewing && post.user_id !== state.me) void markViewed(post.channel_id);
}

/** How often the open channel is fetched again while its past arrives, in ms. */
const HISTORY_MS = 3000;
const refetching = new Set<string>();

/** Earlier messages of a channel have come: it begins earlier than was thought, and there may be more between what is held. */
function takeHistory(channelId: string): void {
  if (channelId !== view.channelId) {
    dispatch({ kind: 'window-stale', channelId });
    return;
  }
  dispatch({ kind: 'history-grew', channelId });
  if (refetching.has(channelId)) return;
  refetching.add(channelId);
  setTimeout(() => {
    refetching.delete(channelId);
    // What fails now is seen when one scrolls there.
    if (channelId === view.channelId) void loadWindow(channelId).catch(() => undefined);
  }, HISTORY_MS);
}

/** A share began, ended or changed: whose it is, how it may be used and who reads along are asked afresh. */
function refreshShare(channelId: string): void {
  dispatch({ kind: 'connection-news' });
  const teamId = store.getState().channels[channelId]?.team_id ?? view.teamId;
  if (teamId !== '') void loadShares(teamId);
  void loadOrganisations(channelId);
}

/** Everything that is held and on screen, fetched again after a gap; the history of other channels is fetched when they are opened. */
export async function refetch(): Promise<void> {
  const { windows, members } = store.getState();
  for (const channelId of Object.keys(windows)) if (channelId !== view.channelId) dispatch({ kind: 'window-stale', channelId });
  dispatch({ kind: 'connection-news' });
  const tasks: Promise<void>[] = [loadTeams(), loadCustomEmoji()];
  if (view.teamId !== '') tasks.push(loadTeam(view.teamId), loadThreadTotals(view.teamId));
  if (view.channelId !== '') tasks.push(loadWindow(view.channelId), loadOrganisations(view.channelId), loadPeerEmoji(view.channelId));
  if (view.channelId in members) tasks.push(loadMembers(view.channelId));
  // What failed is fetched again with the next gap or the next visit; the connection state on screen tells that something is wrong.
  await Promise.allSettled(tasks);
}

/**
 * Connects and keeps the store in step until `stop`. Resolves when frames flow (or could not within a moment), so that what is fetched
 * afterwards cannot miss anything.
 */
export function start(options?: SocketOptions): { ready: Promise<void>; stop: () => void } {
  let settle: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const patience = setTimeout(settle, 2000);
  const current = connect(
    {
      opened: () => dispatch({ kind: 'connection', connection: 'open' }),
      hello: () => settle(),
      closed: () => {
        dispatch({ kind: 'connection', connection: 'lost' });
        settle();
      },
      frame: takeFrame,
      missed: () => void refetch(),
    },
    options,
  );
  socket = current;
  const unlisten = onSignedOut(() => current.close());
  return {
    ready,
    stop: () => {
      clearTimeout(patience);
      unlisten();
      current.close();
      socket = undefined;
      dispatch({ kind: 'connection', connection: 'connecting' });
    },
  };
}

/** Tells the others that one is typing. */
export function sayTyping(channelId: string, rootId: string): void {
  socket?.typing(channelId, rootId);
}
