//! What followers of a thread are told. Source: client-api 9.5.

use std::collections::HashMap;
use std::sync::Arc;

use rialto_app::Settings;
use rialto_app::frames::{Rows, Wanted};
use rialto_app::threads::{Change, Updates};
use rialto_model::{DomainEvent, Recorded, Scope, TeamId, UserId};
use rialto_wire::v4::{UserView, threads};
use rialto_wire::ws::events;

use super::events::send;
use super::frame::Frame;
use super::registry::Registry;
use crate::v4::threads::wire_thread;

/// Which rows telling the event will need.
pub fn want(wanted: &mut Wanted, registry: &Registry, event: &DomainEvent) {
    match event {
        DomainEvent::ThreadChanged { root, channel, reply, mentions } => {
            let listeners = registry.members_of(&[*channel]).into_iter().collect();
            wanted.threads.push(Change { root: *root, reply: *reply, mentions: mentions.clone(), listeners });
            wanted.channels.insert(*channel);
        }
        DomainEvent::ThreadFollowed { root, channel, .. } => {
            wanted.posts.insert(*root);
            wanted.channels.insert(*channel);
        }
        DomainEvent::ThreadRead { channel, .. } => {
            wanted.channels.insert(*channel);
        }
        _ => {}
    }
}

/// Tells the event to those it concerns.
pub fn tell(registry: &mut Registry, rows: &Rows, settings: &Settings, recorded: &Recorded) {
    match &recorded.event {
        DomainEvent::ThreadChanged { root, channel, reply, .. } => {
            let (Some(updates), Some(row)) = (rows.threads.get(&(*root, *reply)), rows.channels.get(channel)) else {
                return;
            };
            let view = UserView::Other { show_email: settings.show_email, show_full_name: settings.show_full_name };
            let frames = frames(updates, row.team_id, view);
            registry.send(Scope::Channel(*channel), |user, _| frames.get(user));
        }
        DomainEvent::ThreadFollowed { root, channel, user, following } => {
            let (Some(shown), Some(row)) = (rows.posts.get(root), rows.channels.get(channel)) else { return };
            let event = events::thread_follow_changed(*user, row.team_id, *root, *following, shown.post.reply_count);
            send(registry, Scope::User(*user), &event);
        }
        DomainEvent::ThreadRead { root, channel, user, at, before, now } => {
            let Some(row) = rows.channels.get(channel) else { return };
            let read = events::ThreadRead { root: *root, channel: *channel, at: *at, before: *before, now: *now };
            send(registry, Scope::User(*user), &events::thread_read_changed(*user, row.team_id, read));
        }
        DomainEvent::TeamThreadsRead { team, user, at } => {
            send(registry, Scope::User(*user), &events::team_threads_read(*user, *team, *at));
        }
        DomainEvent::ChannelThreadsRead { channel, user, at } => {
            send(registry, Scope::User(*user), &events::channel_threads_read(*user, *channel, *at));
        }
        _ => {}
    }
}

fn frames(updates: &Updates, team: Option<TeamId>, view: UserView) -> HashMap<UserId, Arc<Frame>> {
    let frame = |update: &rialto_app::threads::Update| {
        let thread: threads::Thread = wire_thread(&update.member, &updates.post, &updates.participants, Some(view));
        let user = update.member.user_id;
        (user, Arc::new(Frame::from(&events::thread_updated(user, team, &thread, update.before))))
    };
    updates.people.iter().map(frame).collect()
}
