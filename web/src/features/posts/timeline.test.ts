// Days, the line where the new begins, and blocks of one author.
import { describe, expect, it } from 'vitest';
import { aPost } from '../../testing/entities';
import { rows } from './timeline';

const noon = new Date(2026, 4, 5, 12).getTime();
const minute = 60_000;
const shape = (...args: Parameters<typeof rows>) => rows(...args).map((row) => (row.kind === 'post' ? `${row.id}${row.joined ? '+' : ''}` : row.kind));

describe('rows', () => {
  it('joins what one person says shortly after each other', () => {
    const posts = [
      aPost({ id: 'a', create_at: noon }),
      aPost({ id: 'b', create_at: noon + minute }),
      aPost({ id: 'c', create_at: noon + 2 * minute, user_id: 'u2' }),
      aPost({ id: 'd', create_at: noon + 9 * minute, user_id: 'u2' }),
    ];
    expect(shape(posts, 0, 'me')).toEqual(['day', 'a', 'b+', 'c', 'd']);
  });

  it('parts days, and no block reaches over midnight', () => {
    const posts = [aPost({ id: 'a', create_at: noon + 12 * 60 * minute - minute }), aPost({ id: 'b', create_at: noon + 12 * 60 * minute + minute })];
    expect(shape(posts, 0, 'me')).toEqual(['day', 'a', 'day', 'b']);
  });

  it('draws one line before the first message of others that is new', () => {
    const posts = [
      aPost({ id: 'a', create_at: noon }),
      aPost({ id: 'b', create_at: noon + minute, user_id: 'me' }),
      aPost({ id: 'c', create_at: noon + 2 * minute }),
      aPost({ id: 'd', create_at: noon + 3 * minute }),
    ];
    expect(shape(posts, noon, 'me')).toEqual(['day', 'a', 'b', 'new', 'c', 'd+']);
  });

  it('parts what was written before the channel was shared from what came after', () => {
    const posts = [aPost({ id: 'a', create_at: noon }), aPost({ id: 'b', create_at: noon + minute }), aPost({ id: 'c', create_at: noon + 2 * minute })];
    expect(shape(posts, 0, 'me', noon + minute)).toEqual(['day', 'a', 'shared', 'b', 'c+']);
    expect(shape(posts, 0, 'me', noon + 9 * minute)).toEqual(['day', 'a', 'b+', 'c+', 'shared']);
    expect(shape(posts, 0, 'me', noon)).toEqual(['day', 'a', 'b+', 'c+']);
    expect(shape([], 0, 'me', noon)).toEqual([]);
  });

  it('ends a block at a thread, and lets system messages stand alone', () => {
    const posts = [
      aPost({ id: 'a', create_at: noon, reply_count: 2 }),
      aPost({ id: 'b', create_at: noon + minute }),
      aPost({ id: 's', create_at: noon + minute, type: 'system_join_channel' }),
      aPost({ id: 'c', create_at: noon + minute }),
    ];
    expect(shape(posts, 0, 'me')).toEqual(['day', 'a', 'b', 's', 'c']);
  });
});
