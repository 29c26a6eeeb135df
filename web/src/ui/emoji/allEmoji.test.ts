// The server refuses names that have a sign already: it and we have to know the same ones.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAll } from './allEmoji';
import { atHand } from './emoji';

describe('names with a sign', () => {
  // E-150
  it('are those the server gives to nobody', () => {
    const taken = readFileSync('../crates/model/src/emoji_names.txt', 'utf8').trim().split('\n');
    expect([...readAll(atHand).keys()].sort()).toEqual(taken.sort());
  });
});
