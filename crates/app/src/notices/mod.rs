//! Direct messages from the system account, and notes to authors: what people are told apart from the channels.
//!
//! A direct message is written in the transaction of what it tells of, so that a crash loses neither without the other;
//! news that come in crowds wait in a row of their own until they are told together. Source: behaviour 3.1.

mod administrators;
pub mod authors;
#[cfg(test)]
mod tests;

pub(crate) use administrators::{
    accepted, beyond_limit, code_used, flooded, held, moved, orphans_found, own_messages_elsewhere,
    own_messages_recovered, peer_restored, severed, share_ended, wants_approval, wants_destination,
};
pub use administrators::{credential_accepted, credential_refused, tell_due};

use std::collections::BTreeSet;

use rialto_model::{Channel, ChannelId, ChannelKind, DomainEvent, Millis, Origin, Post, PostId, Scope, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, posts, users};

use crate::App;
use crate::channel_members::member_row;
use crate::channels::blank;
use crate::direct_channels;

/// Writes a direct message from the system account to somebody of this server. It counts as unread and calls its
/// reader, like one from a person. Does nothing for people who are gone.
pub(crate) async fn write_to(app: &App, tx: &mut Tx, reader: &UserId, message: &str) -> Result<(), StoreError> {
    let words = Words { message: message.to_owned(), kind: String::new(), props: "{}".to_owned() };
    write_words(app, tx, reader, words).await
}

/// What the system account says.
pub(crate) struct Words {
    /// Markdown.
    pub(crate) message: String,
    /// As in a post.
    pub(crate) kind: String,
    /// A JSON object, as text.
    pub(crate) props: String,
}

/// The same with a type and facts for clients.
pub(crate) async fn write_words(app: &App, tx: &mut Tx, reader: &UserId, words: Words) -> Result<(), StoreError> {
    // Locked, so that two messages at once to somebody who never had one open one conversation.
    let found = users::get_for_update(tx, reader).await?;
    if found.is_none_or(|person| person.delete_at.is_some() || !person.is_local()) {
        return Ok(());
    }
    let channel = conversation(app, tx, reader).await?;
    let now = tx.now();
    let post = Post {
        id: app.ids.id(PostId::from_random),
        channel_id: channel,
        user_id: app.system_user,
        root_id: None,
        create_at: now,
        update_at: now,
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: words.kind,
        message: words.message,
        props: words.props,
        hashtags: String::new(),
        file_ids: Vec::new(),
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    posts::insert(tx, &post, "")?;
    crate::posts::record_new(tx, &post, vec![*reader], Origin::Local).await?;
    channels::count_post(tx, &channel, true, now)
}

/// The direct channel of the system account and somebody, made if there is none.
async fn conversation(app: &App, tx: &mut Tx, reader: &UserId) -> Result<ChannelId, StoreError> {
    let people = BTreeSet::from([app.system_user, *reader]);
    let name = direct_channels::name(ChannelKind::Direct, &people);
    if let Some(channel) = channels::get_by_name(tx, None, &name).await? {
        return Ok(channel.id);
    }
    let channel = Channel {
        id: app.ids.id(ChannelId::from_random),
        kind: ChannelKind::Direct,
        name,
        creator_id: Some(app.system_user),
        ..blank(tx.now())
    };
    channels::insert(tx, &channel).await?;
    let scope = Scope::Channel(channel.id);
    let created = DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id };
    tx.record(scope, Origin::Local, created);
    for user in people {
        channel_members::insert(tx, &member_row(channel.id, user, tx.now())).await?;
        let added = DomainEvent::ChannelMemberAdded { channel: channel.id, user, by: channel.creator_id };
        tx.record(scope, Origin::Local, added);
    }
    Ok(channel.id)
}
