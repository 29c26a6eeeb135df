// A small picker: the usual ones at hand, all others by name.
import type { ReactNode } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { useLanguage } from '../../i18n/context';
import { useStore } from '../../state/react';
import { Button, IconButton } from '../../ui/Button';
import { Emoji } from '../../ui/emoji/Emoji';
import { loadEmoji, often, useEmojiList } from '../../ui/emoji/emoji';
import { Popover, useClosePopover } from '../../ui/Popover';
import { toggleReaction } from './actions';
import styles from './EmojiPicker.module.css';
import { OwnEmoji } from './OwnEmoji';

const SHOWN = 64;

function EmojiPicker({ onPick }: { onPick: (name: string) => void }) {
  const { t } = useLanguage();
  const list = useEmojiList();
  const close = useClosePopover();
  const [term, setTerm] = useState('');
  const [adding, setAdding] = useState(false);
  const own = useStore((state) => state.emoji);
  const mayAdd = useStore((state) => state.config['EnableCustomEmoji'] === 'true');
  useEffect(loadEmoji, []);

  function pick(name: string): void {
    close();
    onPick(name);
  }

  const found = useMemo(() => {
    const wanted = term.trim().toLowerCase().replace(/^:|:$/g, '').replaceAll(' ', '_');
    const pictures = Object.keys(own);
    if (wanted === '') return [...often, ...pictures.slice(0, SHOWN - often.length)];
    const names = [...pictures, ...list.keys()].filter((name) => name.toLowerCase().includes(wanted));
    // Names that begin with what was typed come first.
    return names.sort((a, b) => Number(b.startsWith(wanted)) - Number(a.startsWith(wanted)) || a.length - b.length).slice(0, SHOWN);
  }, [list, own, term]);

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
            <Emoji name={name} />
          </button>
        ))}
      </div>
      {mayAdd && !adding && (
        <Button look="quiet" onClick={() => setAdding(true)}>
          {t('reactions.addOpen')}
        </Button>
      )}
      {adding && <OwnEmoji onDone={() => setAdding(false)} />}
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
