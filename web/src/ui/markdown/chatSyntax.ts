// What chat adds to Markdown: @mentions, ~channel links and :emoji: names. Found in text only, never in code or links.
import type { PhrasingContent, Root } from 'mdast';
import { findAndReplace } from 'mdast-util-find-and-replace';

declare module 'mdast' {
  interface ChatMark {
    type: 'chatMark';
    data: { hName: 'chat-mention' | 'chat-emoji' | 'chat-channel'; hProperties: { name: string }; hChildren: { type: 'text'; value: string }[] };
  }
  interface PhrasingContentMap {
    chatMark: ChatMark;
  }
  interface RootContentMap {
    chatMark: ChatMark;
  }
}

/** Remote people's names have a part after a colon. A dot or hyphen at the end belongs to the sentence. */
const MENTION = /(?<![\w@./:])@([a-z0-9](?:[a-z0-9._-]*[a-z0-9_])?(?::[a-z0-9](?:[a-z0-9._-]*[a-z0-9_])?)?)/gi;
const EMOJI = /(?<![\w:]):([a-z0-9_+-]{1,64}):(?![\w:])/gi;
const CHANNEL = /(?<![\w~])~([a-z0-9](?:[a-z0-9._-]*[a-z0-9_])?)/gi;

function mark(hName: 'chat-mention' | 'chat-emoji' | 'chat-channel', name: string, text: string): PhrasingContent {
  return { type: 'chatMark', data: { hName, hProperties: { name }, hChildren: [{ type: 'text', value: text }] } };
}

/** A remark plugin. */
export function chatSyntax() {
  return (tree: Root): void => {
    findAndReplace(
      tree,
      [
        [MENTION, (text: string, name: string) => mark('chat-mention', name, text)],
        [EMOJI, (text: string, name: string) => mark('chat-emoji', name, text)],
        [CHANNEL, (text: string, name: string) => mark('chat-channel', name, text)],
      ],
      { ignore: ['link', 'linkReference'] },
    );
  };
}
