// Every language says the same things: the compiler holds the keys, this the values inside the texts.
import { describe, expect, it } from 'vitest';
import { de } from './de';
import type { MessageKey } from './en';
import { en } from './en';
import { preferredLocale, regionOf, translator } from './translate';

const slots = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '').sort();

describe('languages', () => {
  it.each(Object.keys(en) as MessageKey[])('say %s with the same values', (key) => {
    expect(slots(de[key])).toEqual(slots(en[key]));
    expect(de[key].trim()).not.toBe('');
  });

  // SC-001: administration speaks of connected workspaces, channels are shared, and a single one is a secure connection.
  it('use the terms of the product', () => {
    expect(en['connections.title']).toBe('Connected workspaces');
    expect(en['shared.with']).toMatch(/^Shared /);
    expect(en['connections.off']).toContain('secure connections');
    for (const text of [...Object.values(en), ...Object.values(de)]) expect(text).not.toMatch(/experiment|remote cluster/i);
  });

  it('follow the plural rules', () => {
    expect(translator('en', en).n('threads.replies', 1)).toBe('1 reply');
    expect(translator('de', de).n('threads.replies', 1200)).toBe('1.200 Antworten');
  });

  it('are chosen by what the reader prefers', () => {
    expect(preferredLocale(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(preferredLocale(['fr'])).toBe('en');
    expect(regionOf('en', ['de-AT', 'en-GB'])).toBe('en-GB');
    expect(regionOf('de', ['en-GB'])).toBe('de');
  });
});
