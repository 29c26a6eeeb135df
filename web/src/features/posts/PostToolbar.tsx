// What can be done with a message. Shown when the pointer or the focus is on it; on touch screens behind one button.
import { Ellipsis, Forward, MessageSquareReply, Pencil, Pin, PinOff, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { use, useState } from 'react';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore } from '../../state/react';
import { mayDelete } from '../../state/selectors';
import { IconButton } from '../../ui/Button';
import { MenuItem, Popover } from '../../ui/Popover';
import { setPinned } from './actions';
import { DeleteDialog } from './DeleteDialog';
import { EditingContext } from './editing';
import { ForwardDialog } from './ForwardDialog';
import styles from './PostItem.module.css';

export interface PostToolbarProps {
  post: Post;
  author: string;
  remote: boolean;
  organisation: string | undefined;
  writable: boolean;
  reactButton: ReactNode;
  /** What others add to the menu; it is there for everybody who reads the message. */
  menu: ReactNode;
  onReply: ((postId: string) => void) | undefined;
}

export function PostToolbar({ post, author, remote, organisation, writable, reactButton, menu, onReply }: PostToolbarProps) {
  const { t } = useLanguage();
  const editing = use(EditingContext);
  const own = useStore((state) => post.user_id === state.me);
  const deletable = useStore((state) => mayDelete(state, post));
  const [asking, setAsking] = useState(false);
  const [forwarding, setForwarding] = useState(false);
  const editable = own && writable;

  return (
    <>
      <div className={styles['toolbar']} role="group" aria-label={t('posts.actions', { name: author })}>
        {reactButton}
        {writable && onReply !== undefined && (
          <IconButton small label={t('posts.reply')} onClick={() => onReply(post.root_id || post.id)}>
            <MessageSquareReply size={17} />
          </IconButton>
        )}
        <Popover
          label={t('posts.actions', { name: author })}
          trigger={(props) => (
            <IconButton small label={t('posts.actions', { name: author })} {...props}>
              <Ellipsis size={17} />
            </IconButton>
          )}
        >
              {menu}
              <MenuItem icon={<Forward size={16} />} onSelect={() => setForwarding(true)} testId="forward">
                {t('posts.forward')}
              </MenuItem>
              {writable && (
                // A refusal leaves the message as it is, which is what is shown.
                <MenuItem icon={post.is_pinned ? <PinOff size={16} /> : <Pin size={16} />} onSelect={() => void setPinned(post.id, !post.is_pinned).catch(() => undefined)} testId="pin">
                  {t(post.is_pinned ? 'posts.unpin' : 'posts.pin')}
                </MenuItem>
              )}
              {editable && (
                <MenuItem icon={<Pencil size={16} />} onSelect={() => editing.edit(post.id)}>
                  {t('posts.edit')}
                </MenuItem>
              )}
              {deletable && (
                <MenuItem icon={<Trash2 size={16} />} danger onSelect={() => setAsking(true)}>
                  {t('posts.delete')}
                </MenuItem>
              )}
        </Popover>
      </div>
      {forwarding && <ForwardDialog post={post} onClose={() => setForwarding(false)} />}
      {asking && <DeleteDialog post={post} remote={remote} organisation={organisation} onClose={() => setAsking(false)} />}
    </>
  );
}
