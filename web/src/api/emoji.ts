// Custom emoji: those of this server, and those of other organisations in a shared channel (client API section 5.6, behaviour 8.2).
import { client, fetchJson, isRecord, request } from './client';
import { siteUrl } from './site';

/** A picture with a name. */
export interface CustomEmoji {
  id: string;
  name: string;
  creator_id: string;
}

/** A picture of another organisation's, seen in one channel. */
export interface PeerEmoji {
  id: string;
  name: string;
  remote_id: string;
  organisation: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readEmoji(value: unknown): CustomEmoji[] {
  if (!isRecord(value) || text(value['id']) === '' || text(value['name']) === '') return [];
  return [{ id: text(value['id']), name: text(value['name']), creator_id: text(value['creator_id']) }];
}

/** All emoji of this server. Where they are switched off there are none. */
export async function listEmoji(): Promise<CustomEmoji[]> {
  const perPage = 200;
  const found: CustomEmoji[] = [];
  for (let page = 0; ; page += 1) {
    const answer = await fetchJson(`/emoji?sort=name&page=${page}&per_page=${perPage}`);
    const entries = Array.isArray(answer) ? answer : [];
    found.push(...entries.flatMap(readEmoji));
    if (entries.length < perPage) return found;
  }
}

/** Gives a picture a name. */
export async function createEmoji(name: string, creatorId: string, picture: File): Promise<CustomEmoji | undefined> {
  const made: unknown = await request(client.createCustomEmoji({ name, creator_id: creatorId }, picture));
  return readEmoji(made)[0];
}

/** Takes a picture's name away. */
export async function deleteEmoji(id: string): Promise<void> {
  await request(client.deleteCustomEmoji(id));
}

/** The emoji of other organisations that are seen in a channel. */
export async function listPeerEmoji(channelId: string): Promise<PeerEmoji[]> {
  const answer = await fetchJson(`/channels/${channelId}/peer_emoji`);
  const entries = Array.isArray(answer) ? answer.filter(isRecord) : [];
  return entries.map((entry) => ({ id: text(entry['id']), name: text(entry['name']), remote_id: text(entry['remote_id']), organisation: text(entry['organisation']) }));
}

/** Where the picture of an emoji of this server is. */
export function emojiSrc(id: string): string {
  return `${siteUrl}/api/v4/emoji/${encodeURIComponent(id)}/image`;
}

/** Where the picture of another organisation's emoji is. */
export function peerEmojiSrc(channelId: string, id: string): string {
  return `${siteUrl}/api/v4/channels/${encodeURIComponent(channelId)}/peer_emoji/${encodeURIComponent(id)}/image`;
}
