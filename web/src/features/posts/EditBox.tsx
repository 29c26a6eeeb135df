// Editing a message where it stands. Enter saves, Escape gives up.
import { useEffect, useRef, useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { editPost } from './actions';
import styles from './PostItem.module.css';

export function EditBox({ post, onDone }: { post: Post; onDone: () => void }) {
  const { t } = useLanguage();
  const [text, setText] = useState(post.message);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    const element = box.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  async function save(): Promise<void> {
    const message = text.trim();
    if (message === '' || message === post.message) {
      onDone();
      return;
    }
    setBusy(true);
    try {
      await editPost(post.id, message);
      onDone();
    } catch (error) {
      setFault(failureText(error, t));
      setBusy(false);
    }
  }

  return (
    <form
      className={styles['edit']}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <textarea
        ref={box}
        value={text}
        aria-label={t('posts.editLabel')}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Escape') onDone();
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          void save();
        }}
      />
      <div className={styles['editActions']}>
        <Button small type="submit" look="primary" disabled={busy}>
          {t('app.save')}
        </Button>
        <Button small look="quiet" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  );
}
