// Giving a picture a name, and taking one's own names away again.
import { Trash2 } from 'lucide-react';
import type { SubmitEvent } from 'react';
import { useState } from 'react';
import { createEmoji, deleteEmoji } from '../../api/emoji';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { useStore, useStoreShallow } from '../../state/react';
import { dispatch } from '../../state/store';
import { Button, IconButton } from '../../ui/Button';
import { Emoji } from '../../ui/emoji/Emoji';
import { Field } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import styles from './EmojiPicker.module.css';

export function OwnEmoji({ onDone }: { onDone: () => void }) {
  const { t } = useLanguage();
  const me = useStore((state) => state.me);
  const own = useStoreShallow((state) => Object.values(state.emoji).filter((emoji) => emoji.creator_id === state.me));
  const [name, setName] = useState('');
  const [picture, setPicture] = useState<File | undefined>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  async function attempt(task: () => Promise<void>): Promise<void> {
    setBusy(true);
    setFault('');
    try {
      await task();
    } catch (error) {
      setFault(failureText(error, t));
    }
    setBusy(false);
  }

  function add(event: SubmitEvent): void {
    event.preventDefault();
    if (picture === undefined) return;
    void attempt(async () => {
      const made = await createEmoji(name.trim().replace(/^:|:$/g, ''), me, picture);
      if (made !== undefined) dispatch({ kind: 'emoji-added', emoji: made });
      onDone();
    });
  }

  return (
    <form className={styles['own']} onSubmit={add} data-testid="own-emoji">
      <Field label={t('reactions.name')} hint={t('reactions.nameHint')} value={name} required maxLength={64} onChange={(event) => setName(event.target.value)} />
      <Field label={t('reactions.picture')} type="file" accept="image/png,image/jpeg,image/gif" required onChange={(event) => setPicture(event.target.files?.[0])} />
      {fault !== '' && <Notice kind="fault">{fault}</Notice>}
      <Button type="submit" disabled={busy || name.trim() === '' || picture === undefined}>
        {t('reactions.add')}
      </Button>
      {own.length > 0 && (
        <ul aria-label={t('reactions.own')}>
          {own.map((emoji) => (
            <li key={emoji.id}>
              <Emoji name={emoji.name} /> <span>{`:${emoji.name}:`}</span>
              <IconButton
                small
                label={t('reactions.delete', { emoji: `:${emoji.name}:` })}
                onClick={() =>
                  void attempt(async () => {
                    await deleteEmoji(emoji.id);
                    dispatch({ kind: 'emoji-removed', id: emoji.id, name: emoji.name });
                  })
                }
              >
                <Trash2 size={15} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}
