// Asks before a message is deleted, and says when that reaches only the copy here (behaviour 4.4.2, UI-20).
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { Bridge } from '../../ui/Bridge';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Markdown } from '../../ui/markdown/Markdown';
import { Notice } from '../../ui/Notice';
import { deletePost } from './actions';
import styles from './PostItem.module.css';

export interface DeleteDialogProps {
  post: Post;
  remote: boolean;
  organisation: string | undefined;
  onClose: () => void;
}

export function DeleteDialog({ post, remote, organisation, onClose }: DeleteDialogProps) {
  const { t } = useLanguage();
  const elsewhere = remote || (post.remote_id ?? '') !== '';

  async function remove(): Promise<void> {
    await deletePost(post);
    onClose();
  }

  return (
    <ConfirmDialog title={t('posts.deleteTitle')} label={t('posts.delete')} look="danger" act={remove} explain={(fault) => failureText(fault, t)} onClose={onClose}>
      <p>
        {!elsewhere && t('posts.deleteLead')} {post.reply_count > 0 && t('posts.deleteThread')}
      </p>
      {elsewhere && (
        <Notice kind="warning" icon={<Bridge size={20} />} testId="delete-remote-warning">
          {t('posts.deleteRemote', { organisation: organisation ?? t('people.elsewhere') })}
        </Notice>
      )}
      <blockquote className={styles['quoted']}>
        <Markdown text={post.message} />
      </blockquote>
    </ConfirmDialog>
  );
}
