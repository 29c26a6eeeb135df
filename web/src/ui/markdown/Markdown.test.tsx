// Message texts: what people write is shown as they meant it, and nothing of it can do harm.
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ReferencesContext } from './context';
import { Markdown } from './Markdown';

const references = {
  mention: (name: string) => ({ ada: { label: 'Ada', self: false }, 'grace:acme': { label: 'Grace', self: false } })[name],
  channel: (name: string) => (name === 'ops' ? { label: 'Ops', href: '/team/channels/ops' } : undefined),
  go: () => undefined,
};

function draw(text: string): HTMLElement {
  return render(
    <ReferencesContext value={references}>
      <Markdown text={text} />
    </ReferencesContext>,
  ).container;
}

describe('Markdown', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](javascript:alert(1))',
    '<a href="javascript:alert(1)">x</a>',
    '<style>*{display:none}</style>',
    '<iframe src="https://example.org"></iframe>',
  ])('lets nothing active through from %s', (text) => {
    const drawn = draw(text);
    expect(drawn.querySelector('script, img, style, iframe, object, embed')).toBeNull();
    for (const element of drawn.querySelectorAll('*')) {
      for (const attribute of element.attributes) {
        expect(attribute.name).not.toMatch(/^on/);
        if (attribute.name === 'href') expect(attribute.value).not.toMatch(/^\s*(javascript|data|vbscript):/i);
      }
    }
  });

  it('fetches no picture from anywhere: pictures are links', () => {
    const drawn = draw('![map](https://example.org/map.png)');
    expect(drawn.querySelector('img')).toBeNull();
    expect(screen.getByRole('link', { name: 'Image: map' }).getAttribute('href')).toBe('https://example.org/map.png');
  });

  it('keeps line breaks, tables and lists', () => {
    const drawn = draw('a\nb\n\n| x | y |\n| - | - |\n| 1 | 2 |\n\n* one');
    expect(drawn.querySelector('br')).not.toBeNull();
    expect(screen.getByRole('table').querySelectorAll('td')).toHaveLength(2);
    expect(drawn.querySelector('li')?.textContent).toBe('one');
  });

  it('shows mentions of people it knows, with the names of other organisations, and leaves the rest as text', () => {
    const drawn = draw('Hi @ada, @grace:acme. and @nobody, mail ada@example.org');
    expect(drawn.textContent).toBe('Hi @Ada, @Grace. and @nobody, mail ada@example.org');
    expect(drawn.querySelectorAll('[title="@ada"], [title="@grace:acme"]')).toHaveLength(2);
  });

  it('does not look for mentions or emoji in code', () => {
    expect(draw('`@ada :rocket:`').querySelector('code')?.textContent).toBe('@ada :rocket:');
  });

  it('links channels of the team', () => {
    draw('see ~ops and ~none');
    expect(screen.getByRole('link', { name: '~Ops' }).getAttribute('href')).toBe('/team/channels/ops');
  });

  // SC-090, E-171
  it('draws emoji by name and leaves unknown names as they are', () => {
    const drawn = draw('go :rocket: and :party_parrot: at 10:30:00');
    expect(screen.getByRole('img', { name: ':rocket:' }).textContent).toBe('🚀');
    expect(drawn.textContent).toBe('go 🚀 and :party_parrot: at 10:30:00');
  });

  it('copies exactly the code of a block', async () => {
    const copied = vi.fn(() => Promise.resolve());
    vi.stubGlobal('isSecureContext', true);
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: copied }, configurable: true });
    const code = 'eyJ2IjoyfQ-_abc\n  indented & <b>\n\nlast';
    draw(`Here:\n\`\`\`\n${code}\n\`\`\`\n`);
    fireEvent.click(screen.getByRole('button', { name: 'Copy code' }));
    await waitFor(() => expect(screen.getByText('Copied')).toBeDefined());
    expect(copied).toHaveBeenCalledExactlyOnceWith(code);
  });
});
