// What is offered while one types: commands from the server (behaviour 2.7), people after @, emoji after a colon.
import { client, request } from '../../api/client';
import { ensureOrigins } from '../../realtime/profiles';
import type { User } from '../../state/model';
import { displayName, isRemote, originOf } from '../../state/selectors';
import { store } from '../../state/store';
import type { CommandPlace } from './send';

export interface Suggestion {
  key: string;
  /** What stands in the list. */
  label: string;
  hint: string;
  description: string;
  /** The whole text of the box after taking it, and where the caret stands then. */
  text: string;
  caret: number;
  user?: { id: string; name: string; remote: boolean; organisation: string | undefined };
  emoji?: string;
}

const LIMIT = 50;
const EMOJI_LIMIT = 12;

/** The word with a mark before it that ends at the caret. */
function wordAt(text: string, caret: number, mark: '@' | ':'): { start: number; term: string } | undefined {
  const found = new RegExp(`(?:^|\\s)${mark}([\\w.+-]*${mark === '@' ? '(?::[\\w.-]*)?' : ''})$`).exec(text.slice(0, caret));
  return found?.[1] === undefined ? undefined : { start: caret - found[1].length - 1, term: found[1].toLowerCase() };
}

function replaced(text: string, start: number, caret: number, word: string): { text: string; caret: number } {
  const head = `${text.slice(0, start)}${word} `;
  return { text: head + text.slice(caret).replace(/^ /, ''), caret: head.length };
}

/** Commands, sub-commands, flags and values for a line that starts with a slash. */
async function commands(text: string, place: CommandPlace): Promise<Suggestion[]> {
  const found = await request(client.getCommandAutocompleteSuggestionsList(text, place.teamId, { channel_id: place.channelId, team_id: place.teamId, root_id: place.rootId }));
  return found.slice(0, LIMIT).map((entry, index) => {
    const whole = `/${entry.Complete.replace(/^\//, '')}`;
    // A value ends the word; the server completes up to it.
    const next = whole.endsWith(' ') ? whole : `${whole} `;
    return { key: `${index}-${whole}`, label: entry.Suggestion, hint: entry.Hint, description: entry.Description, text: next, caret: next.length };
  });
}

function matches(user: User, term: string, organisation: string): boolean {
  return [user.username, user.nickname, user.first_name, user.last_name, displayName(user), organisation].some((text) => text.toLowerCase().startsWith(term));
}

/** Members of the channel whose names begin so, our own people first. */
async function people(text: string, caret: number, place: CommandPlace): Promise<Suggestion[]> {
  const word = wordAt(text, caret, '@');
  if (word === undefined) return [];
  const found = await request(client.autocompleteUsers(word.term, place.teamId, place.channelId)).then(
    (answer) => answer.users,
    () => [],
  );
  ensureOrigins(found);
  const state = store.getState();
  const held = (state.members[place.channelId] ?? []).flatMap((id) => state.users[id] ?? []).filter((user) => matches(user, word.term, originOf(state, user)?.display_name ?? ''));
  const users = [...new Map([...found, ...held].map((user) => [user.id, user])).values()].filter((user) => user.delete_at === 0);
  users.sort((a, b) => Number(isRemote(a)) - Number(isRemote(b)) || a.username.localeCompare(b.username));
  return users.slice(0, LIMIT).map((user) => ({
    key: user.id,
    label: displayName(user),
    hint: `@${user.username}`,
    description: '',
    ...replaced(text, word.start, caret, `@${user.username}`),
    user: { id: user.id, name: displayName(user), remote: isRemote(user), organisation: originOf(state, user)?.display_name },
  }));
}

/** Emoji whose names begin so, from two letters on. */
function emoji(text: string, caret: number, list: ReadonlyMap<string, string>): Suggestion[] {
  const word = wordAt(text, caret, ':');
  if (word === undefined || word.term.length < 2) return [];
  const names = [...list.keys()].filter((name) => name.startsWith(word.term)).sort((a, b) => a.length - b.length);
  return names.slice(0, EMOJI_LIMIT).map((name) => ({ key: name, label: `:${name}:`, hint: '', description: '', emoji: name, ...replaced(text, word.start, caret, `:${name}:`) }));
}

/** What to offer for `text` with the caret at `caret`. Nothing, if the server cannot be asked. */
export async function suggest(text: string, caret: number, place: CommandPlace, list: ReadonlyMap<string, string>): Promise<Suggestion[]> {
  if (text.startsWith('/') && !text.includes('\n')) return caret === text.length ? commands(text, place).catch(() => []) : [];
  const found = emoji(text, caret, list);
  return found.length > 0 ? found : people(text, caret, place);
}
