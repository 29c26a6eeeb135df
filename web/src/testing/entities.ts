// Things for tests, complete as the server sends them; a test names what it cares about.
import type { Channel, ChannelMembership, Post, Reaction, User } from '../state/model';

export function aPost(part: Partial<Post> = {}): Post {
  return {
    id: 'p1', create_at: 1000, update_at: 1000, edit_at: 0, delete_at: 0, is_pinned: false, user_id: 'u1', channel_id: 'c1', root_id: '', original_id: '',
    message: 'hello', type: '', props: {}, hashtags: '', pending_post_id: '', reply_count: 0, file_ids: [], metadata: {}, ...part,
  };
}

export function aChannel(part: Partial<Channel> = {}): Channel {
  return {
    id: 'c1', create_at: 1, update_at: 1, delete_at: 0, team_id: 't1', type: 'O', display_name: 'Ops', name: 'ops', header: '', purpose: '', last_post_at: 0,
    last_root_post_at: 0, creator_id: 'u1', scheme_id: '', group_constrained: false, total_msg_count: 0, ...part,
  };
}

export function aMembership(part: Partial<ChannelMembership> = {}): ChannelMembership {
  return {
    channel_id: 'c1', user_id: 'me', roles: 'channel_user', last_viewed_at: 0, msg_count: 0, msg_count_root: 0, mention_count: 0, mention_count_root: 0,
    urgent_mention_count: 0, notify_props: {}, last_update_at: 0, scheme_user: true, scheme_admin: false, ...part,
  };
}

export function aReaction(part: Partial<Reaction> = {}): Reaction {
  return { user_id: 'u1', post_id: 'p1', emoji_name: 'rocket', create_at: 1000, update_at: 1000, delete_at: 0, ...part };
}

export function aUser(part: Partial<User> = {}): User {
  return {
    id: 'u1', create_at: 1, update_at: 1, delete_at: 0, username: 'ada', password: '', auth_service: '', email: '', nickname: '', first_name: '', last_name: '', position: '',
    roles: 'system_user', props: {}, notify_props: {} as User['notify_props'], last_password_update: 0, last_picture_update: 0, locale: 'en', mfa_active: false,
    last_activity_at: 0, is_bot: false, bot_description: '', terms_of_service_id: '', terms_of_service_create_at: 0, ...part,
  };
}
