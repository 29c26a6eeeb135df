// Changing and deleting messages.
import { client, request } from '../../api/client';
import { siteUrl } from '../../api/site';
import type { Post, State, Team } from '../../state/model';
import { dispatch } from '../../state/store';

export async function editPost(postId: string, message: string): Promise<void> {
  const post = await request(client.patchPost({ id: postId, message }));
  dispatch({ kind: 'posts', posts: [post] });
}

/** Pins a message, or takes its pin away; the frame that follows shows it. */
export async function setPinned(postId: string, pinned: boolean): Promise<void> {
  await request(pinned ? client.pinPost(postId) : client.unpinPost(postId));
}

/** The team a message is read in: its channel's, or for direct messages any of one's own. */
export function teamOfPost(state: State, post: Post): Team | undefined {
  const team = state.channels[post.channel_id]?.team_id ?? '';
  return state.teams[team === '' ? (state.myTeams[0] ?? '') : team];
}

/** The address of a message, as it is written into other messages. */
export function linkTo(state: State, post: Post): string {
  const site = state.config['SiteURL'] || siteUrl;
  return `${site}/${teamOfPost(state, post)?.name ?? ''}/pl/${post.id}`;
}

/** Writes a link into a channel, below a comment if there is one. */
export async function forwardPost(channelId: string, comment: string, link: string): Promise<void> {
  const message = comment.trim() === '' ? link : `${comment.trim()}\n\n${link}`;
  const made = await request(client.createPost({ channel_id: channelId, message }));
  dispatch({ kind: 'posts', posts: [made] });
}

export async function deletePost(post: Post): Promise<void> {
  await request(client.deletePost(post.id));
  dispatch({ kind: 'post-deleted', post, at: post.update_at });
}

/** Takes an answer only we can see off the screen, or a message that could not be sent. */
export function dropPost(postId: string): void {
  dispatch({ kind: 'post-dropped', postId });
}
