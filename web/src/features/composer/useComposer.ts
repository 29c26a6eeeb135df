// What the box does: keeps the draft, sends, runs commands, calls back earlier lines.
import { useRef, useState } from 'react';
import { asFailure } from '../../api/client';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import { sayTyping } from '../../realtime/sync';
import { readDraft, writeDraft } from './drafts';
import { recall, remember } from './history';
import type { CommandPlace } from './send';
import { runCommand, sendPost } from './send';

/** How often others are told that one is typing, in ms. */
const TYPING_EVERY_MS = 3000;

export interface ComposerModel {
  text: string;
  fault: string;
  busy: boolean;
  change: (text: string) => void;
  submit: () => Promise<void>;
  /** Goes back (1) or forth (-1) in the lines sent before; false if there is none. */
  browse: (step: 1 | -1) => boolean;
}

export function useComposer(place: CommandPlace, onGoto: (location: string) => void): ComposerModel {
  const { t } = useLanguage();
  const { channelId, rootId } = place;
  const [text, setText] = useState(() => readDraft(channelId, rootId));
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const back = useRef(0);
  const toldTyping = useRef(0);

  function put(next: string): void {
    setText(next);
    writeDraft(channelId, rootId, next);
  }

  function change(next: string): void {
    back.current = 0;
    setFault('');
    put(next);
    if (next !== '' && !next.startsWith('/') && Date.now() - toldTyping.current > TYPING_EVERY_MS) {
      toldTyping.current = Date.now();
      sayTyping(channelId, rootId);
    }
  }

  async function submit(): Promise<void> {
    const line = text.replace(/\s+$/, '');
    if (line.trim() === '' || busy) return;
    remember(line);
    back.current = 0;
    toldTyping.current = 0;
    put('');
    if (!line.startsWith('/')) {
      void sendPost(channelId, rootId, line.trim(), t);
      return;
    }
    setBusy(true);
    setFault('');
    try {
      onGoto(await runCommand(line, place));
    } catch (error) {
      // The line comes back so that it can be mended; unless something else has been typed meanwhile.
      setText((now) => (now === '' ? line : now));
      setFault(asFailure(error).id === 'api.command.execute_command.not_found.app_error' ? t('composer.notFound') : failureText(error, t));
    } finally {
      setBusy(false);
    }
  }

  function browse(step: 1 | -1): boolean {
    const line = recall(back.current + step);
    if (line === undefined && step === 1) return false;
    back.current = Math.max(0, back.current + step);
    put(line ?? '');
    return true;
  }

  return { text, fault, busy, change, submit, browse };
}
