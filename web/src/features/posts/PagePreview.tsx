// What a page that a message links to says of itself, as the server found it. No picture of it: that would tell its site who reads here.
import { linkedPage } from '../../state/embeds';
import type { Post } from '../../state/model';
import styles from './PostItem.module.css';

export function PagePreview({ post }: { post: Post }) {
  const page = linkedPage(post);
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
