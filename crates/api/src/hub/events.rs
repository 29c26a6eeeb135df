//! What an event of the log means to clients: which frames, for whom. Source: client-api 9.4 and 9.5.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rialto_app::Settings;
use rialto_app::frames::{Rows, Wanted};
use rialto_app::shown_posts::ShownPost;
use rialto_model::event::Change;
use rialto_model::{Channel, ChannelId, ChannelKind, ConnectionId, DomainEvent, Recorded, Scope, TeamId, UserId};
use rialto_wire::v4;
use rialto_wire::ws::{EventFrame, events};

use super::frame::Frame;
use super::registry::{Registry, Viewer};
use super::threads;
use crate::v4::posts::wire_post;

/// Which rows telling these events will need. Events nobody hears need none.
pub fn wanted(registry: &Registry, batch: &[Recorded]) -> Wanted {
    let mut wanted = Wanted::default();
    // Who joins in this batch may hear what comes later in it; and the maker of a channel, which nobody is in yet,
    // joins it in the same transaction.
    let somebody_joins = batch.iter().any(|recorded| match recorded.event {
        DomainEvent::ChannelMemberAdded { user, .. } | DomainEvent::TeamMemberAdded { user, .. } => {
            registry.knows(&user)
        }
        _ => false,
    });
    let heard = |recorded: &&Recorded| somebody_joins || registry.has_audience(recorded.scope);
    for recorded in batch.iter().filter(heard) {
        want(&mut wanted, registry, &recorded.event);
    }
    wanted
}

fn want(wanted: &mut Wanted, registry: &Registry, event: &DomainEvent) {
    match event {
        DomainEvent::UserCreated { user }
        | DomainEvent::UserUpdated { user }
        | DomainEvent::UserRolesChanged { user } => {
            wanted.users.insert(*user);
            if registry.has_restricted_listeners() {
                wanted.channels_of.insert(*user);
            }
        }
        DomainEvent::DraftChanged { user, channel, root, change, .. } => {
            if *change != Change::Deleted {
                wanted.drafts.insert((*user, *channel, *root));
            }
        }
        DomainEvent::ScheduledPostChanged { post, change, .. } => {
            if *change != Change::Deleted {
                wanted.scheduled_posts.insert(*post);
            }
        }
        DomainEvent::BookmarkChanged { bookmark, .. } => {
            wanted.bookmarks.insert(*bookmark);
        }
        DomainEvent::BookmarksSorted { channel, .. } => {
            wanted.bookmarks_of.insert(*channel);
        }
        DomainEvent::TeamUpdated { team } => {
            wanted.teams.insert(*team);
        }
        DomainEvent::TeamMemberUpdated { team, user } => {
            wanted.team_members.insert((*team, *user));
        }
        DomainEvent::ChannelCreated { channel, .. }
        | DomainEvent::ChannelUpdated { channel }
        | DomainEvent::ChannelArchived { channel }
        | DomainEvent::ChannelRestored { channel }
        | DomainEvent::ChannelMemberAdded { channel, .. }
        | DomainEvent::ShareStarted { channel, .. }
        | DomainEvent::ShareChanged { channel, .. }
        | DomainEvent::ShareEnded { channel, .. } => {
            wanted.channels.insert(*channel);
        }
        DomainEvent::ChannelMemberUpdated { channel, user } => {
            wanted.channel_members.insert((*channel, *user));
        }
        DomainEvent::PostCreated { post, channel, .. } | DomainEvent::ReminderDue { post, channel, .. } => {
            wanted.posts.insert(*post);
            wanted.channels.insert(*channel);
        }
        DomainEvent::PostEdited { post, .. }
        | DomainEvent::PreviewFound { post, .. }
        | DomainEvent::PinChanged { post, .. }
        | DomainEvent::PostDeleted { post, .. } => {
            wanted.posts.insert(*post);
        }
        DomainEvent::StatusChanged { .. }
        | DomainEvent::ChannelModerated { .. }
        | DomainEvent::ChannelDeleted { .. }
        | DomainEvent::HistoryReceived { .. }
        | DomainEvent::HistoryKept { .. }
        | DomainEvent::SessionsRevoked { .. }
        | DomainEvent::PreferencesChanged { .. }
        | DomainEvent::PreferencesDeleted { .. }
        | DomainEvent::SidebarChanged { .. }
        | DomainEvent::TeamCreated { .. }
        | DomainEvent::TeamMemberAdded { .. }
        | DomainEvent::TeamMemberRemoved { .. }
        | DomainEvent::ChannelMemberRemoved { .. }
        | DomainEvent::ChannelViewed { .. }
        | DomainEvent::DeliveriesChanged { .. }
        | DomainEvent::MemberWord { .. }
        | DomainEvent::ReactionAdded(_)
        | DomainEvent::ReactionRemoved(_)
        | DomainEvent::AcknowledgementAdded(_)
        | DomainEvent::AcknowledgementRemoved(_)
        | DomainEvent::EmojiAdded(_)
        | DomainEvent::EmojiRemoved(_)
        | DomainEvent::PeerEmojiChanged { .. }
        | DomainEvent::SettingsChanged { .. } => {}
        DomainEvent::RemoteChanged { remote } => {
            wanted.channels_over.insert(*remote);
        }
        DomainEvent::ThreadChanged { .. }
        | DomainEvent::ThreadFollowed { .. }
        | DomainEvent::ThreadRead { .. }
        | DomainEvent::TeamThreadsRead { .. }
        | DomainEvent::ChannelThreadsRead { .. } => threads::want(wanted, registry, event),
    }
}

/// Tells one event to those who may hear it. Its effect on access has been [applied](Registry::apply) before. A row
/// that has gone means that there is nothing to say.
pub fn tell(registry: &mut Registry, rows: &Rows, settings: &Settings, recorded: &Recorded) {
    let scope = recorded.scope;
    match &recorded.event {
        DomainEvent::UserCreated { user } => about_person(registry, rows, *user, &events::new_user(*user)),
        DomainEvent::UserUpdated { user } => user_updated(registry, rows, settings, *user),
        DomainEvent::UserRolesChanged { user } => {
            let Some(row) = rows.users.get(user) else { return };
            registry.set_viewer(user, Viewer::new(row));
            send(registry, Scope::User(*user), &events::user_role_updated(*user, &row.roles));
            user_updated(registry, rows, settings, *user);
        }
        DomainEvent::StatusChanged { user, status } => {
            send(registry, Scope::User(*user), &events::status_change(*user, status));
        }
        DomainEvent::PreferencesChanged { user, preferences } => {
            let shown: Vec<_> = preferences.iter().map(v4::Preference::from).collect();
            send(registry, Scope::User(*user), &events::preferences_changed(*user, &shown));
        }
        DomainEvent::PreferencesDeleted { user, preferences } => {
            let shown: Vec<_> = preferences.iter().map(v4::Preference::from).collect();
            send(registry, Scope::User(*user), &events::preferences_deleted(*user, &shown));
        }
        DomainEvent::SidebarChanged { user, team, change } => {
            send(registry, Scope::User(*user), &events::sidebar_changed(*user, *team, change));
        }
        DomainEvent::DraftChanged { user, channel, root, change, from } => {
            let draft = match rows.drafts.get(&(*user, *channel, *root)) {
                Some(shown) if *change != Change::Deleted => v4::drafts::Draft::from(shown),
                None if *change == Change::Deleted => v4::drafts::Draft::deleted(*user, *channel, *root, recorded.at),
                _ => return,
            };
            send_beside(registry, scope, *from, &events::draft_changed(&draft, *change, *from));
        }
        DomainEvent::ScheduledPostChanged { user, post, channel, root, change, from } => {
            let shown = match rows.scheduled_posts.get(post) {
                Some(shown) if *change != Change::Deleted => v4::drafts::ScheduledPost::from(shown),
                None if *change == Change::Deleted => {
                    let left = v4::drafts::Draft::deleted(*user, *channel, *root, recorded.at);
                    v4::drafts::ScheduledPost::deleted(*post, left)
                }
                _ => return,
            };
            send_beside(registry, scope, *from, &events::scheduled_post_changed(&shown, *change, *from));
        }
        DomainEvent::BookmarkChanged { bookmark, change, from, .. } => {
            let Some(shown) = rows.bookmarks.get(bookmark) else { return };
            // What is removed meanwhile is told as that, which comes next.
            if *change == Change::Deleted || shown.bookmark.delete_at.is_none() {
                send_beside(registry, scope, *from, &events::bookmark_changed(&shown.into(), *change, *from));
            }
        }
        DomainEvent::BookmarksSorted { channel, from } => {
            let Some(all) = rows.bookmarks_of.get(channel) else { return };
            let shown: Vec<_> = all.iter().map(v4::bookmarks::Bookmark::from).collect();
            send_beside(registry, scope, *from, &events::bookmarks_sorted(*channel, &shown, *from));
        }
        DomainEvent::TeamUpdated { team } => team_updated(registry, rows, *team),
        DomainEvent::TeamMemberAdded { team, user } => {
            send(registry, Scope::User(*user), &events::added_to_team(*team, *user));
        }
        DomainEvent::TeamMemberRemoved { team, user } => {
            let [to_team, to_user] = events::leave_team(*team, *user);
            send_omitting(registry, Scope::Team(*team), *user, &to_team);
            send(registry, Scope::User(*user), &to_user);
        }
        DomainEvent::TeamMemberUpdated { team, user } => {
            let Some(member) = rows.team_members.get(&(*team, *user)) else { return };
            send(registry, Scope::User(*user), &events::memberrole_updated(&member.into()));
        }
        DomainEvent::ChannelCreated { channel, creator } => channel_created(registry, rows, *channel, *creator),
        DomainEvent::ChannelUpdated { channel }
        | DomainEvent::ShareStarted { channel, .. }
        | DomainEvent::ShareChanged { channel, .. }
        | DomainEvent::ShareEnded { channel, .. } => {
            let Some(row) = rows.channels.get(channel) else { return };
            send(registry, Scope::Channel(*channel), &events::channel_updated(&row.into()));
        }
        DomainEvent::ChannelModerated { channel } => send(registry, scope, &events::channel_scheme_updated(*channel)),
        DomainEvent::ChannelArchived { channel } => {
            let Some(row) = rows.channels.get(channel).filter(|row| row.is_archived()) else { return };
            send(registry, scope, &events::channel_deleted(row));
        }
        DomainEvent::ChannelDeleted { channel, team } => {
            let team = team.filter(|_| matches!(scope, Scope::Team(_)));
            send(registry, scope, &events::channel_gone(*channel, team, recorded.at));
            registry.forget_channel(channel);
        }
        DomainEvent::ChannelRestored { channel } => {
            let Some(row) = rows.channels.get(channel).filter(|row| !row.is_archived()) else { return };
            send(registry, scope, &events::channel_restored(row));
        }
        DomainEvent::ChannelMemberAdded { channel, user, .. } => {
            let team = rows.channels.get(channel).and_then(|row| row.team_id);
            let [to_channel, to_user] = events::user_added(*channel, team, *user);
            send_omitting(registry, Scope::Channel(*channel), *user, &to_channel);
            send(registry, Scope::User(*user), &to_user);
        }
        DomainEvent::ChannelMemberRemoved { channel, user, by } => {
            let [to_channel, to_user] = events::user_removed(*channel, *user, by.unwrap_or(*user));
            send_omitting(registry, Scope::Channel(*channel), *user, &to_channel);
            send(registry, Scope::User(*user), &to_user);
        }
        DomainEvent::ChannelMemberUpdated { channel, user } => {
            let Some(member) = rows.channel_members.get(&(*channel, *user)) else { return };
            send(registry, Scope::User(*user), &events::channel_member_updated(&member.into()));
        }
        DomainEvent::ChannelViewed { channel, user, at } => {
            let times = BTreeMap::from([(*channel, *at)]);
            send(registry, Scope::User(*user), &events::multiple_channels_viewed(*user, &times));
        }
        DomainEvent::PostCreated { post, channel, mentions, .. } => {
            let (Some(post), Some(channel)) = (rows.posts.get(post), rows.channels.get(channel)) else { return };
            posted(registry, rows, scope, post, channel, mentions);
        }
        DomainEvent::ReminderDue { post, channel, user } => {
            let (Some(shown), Some(channel)) = (rows.posts.get(post), rows.channels.get(channel)) else { return };
            let live = shown.post.gone_at().is_none();
            if live && registry.has_audience(scope) {
                let sender = rows.users.get(&shown.post.user_id).map_or("", |user| user.username.as_str());
                send(registry, scope, &events::reminder_due(&wire_post(shown), channel, sender, *user));
            }
        }
        DomainEvent::HistoryReceived { channel } => send(registry, scope, &events::history_received(*channel)),
        DomainEvent::PostEdited { post, .. }
        | DomainEvent::PreviewFound { post, .. }
        | DomainEvent::PinChanged { post, .. } => {
            let Some(shown) = rows.posts.get(post).filter(|shown| shown.post.gone_at().is_none()) else { return };
            send(registry, scope, &events::post_edited(&wire_post(shown)));
        }
        DomainEvent::PostDeleted { post, by, .. } => {
            let Some(shown) = rows.posts.get(post) else { return };
            post_deleted(registry, scope, &wire_post(shown), *by);
        }
        DomainEvent::ReactionAdded(reaction) => send(registry, scope, &events::reaction_added(&reaction.into())),
        DomainEvent::ReactionRemoved(reaction) => send(registry, scope, &events::reaction_removed(&reaction.into())),
        DomainEvent::AcknowledgementAdded(ack) => {
            send(registry, scope, &events::post_acknowledgement_added(&ack.into()));
        }
        DomainEvent::AcknowledgementRemoved(ack) => {
            send(registry, scope, &events::post_acknowledgement_removed(&ack.into()));
        }
        DomainEvent::EmojiAdded(emoji) => send(registry, scope, &events::emoji_added(&emoji.into())),
        DomainEvent::EmojiRemoved(emoji) => send(registry, scope, &events::emoji_removed(&emoji.into())),
        DomainEvent::PeerEmojiChanged { channel, .. } => {
            send(registry, scope, &events::peer_emoji_changed(*channel));
        }
        DomainEvent::RemoteChanged { remote } => {
            let frame = Arc::new(Frame::from(&events::remote_cluster_updated(*remote)));
            // Beside those who manage connections, the members of channels shared over it: they see its name (E-024).
            let channels = rows.channels_over.get(remote).map(Vec::as_slice).unwrap_or_default();
            let members = registry.members_of(channels);
            registry.send(Scope::Server, |user, viewer| {
                (viewer.sees_connections || members.contains(user)).then_some(&frame)
            });
        }
        DomainEvent::ThreadChanged { .. }
        | DomainEvent::ThreadFollowed { .. }
        | DomainEvent::ThreadRead { .. }
        | DomainEvent::TeamThreadsRead { .. }
        | DomainEvent::ChannelThreadsRead { .. } => threads::tell(registry, rows, settings, recorded),
        // Access has been taken away already; the hub itself tells of settings; some words are for another server.
        DomainEvent::SessionsRevoked { .. }
        | DomainEvent::DeliveriesChanged { .. }
        | DomainEvent::MemberWord { .. }
        | DomainEvent::TeamCreated { .. }
        | DomainEvent::HistoryKept { .. }
        | DomainEvent::SettingsChanged { .. } => {}
    }
}

/// One frame for all of a scope.
pub fn send(registry: &mut Registry, scope: Scope, event: &EventFrame) {
    if registry.has_audience(scope) {
        let frame = Arc::new(Frame::from(event));
        registry.send(scope, |_, _| Some(&frame));
    }
}

/// One frame for all of a scope but one connection.
pub fn send_beside(registry: &mut Registry, scope: Scope, omitted: Option<ConnectionId>, event: &EventFrame) {
    if registry.has_audience(scope) {
        let frame = Arc::new(Frame::from(event));
        registry.send_beside(scope, omitted, |_, _| Some(&frame));
    }
}

/// One frame for all of a scope but one person.
pub fn send_omitting(registry: &mut Registry, scope: Scope, omitted: UserId, event: &EventFrame) {
    if registry.has_audience(scope) {
        let frame = Arc::new(Frame::from(event));
        registry.send(scope, |user, _| (*user != omitted).then_some(&frame));
    }
}

fn posted(
    registry: &mut Registry,
    rows: &Rows,
    scope: Scope,
    shown: &ShownPost,
    channel: &Channel,
    mentions: &[UserId],
) {
    if shown.post.gone_at().is_some() || !registry.has_audience(scope) {
        return;
    }
    let sender = rows.users.get(&shown.post.user_id).map_or("", |user| user.username.as_str());
    let post = wire_post(shown);
    // What another server or this one wrote is no sign that the person named is at work here.
    let set_online = shown.post.remote_id.is_none() && !shown.post.is_system();
    let frame = |mentioned| Arc::new(Frame::from(&events::posted(&post, channel, sender, mentioned, set_online)));
    let plain = frame(None);
    let heard = mentions.iter().filter(|user| registry.knows(user));
    let own: BTreeMap<UserId, Arc<Frame>> = heard.map(|user| (*user, frame(Some(*user)))).collect();
    registry.send(scope, |user, _| Some(own.get(user).unwrap_or(&plain)));
}

fn post_deleted(registry: &mut Registry, scope: Scope, post: &v4::Post, by: Option<UserId>) {
    if !registry.has_audience(scope) {
        return;
    }
    let plain = Arc::new(Frame::from(&events::post_deleted(post, None)));
    let for_admins = Arc::new(Frame::from(&events::post_deleted(post, by)));
    registry.send(scope, |_, viewer| Some(if viewer.is_admin { &for_admins } else { &plain }));
}

fn channel_created(registry: &mut Registry, rows: &Rows, id: ChannelId, creator: Option<UserId>) {
    let Some(channel) = rows.channels.get(&id) else { return };
    let everybody = rows.participants.get(&id).map(Vec::as_slice).unwrap_or_default();
    match channel.kind {
        ChannelKind::Public | ChannelKind::Private => {
            if let Some(creator) = creator {
                send(registry, Scope::User(creator), &events::channel_created(creator, channel));
            }
        }
        ChannelKind::Direct => {
            let creator = creator.or(everybody.first().copied());
            let Some(creator) = creator else { return };
            // Notes to oneself have one member only.
            let teammate = everybody.iter().copied().find(|user| *user != creator).unwrap_or(creator);
            for user in BTreeSet::from([creator, teammate]) {
                send(registry, Scope::User(user), &events::direct_added(id, creator, teammate));
            }
        }
        ChannelKind::Group => {
            for user in everybody {
                send(registry, Scope::User(*user), &events::group_added(id, *user, everybody));
            }
        }
    }
}

/// The record of a person in three forms: their own, the administrators', everybody else's.
fn user_updated(registry: &mut Registry, rows: &Rows, settings: &Settings, id: UserId) {
    let Some(row) = rows.users.get(&id) else { return };
    let other = v4::UserView::Other { show_email: settings.show_email, show_full_name: settings.show_full_name };
    let own = events::user_updated_own(&v4::User::new(row, v4::UserView::Own));
    let form = |view| Arc::new(Frame::from(&events::user_updated(&v4::User::new(row, view))));
    let (own, for_admins, plain) = (Arc::new(Frame::from(&own)), form(v4::UserView::Admin), form(other));
    let known_by = who_knows(registry, rows, id);
    registry.send(Scope::Server, |user, viewer| {
        if *user == id {
            Some(&own)
        } else if viewer.is_admin {
            Some(&for_admins)
        } else {
            (viewer.sees_everyone || known_by.contains(user)).then_some(&plain)
        }
    });
}

fn about_person(registry: &mut Registry, rows: &Rows, id: UserId, event: &EventFrame) {
    let frame = Arc::new(Frame::from(event));
    let known_by = who_knows(registry, rows, id);
    registry.send(Scope::Server, |user, viewer| (viewer.sees_everyone || known_by.contains(user)).then_some(&frame));
}

/// Listeners who do not see everyone, but share a channel with the person.
fn who_knows(registry: &Registry, rows: &Rows, id: UserId) -> BTreeSet<UserId> {
    let channels = rows.channels_of.get(&id).map(Vec::as_slice).unwrap_or_default();
    registry.restricted_listeners().filter(|user| registry.shares_channel(user, channels)).collect()
}

/// A team as its members see it: address and invitation are only for some of them, who can ask.
fn team_updated(registry: &mut Registry, rows: &Rows, id: TeamId) {
    let Some(row) = rows.teams.get(&id) else { return };
    let event = if row.delete_at.is_some() { events::delete_team } else { events::update_team };
    send(registry, Scope::Team(id), &event(&v4::Team::from(row).without_email().without_invite_id()));
}
