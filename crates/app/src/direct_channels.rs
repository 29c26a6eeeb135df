//! Direct and group messages: channels of no team, named by who takes part.
//!
//! There is one such channel for each set of people, however often it is asked for. With people of other servers it is
//! shared with each of their organisations by itself; see [`crate::shares::direct`]. Source: client-api 2.2 and 5.4,
//! behaviour 4.7.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Origin, Permission, RemoteCluster, Scope, User, UserId,
};
use rialto_store::{StoreError, Tx, channel_members, channels, remotes, users};

use crate::access::{Denied, SessionUser};
use crate::channel_members::member_row;
use crate::channels::blank;
use crate::shares::direct::{self, Unreachable};
use crate::{App, users as people_rules};

/// Why a conversation was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Somebody who is not there, or whom the actor may not see (E-117).
    #[error("no such person")]
    NoUser,
    /// Other people's conversations are theirs to open.
    #[error("the actor does not take part")]
    NotTakingPart,
    /// Too few or too many.
    #[error("a group has 3 to 8 people")]
    Count,
    /// Somebody of another server whom nothing written here would reach.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// People in a group, the maker included.
pub(crate) const GROUP: RangeInclusive<usize> = 3..=8;

/// The direct channel of two people, made if there is none. The same person twice: notes to oneself.
///
/// # Errors
/// [`Error`].
pub async fn open(app: &App, actor: &SessionUser, one: &UserId, other: &UserId) -> Result<Channel, Error> {
    actor.require(Permission::CreateDirectChannel)?;
    if actor.user_id != *one && actor.user_id != *other {
        return Err(Error::NotTakingPart);
    }
    find_or_make(app, actor, ChannelKind::Direct, BTreeSet::from([*one, *other])).await
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
    find_or_make(app, actor, ChannelKind::Group, people).await
}

/// Whether the actor and this person can write to each other directly now: the person is visible and active, and of
/// another server only one that is directly connected and takes direct messages (client-api 6.1).
///
/// # Errors
/// As [`people_rules::get`], but that nobody there is no error.
pub async fn can_message(app: &App, actor: &SessionUser, other: &UserId) -> Result<bool, people_rules::Error> {
    let person = match people_rules::get(app, actor, other).await {
        Ok(person) => person,
        Err(people_rules::Error::Absent) => return Ok(false),
        Err(error) => return Err(error),
    };
    if person.delete_at.is_some() {
        return Ok(false);
    }
    let mut view = app.db.read(app.clock.now()).await.map_err(people_rules::Error::Store)?;
    let name = name(ChannelKind::Direct, &BTreeSet::from([actor.user_id, person.id]));
    let reached = direct::reach(app, &mut view, ChannelKind::Direct, &[person]).await?;
    if reached.is_err() {
        return Ok(false);
    }
    let Some(channel) = channels::get_by_name(&mut view, None, &name).await? else { return Ok(true) };
    match direct::standing(app, &mut view, &channel).await {
        Ok(_) => Ok(true),
        Err(Denied::Store(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// What the channel of these people is called, the same everywhere: clients find a direct channel by it, and Mattermost
/// a group by the SHA-1 of its people's ids (wire 5.3). Nothing secret hangs on that sum.
pub(crate) fn name(kind: ChannelKind, people: &BTreeSet<UserId>) -> String {
    use sha1::{Digest, Sha1};
    if kind == ChannelKind::Direct {
        let first = people.first().map(UserId::as_str).unwrap_or_default();
        let last = people.last().map(UserId::as_str).unwrap_or_default();
        return format!("{first}__{last}");
    }
    let mut hash = Sha1::new();
    people.iter().for_each(|user| hash.update(user.as_str()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn find_or_make(
    app: &App,
    actor: &SessionUser,
    kind: ChannelKind,
    people: BTreeSet<UserId>,
) -> Result<Channel, Error> {
    let name = name(kind, &people);
    // Two who open the same conversation at once find the one channel that came first.
    for _ in 0..2 {
        let mut tx = app.db.begin(app.clock.now()).await?;
        if let Some(channel) = channels::get_by_name(&mut tx, None, &name).await? {
            return go_on(app, tx, actor, channel).await;
        }
        let ids: Vec<UserId> = people.iter().copied().collect();
        let found = users::list_by_ids(&mut tx, &ids).await?;
        let gone = |user: &User| user.delete_at.is_some() && user.is_local();
        if found.len() != ids.len() || found.iter().any(gone) || !sees_all(&mut tx, actor, &ids).await? {
            return Err(Error::NoUser);
        }
        let organisations = direct::reach(app, &mut tx, kind, &found).await??;
        let mut id = app.ids.id(ChannelId::from_random);
        if !organisations.is_empty() {
            let agreed = direct::channel_id(&mut tx, kind, &found, &organisations).await?;
            if channels::get(&mut tx, &agreed).await?.is_none() {
                id = agreed;
            }
        }
        let channel = Channel {
            id,
            kind,
            name: name.clone(),
            display_name: if kind == ChannelKind::Group { usernames(&found) } else { String::new() },
            creator_id: Some(actor.user_id),
            shared: !organisations.is_empty(),
            ..blank(tx.now())
        };
        match make(app, &mut tx, &channel, &people, &organisations).await {
            Ok(()) => {}
            Err(Error::Store(StoreError::Unique(_))) => continue,
            Err(error) => return Err(error),
        }
        match tx.commit().await {
            Ok(()) => return Ok(channel),
            Err(StoreError::Unique(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Busy("a conversation is being opened twice".to_owned()).into())
}

/// An old conversation; where its organisations can be reached again, it is shared again. One that is closed can still
/// be read.
async fn go_on(app: &App, mut tx: Tx, actor: &SessionUser, channel: Channel) -> Result<Channel, Error> {
    match direct::resume(app, &mut tx, &channel, actor).await {
        Ok(true) => tx.commit().await?,
        Ok(false) | Err(Denied::Closed(_)) => {}
        Err(denied) => return Err(denied.into()),
    }
    Ok(channel)
}

async fn sees_all(tx: &mut Tx, actor: &SessionUser, people: &[UserId]) -> Result<bool, StoreError> {
    if actor.may(Permission::ViewMembers) {
        return Ok(true);
    }
    let known = users::known_to(tx, &actor.user_id).await?;
    Ok(people.iter().all(|person| *person == actor.user_id || known.contains(person)))
}

pub(crate) fn usernames(people: &[User]) -> String {
    let mut names: Vec<&str> = people.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}

async fn make(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    people: &BTreeSet<UserId>,
    organisations: &[RemoteCluster],
) -> Result<(), Error> {
    for remote in organisations {
        // A connection that ends at this moment ends the shares it finds; it must find this one or not come before it.
        let live = remotes::lock(tx, &remote.id).await?.filter(RemoteCluster::is_live);
        live.ok_or_else(|| Unreachable::Ended(remote.display_name.clone()))?;
    }
    channels::insert(tx, channel).await?;
    let scope = Scope::Channel(channel.id);
    let created = DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id };
    tx.record(scope, Origin::Local, created);
    for user in people {
        channel_members::insert(tx, &member_row(channel.id, *user, tx.now())).await?;
        let added = DomainEvent::ChannelMemberAdded { channel: channel.id, user: *user, by: channel.creator_id };
        tx.record(scope, Origin::Local, added);
    }
    if let Some(creator) = channel.creator_id {
        for remote in organisations {
            direct::begin(app, tx, channel, &remote.id, creator).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids and name of wire 5.3, and of recording 17.
    #[test]
    fn a_group_is_named_by_the_sum_of_its_sorted_ids() {
        for (people, name) in [
            (
                ["xrqafsabkid998g5g3tms9bwbw", "gp4b3ds9ufyhmgk1prq8h5ueiy", "jqzbb6r8mtbwxcgffuwscgcdbh"],
                "a509084ad9b5545e9828c14119d2fbfdc2cd3eba",
            ),
            (
                ["crhx3d8fbfdrigqej7qf46amda", "1u9sd4ie97yk386f67kgq1k68a", "pe5e9qesqifcuxz74g4iihoqmw"],
                "99394d7f2221103ed9dfdd7aeb1f79805efb1a0d",
            ),
        ] {
            let people = people.into_iter().map(|id| UserId::parse(id).unwrap()).collect();
            assert_eq!(super::name(ChannelKind::Group, &people), name);
        }
    }

    #[test]
    fn a_direct_channel_is_named_by_its_two_people() {
        let ids = ["pe5e9qesqifcuxz74g4iihoqmw", "crhx3d8fbfdrigqej7qf46amda"].map(|id| UserId::parse(id).unwrap());
        let name = super::name(ChannelKind::Direct, &BTreeSet::from(ids));
        assert_eq!(name, "crhx3d8fbfdrigqej7qf46amda__pe5e9qesqifcuxz74g4iihoqmw");
        let alone = super::name(ChannelKind::Direct, &BTreeSet::from([ids[1]]));
        assert_eq!(alone, "crhx3d8fbfdrigqej7qf46amda__crhx3d8fbfdrigqej7qf46amda");
    }
}
