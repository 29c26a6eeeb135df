import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { Post } from '../../state/model';
import { aPost } from '../../testing/entities';
import { PagePreview } from './PagePreview';

function linking(embed: Record<string, unknown>): Post {
  const metadata = { embeds: [embed] } as unknown as NonNullable<Post['metadata']>;
  return aPost({ id: 'p', metadata });
}

const data = { title: 'Bread & butter', description: 'How it is made', site_name: 'The Bakery' };

describe('a message that links to a page', () => {
  it('shows what the page says of itself', () => {
    render(<PagePreview post={linking({ type: 'opengraph', url: 'https://example.org/bread', data })} />);
    const link = screen.getByRole('link', { name: 'Bread & butter' });
    expect(link.getAttribute('href')).toBe('https://example.org/bread');
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
    expect(screen.getByTestId('page-preview').textContent).toBe('The BakeryBread & butterHow it is made');
  });

  it('shows nothing that is no page of the web', () => {
    for (const embed of [
      { type: 'opengraph', url: 'javascript:alert(1)', data },
      { type: 'opengraph', url: 'https://example.org', data: { ...data, title: '' } },
      { type: 'opengraph', url: 'https://example.org', data: 'x' },
      { type: 'image', url: 'https://example.org/a.png' },
    ]) {
      const { container, unmount } = render(<PagePreview post={linking(embed)} />);
      expect(container.textContent).toBe('');
      unmount();
    }
  });
});
