//! Direct and group messages among people of this server: channels of no team, named by who takes part.
//!
//! There is one such channel for each set of people, however often it is asked for. Source: client-api 2.2 and 5.4.

use std::collections::BTreeSet;

use rialto_model::{Channel, ChannelId, ChannelKind, DomainEvent, Origin, Permission, Scope, User, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, users};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::channel_members::member_row;
use crate::channels::blank;

/// Why a conversation was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Somebody who is not there.
    #[error("no such person")]
    NoUser,
    /// Other people's conversations are theirs to open.
    #[error("the actor does not take part")]
    NotTakingPart,
    /// Too few or too many.
    #[error("a group has 3 to 8 people")]
    Count,
    /// Somebody of another server, whom nothing written here would reach.
    #[error("people of other servers cannot take part")]
    Remote,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// People in a group, the maker included.
const GROUP: std::ops::RangeInclusive<usize> = 3..=8;

/// The direct channel of two people, made if there is none. The same person twice: notes to oneself.
///
/// # Errors
/// [`Error`].
pub async fn open(app: &App, actor: &SessionUser, one: &UserId, other: &UserId) -> Result<Channel, Error> {
    actor.require(Permission::CreateDirectChannel)?;
    if actor.user_id != *one && actor.user_id != *other {
        return Err(Error::NotTakingPart);
    }
    let (first, second) = (one.min(other), one.max(other));
    let people = BTreeSet::from([*one, *other]);
    find_or_make(app, actor, ChannelKind::Direct, format!("{first}__{second}"), people).await
}

/// The group channel of the actor and these people, made if there is none.
///
/// # Errors
/// [`Error`].
pub async fn open_group(app: &App, actor: &SessionUser, people: &[UserId]) -> Result<Channel, Error> {
    actor.require(Permission::CreateGroupChannel)?;
    let people: BTreeSet<UserId> = people.iter().copied().chain([actor.user_id]).collect();
    if !GROUP.contains(&people.len()) {
        return Err(Error::Count);
    }
    find_or_make(app, actor, ChannelKind::Group, group_name(&people), people).await
}

/// 40 hexadecimal digits that depend on who takes part and on nothing else.
fn group_name(people: &BTreeSet<UserId>) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    people.iter().for_each(|user| hash.update(user.as_str()));
    hash.finalize().iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

async fn find_or_make(
    app: &App,
    actor: &SessionUser,
    kind: ChannelKind,
    name: String,
    people: BTreeSet<UserId>,
) -> Result<Channel, Error> {
    // Two who open the same conversation at once find the one channel that came first.
    for _ in 0..2 {
        let mut tx = app.db.begin(app.clock.now()).await?;
        if let Some(channel) = channels::get_by_name(&mut tx, None, &name).await? {
            return Ok(channel);
        }
        let ids: Vec<UserId> = people.iter().copied().collect();
        let found = users::list_by_ids(&mut tx, &ids).await?;
        if found.len() != ids.len() || found.iter().any(|user| user.delete_at.is_some()) {
            return Err(Error::NoUser);
        }
        if found.iter().any(|user| !user.is_local()) {
            return Err(Error::Remote);
        }
        let channel = Channel {
            id: app.ids.id(ChannelId::from_random),
            kind,
            name: name.clone(),
            display_name: if kind == ChannelKind::Group { usernames(&found) } else { String::new() },
            creator_id: Some(actor.user_id),
            ..blank(tx.now())
        };
        match make(&mut tx, &channel, &people).await {
            Ok(()) => {}
            Err(StoreError::Unique(_)) => continue,
            Err(error) => return Err(error.into()),
        }
        match tx.commit().await {
            Ok(()) => return Ok(channel),
            Err(StoreError::Unique(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Busy("a conversation is being opened twice".to_owned()).into())
}

fn usernames(people: &[User]) -> String {
    let mut names: Vec<&str> = people.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}

async fn make(tx: &mut Tx, channel: &Channel, people: &BTreeSet<UserId>) -> Result<(), StoreError> {
    channels::insert(tx, channel).await?;
    let scope = Scope::Channel(channel.id);
    let created = DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id };
    tx.record(scope, Origin::Local, created);
    for user in people {
        channel_members::insert(tx, &member_row(channel.id, *user, tx.now())).await?;
        let added = DomainEvent::ChannelMemberAdded { channel: channel.id, user: *user, by: channel.creator_id };
        tx.record(scope, Origin::Local, added);
    }
    Ok(())
}
