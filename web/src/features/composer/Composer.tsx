// The box to write in. Enter sends, Shift+Enter breaks the line, Tab takes a suggestion, the arrow up edits one's last message,
// with Alt or Control it calls back earlier lines.
import { SendHorizontal } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { useEffect, useId, useRef } from 'react';
import { useLanguage } from '../../i18n/context';
import { IconButton } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import styles from './Composer.module.css';
import { holdsSecret } from './secrets';
import type { CommandPlace } from './send';
import { SuggestionList } from './SuggestionList';
import type { Suggestion } from './suggestions';
import { TypingLine } from './TypingLine';
import { useComposer } from './useComposer';
import { useSuggestions } from './useSuggestions';

export interface ComposerProps {
  place: CommandPlace;
  /** Accessible name; also what stands in the empty box. */
  label: string;
  placeholder: string;
  onEditLast: () => void;
  onGoto: (location: string) => void;
}

export function Composer({ place, label, placeholder, onEditLast, onGoto }: ComposerProps) {
  const { t } = useLanguage();
  const listId = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const composer = useComposer(place, onGoto);
  const suggestions = useSuggestions(place);
  const open = suggestions.list.length > 0;

  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (window.matchMedia('(pointer: fine)').matches) box.current?.focus();
  }, []);

  function take(suggestion: Suggestion): void {
    composer.change(suggestion.text);
    suggestions.close();
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(suggestion.caret, suggestion.caret);
      suggestions.ask(suggestion.text, suggestion.caret);
    });
  }

  /** Keys that act on the open list; true if the key is spent. */
  function steer(event: KeyboardEvent): boolean {
    if (!open || event.altKey || event.ctrlKey) return false;
    const chosen = suggestions.list[suggestions.active];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') suggestions.move(event.key === 'ArrowDown' ? 1 : -1);
    else if (event.key === 'Escape') suggestions.close();
    else if (event.key === 'Tab' && !event.shiftKey) {
      const first = chosen ?? suggestions.list[0];
      if (first !== undefined) take(first);
    } else if (event.key === 'Enter' && !event.shiftKey && chosen !== undefined) take(chosen);
    else return false;
    return true;
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return;
    const empty = composer.text === '';
    if (steer(event)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      suggestions.close();
      void composer.submit();
    } else if (event.key === 'ArrowUp' && (event.altKey || event.ctrlKey)) {
      if (composer.browse(1)) event.preventDefault();
    } else if (event.key === 'ArrowDown' && (event.altKey || event.ctrlKey)) {
      if (composer.browse(-1)) event.preventDefault();
    } else if (event.key === 'ArrowUp' && empty) {
      event.preventDefault();
      onEditLast();
    }
  }

  return (
    <form
      className={styles['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        void composer.submit();
      }}
    >
      {open && <SuggestionList id={listId} list={suggestions.list} active={suggestions.active} onTake={take} />}
      {composer.fault !== '' && <Notice kind="fault">{composer.fault}</Notice>}
      <div className={styles['box']}>
        <textarea
          ref={box}
          rows={1}
          value={composer.text}
          aria-label={label}
          placeholder={placeholder}
          aria-autocomplete="list"
          aria-controls={open ? listId : undefined}
          aria-activedescendant={suggestions.active >= 0 ? `${listId}-${suggestions.active}` : undefined}
          // A password typed into a command must not end up in a browser's dictionary service.
          spellCheck={!holdsSecret(composer.text)}
          autoComplete="off"
          data-testid={place.rootId === '' ? 'composer' : 'thread-composer'}
          onChange={(event) => {
            composer.change(event.target.value);
            suggestions.ask(event.target.value, event.target.selectionStart);
          }}
          onKeyDown={onKeyDown}
          onBlur={suggestions.close}
        />
        <IconButton type="submit" label={t('composer.send')} className={styles['send']} disabled={composer.text.trim() === '' || composer.busy}>
          <SendHorizontal size={18} />
        </IconButton>
      </div>
      <TypingLine channelId={place.channelId} rootId={place.rootId} />
    </form>
  );
}
