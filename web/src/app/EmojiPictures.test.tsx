// Which picture a name has, in whose words.
import { render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatch } from '../state/store';
import { aChannel, aUser } from '../testing/entities';
import { Markdown } from '../ui/markdown/Markdown';
import { EmojiOf, EmojiPictures } from './EmojiPictures';

const parrot = (id: string, remote: string) => ({ id, name: 'party_parrot', remote_id: remote, organisation: `Org ${remote}` });

function served(input: RequestInfo | URL): Promise<Response> {
  const path = new URL(input instanceof Request ? input.url : input).pathname;
  const body = path.endsWith('/peer_emoji') ? [parrot('e1', 'r1'), parrot('e2', 'r2')] : [];
  return Promise.resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } }));
}

function show(userId: string, text: string, shared = true) {
  render(
    <EmojiPictures channel={aChannel({ shared })}>
      <EmojiOf userId={userId}>
        <Markdown text={text} />
      </EmojiOf>
    </EmojiPictures>,
  );
}

beforeEach(() => {
  vi.stubGlobal('fetch', served);
  dispatch({ kind: 'signed-in', user: aUser({ id: 'me', username: 'me' }) });
  dispatch({ kind: 'emoji', list: [] });
  dispatch({ kind: 'users', users: [aUser({ id: 'u2', remote_id: 'r2' })] });
});

describe('pictures of emoji', () => {
  // E-149, SC-090: shown with its organisation; of two with one name, the writer's.
  it('shows the picture of the organisation that wrote the name', async () => {
    show('u2', 'hello :party_parrot: and :nothing:');
    const picture = await screen.findByAltText(':party_parrot:');
    expect(picture.getAttribute('src')).toContain('/channels/c1/peer_emoji/e2/image');
    expect(picture.getAttribute('title')).toBe(':party_parrot: (Org r2)');
    expect(screen.getByText(':nothing:')).toBeTruthy();
  });

  // E-149: our own wins, whoever wrote it.
  it('shows our own picture where we have one of that name, until it is gone', async () => {
    dispatch({ kind: 'emoji', list: [{ id: 'o1', name: 'party_parrot', creator_id: 'me' }] });
    show('u2', ':party_parrot:');
    const picture = await screen.findByAltText(':party_parrot:');
    expect(picture.getAttribute('src')).toContain('/emoji/o1/image');
    dispatch({ kind: 'emoji-removed', id: 'o1', name: 'party_parrot' });
    await vi.waitFor(() => expect(screen.getByAltText(':party_parrot:').getAttribute('src')).toContain('/peer_emoji/e2/image'));
  });

  it('shows names where nobody has a picture of theirs', () => {
    dispatch({ kind: 'peer-emoji', channelId: 'c1', list: [parrot('e1', 'r1')] });
    show('u2', ':party_parrot:', false);
    expect(screen.queryByAltText(':party_parrot:')).toBeNull();
    expect(screen.getByText(':party_parrot:')).toBeTruthy();
  });
});
