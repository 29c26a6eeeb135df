// A small picker: the usual ones at hand, all others by name.
import type { ReactNode } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { useLanguage } from '../../i18n/context';
import { IconButton } from '../../ui/Button';
import { loadEmoji, often, useEmojiList } from '../../ui/emoji/emoji';
import { Popover, useClosePopover } from '../../ui/Popover';
import { toggleReaction } from './actions';
import styles from './EmojiPicker.module.css';

const SHOWN = 64;

function EmojiPicker({ onPick }: { onPick: (name: string) => void }) {
  const { t } = useLanguage();
  const list = useEmojiList();
  const close = useClosePopover();
  const [term, setTerm] = useState('');
  useEffect(loadEmoji, []);

  function pick(name: string): void {
    close();
    onPick(name);
  }

  const found = useMemo(() => {
    const wanted = term.trim().toLowerCase().replace(/^:|:$/g, '').replaceAll(' ', '_');
    if (wanted === '') return often;
    const names = [...list.keys()].filter((name) => name.includes(wanted));
    // Names that begin with what was typed come first.
    return names.sort((a, b) => Number(b.startsWith(wanted)) - Number(a.startsWith(wanted)) || a.length - b.length).slice(0, SHOWN);
  }, [list, term]);

  return (
    <div className={styles['picker']}>
      <input
        type="search"
        value={term}
        placeholder={t('reactions.search')}
        aria-label={t('reactions.search')}
        onChange={(event) => setTerm(event.target.value)}
        onKeyDown={(event) => {
          const [first] = found;
          if (event.key !== 'Enter' || first === undefined) return;
          event.preventDefault();
          pick(first);
        }}
      />
      {found.length === 0 && <p>{t('reactions.none')}</p>}
      <div className={styles['grid']} role="group" aria-label={t('reactions.often')}>
        {found.map((name) => (
          <button key={name} type="button" aria-label={`:${name}:`} title={`:${name}:`} onClick={() => pick(name)}>
            {list.get(name) ?? `:${name}:`}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The button that opens the picker for a message. */
export function EmojiButton({ postId, icon, className }: { postId: string; icon: ReactNode; className?: string | undefined }) {
  const { t } = useLanguage();
  return (
    <Popover
      label={t('reactions.pick')}
      trigger={(props) => (
        <IconButton small label={t('posts.react')} className={className} {...props}>
          {icon}
        </IconButton>
      )}
    >
      <EmojiPicker onPick={(name) => void toggleReaction(postId, name)} />
    </Popover>
  );
}
