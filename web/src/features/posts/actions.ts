// Changing and deleting messages.
import { client, request } from '../../api/client';
import type { Post } from '../../state/model';
import { dispatch } from '../../state/store';

export async function editPost(postId: string, message: string): Promise<void> {
  const post = await request(client.patchPost({ id: postId, message }));
  dispatch({ kind: 'posts', posts: [post] });
}

/** Pins a message, or takes its pin away; the frame that follows shows it. */
export async function setPinned(postId: string, pinned: boolean): Promise<void> {
  await request(pinned ? client.pinPost(postId) : client.unpinPost(postId));
}

export async function deletePost(post: Post): Promise<void> {
  await request(client.deletePost(post.id));
  dispatch({ kind: 'post-deleted', post, at: post.update_at });
}

/** Takes an answer only we can see off the screen, or a message that could not be sent. */
export function dropPost(postId: string): void {
  dispatch({ kind: 'post-dropped', postId });
}
