// Words not sent yet, by channel and thread. They outlive a reload; secrets do not.
import { holdsSecret } from './secrets';

function key(channelId: string, rootId: string): string {
  return `rialto.draft.${channelId}.${rootId}`;
}

export function readDraft(channelId: string, rootId: string): string {
  return localStorage.getItem(key(channelId, rootId)) ?? '';
}

export function writeDraft(channelId: string, rootId: string, text: string): void {
  if (text.trim() === '' || holdsSecret(text)) localStorage.removeItem(key(channelId, rootId));
  else localStorage.setItem(key(channelId, rootId), text);
}
