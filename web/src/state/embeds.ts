// What the server shows below a message: the message it links to, and the page.
import { isRecord } from '../api/client';
import type { Post } from './model';

/** A message that another one links to, as its reader may see it. */
export interface LinkedMessage {
  id: string;
  author: string;
  message: string;
  at: number;
  channel: string;
  team: string;
}

/** What a page says of itself. */
export interface LinkedPage {
  url: string;
  title: string;
  description: string;
  site: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function embed(post: Post, kind: string): Record<string, unknown> | undefined {
  const embeds: unknown = post.metadata?.embeds;
  if (!Array.isArray(embeds)) return undefined;
  return embeds.filter(isRecord).find((one) => one['type'] === kind && isRecord(one['data']));
}

/** The first message a message shows; undefined if it shows none. */
export function linkedMessage(post: Post): LinkedMessage | undefined {
  const data = embed(post, 'permalink')?.['data'];
  const shown = isRecord(data) ? data['post'] : undefined;
  if (!isRecord(data) || !isRecord(shown) || text(shown['id']) === '') return undefined;
  const at = typeof shown['create_at'] === 'number' ? shown['create_at'] : 0;
  return { id: text(shown['id']), author: text(shown['user_id']), message: text(shown['message']), at, channel: text(data['channel_display_name']), team: text(data['team_name']) };
}

/** The first page a message shows; undefined if it shows none. */
export function linkedPage(post: Post): LinkedPage | undefined {
  const found = embed(post, 'opengraph');
  const data = found?.['data'];
  if (found === undefined || !isRecord(data)) return undefined;
  const page = { url: text(found['url']), title: text(data['title']), description: text(data['description']), site: text(data['site_name']) };
  return /^https?:\/\//.test(page.url) && page.title !== '' ? page : undefined;
}
