// A message with everything the features add to it: reactions, the way to its thread, sending again.
import { SmilePlus } from 'lucide-react';
import { resendPost } from '../features/composer/send';
import { PostItem } from '../features/posts/PostItem';
import { EmojiButton } from '../features/reactions/EmojiPicker';
import { ReactionBar } from '../features/reactions/ReactionBar';
import { FollowItem } from '../features/threads/FollowButton';
import { ThreadFooter } from '../features/threads/ThreadFooter';
import { useLanguage } from '../i18n/context';
import { useStore } from '../state/react';
import { EmojiOf } from './EmojiPictures';

export interface ChannelPostProps {
  postId: string;
  joined: boolean;
  writable: boolean;
  /** Whether one may react here. */
  reactable: boolean;
  /** Opens a thread; left out inside one. */
  onThread?: (rootId: string) => void;
}

export function ChannelPost({ postId, joined, writable, reactable, onThread }: ChannelPostProps) {
  const { t } = useLanguage();
  const author = useStore((state) => state.posts[postId]?.user_id ?? '');
  const root = useStore((state) => state.posts[postId]?.root_id || postId);
  return (
    <EmojiOf userId={author}>
      <PostItem
        postId={postId}
        joined={joined}
        writable={writable}
        reactions={<ReactionBar postId={postId} writable={reactable} />}
        reactButton={reactable && <EmojiButton postId={postId} icon={<SmilePlus size={17} />} />}
        footer={onThread !== undefined && <ThreadFooter rootId={postId} onOpen={() => onThread(postId)} />}
        menu={<FollowItem rootId={root} />}
        onReply={onThread}
        onRetry={(post) => void resendPost(post, t)}
      />
    </EmojiOf>
  );
}
