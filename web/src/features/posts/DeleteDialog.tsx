// Asks before a message is deleted, and says when that reaches only the copy here (behaviour 4.4.2, UI-20).
import { useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { Bridge } from '../../ui/Bridge';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
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
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const elsewhere = remote || (post.remote_id ?? '') !== '';

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await deletePost(post);
      onClose();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t('posts.deleteTitle')}
      closeLabel={t('app.close')}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look="danger" disabled={busy} onClick={() => void remove()}>
            {t('posts.delete')}
          </Button>
        </>
      }
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
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
    </Dialog>
  );
}
