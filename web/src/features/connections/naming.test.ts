// Names of connections and passwords that nobody has to think up.
import { describe, expect, it } from 'vitest';
import { madeUpPassword, nameFrom, uniqueName } from './naming';

describe('names of connections', () => {
  it.each([
    ['Acme Europe', 'acme-europe'],
    ['  Søren & Größe!  ', 's-ren-grosse'],
    ['Café Zürich', 'cafe-zurich'],
    ['東京', 'workspace'],
    ['x'.repeat(80), 'x'.repeat(64)],
  ])('come from what the organisation is called: %s', (organisation, name) => {
    expect(nameFrom(organisation)).toBe(name);
  });

  it('get a number where they are taken, by their handle', () => {
    expect(uniqueName('Acme', ['other'])).toBe('acme');
    expect(uniqueName('Acme', ['ACME'])).toBe('acme-2');
    expect(uniqueName('Acme Europe', ['Acme Europe', 'acme-europe-2'])).toBe('acme-europe-3');
    expect(uniqueName('x'.repeat(64), ['x'.repeat(64)])).toBe(`${'x'.repeat(62)}-2`);
  });
});

describe('passwords', () => {
  it('are long, of letters, digits and signs, and no flags', () => {
    const made = Array.from({ length: 200 }, madeUpPassword);
    for (const password of made) expect(password).toMatch(/^[A-Za-z0-9][A-Za-z0-9~_!@#$^-]{19}$/);
    expect(new Set(made).size).toBe(made.length);
  });
});
