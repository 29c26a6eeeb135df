// What a page that a message links to says of itself, as the server found it. No picture of it: that would tell its site who reads here.
import { isRecord } from '../../api/client';
import type { Post } from '../../state/model';
import styles from './PostItem.module.css';

interface Page {
  url: string;
  title: string;
  description: string;
  site: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The first page a message shows; undefined if it shows none. */
export function readPage(post: Post): Page | undefined {
  const embeds: unknown = post.metadata?.embeds;
  const found: unknown = Array.isArray(embeds) ? embeds.find((embed: unknown) => isRecord(embed) && embed['type'] === 'opengraph') : undefined;
  const data = isRecord(found) ? found['data'] : undefined;
  if (!isRecord(found) || !isRecord(data)) return undefined;
  const page = { url: text(found['url']), title: text(data['title']), description: text(data['description']), site: text(data['site_name']) };
  return /^https?:\/\//.test(page.url) && page.title !== '' ? page : undefined;
}

export function PagePreview({ post }: { post: Post }) {
  const page = readPage(post);
  if (page === undefined) return null;
  return (
    <blockquote className={styles['quoted']} data-testid="page-preview">
      {page.site !== '' && <div>{page.site}</div>}
      <a href={page.url} target="_blank" rel="noopener noreferrer">
        {page.title}
      </a>
      {page.description !== '' && <p>{page.description}</p>}
    </blockquote>
  );
}
