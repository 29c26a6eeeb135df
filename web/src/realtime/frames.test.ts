// Frames as they come over the wire become our union; what is unknown or malformed is counted and let pass.
import { beforeEach, describe, expect, it } from 'vitest';
import { aChannel, aPost, aReaction } from '../testing/entities';
import { passedOver, readFrame } from './frames';

const broadcast = { omit_users: null, user_id: '', channel_id: 'c1', team_id: '' };
const frame = (event: string, data: object, more: object = {}) => ({ event, data, broadcast: { ...broadcast, ...more }, seq: 1 });

beforeEach(() => {
  for (const key of Object.keys(passedOver)) Reflect.deleteProperty(passedOver, key);
});

describe('readFrame', () => {
  it('reads payloads that are JSON inside JSON', () => {
    const read = readFrame(frame('posted', { post: JSON.stringify(aPost()), mentions: '["me"]' }));
    expect(read).toMatchObject({ event: 'posted', post: { id: 'p1', message: 'hello' }, mentions: ['me'] });
    expect(readFrame(frame('reaction_added', { reaction: JSON.stringify(aReaction()) }))).toMatchObject({ reaction: { emoji_name: 'rocket' } });
    expect(readFrame(frame('channel_updated', { channel: JSON.stringify(aChannel({ shared: true })) }))).toMatchObject({ channelId: 'c1', channel: { shared: true } });
  });

  it('takes ids from the broadcast where the data has none', () => {
    expect(readFrame(frame('user_added', { user_id: 'u2', team_id: 't1' }))).toEqual({ event: 'user_added', userId: 'u2', channelId: 'c1' });
    expect(readFrame(frame('user_removed', { channel_id: 'c9', remover_id: 'u2' }, { user_id: 'me', channel_id: '' }))).toEqual({ event: 'user_removed', userId: 'me', channelId: 'c9' });
    expect(readFrame(frame('rialto_remote_cluster_updated', { remote_id: 'r1' }, { channel_id: '' }))).toEqual({ event: 'rialto_remote_cluster_updated', remoteId: 'r1' });
    expect(readFrame(frame('channel_updated', { channel_id: 'c1' }))).toEqual({ event: 'channel_updated', channelId: 'c1', channel: undefined });
  });

  it.each([
    ['posted', { post: '{"id":' }],
    ['posted', { post: '{"id":5}' }],
    ['posted', {}],
    ['reaction_added', { reaction: '[]' }],
    ['something_new', { a: 1 }],
  ])('passes over %s with %j and counts it', (event, data) => {
    expect(readFrame(frame(event, data))).toBeUndefined();
    expect(passedOver[event]).toBe(1);
  });

  it('survives what is no frame at all', () => {
    for (const message of [null, 'x', 5, [], {}]) expect(readFrame(message)).toBeUndefined();
  });

  it('knows what it may ignore without counting it', () => {
    expect(readFrame(frame('sidebar_category_updated', {}))).toBeUndefined();
    expect(passedOver).toEqual({});
  });
});
