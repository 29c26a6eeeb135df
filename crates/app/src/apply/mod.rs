//! What a peer sends, item by item: who owns it, whether it belongs here, whether it is news. Source: INV-1 to INV-12.
//!
//! Items were read and bounded by the wire; here they meet our rows. One refused item never holds back another, a
//! repeated one changes nothing, and one that comes before what it refers to waits for it (ruling 31).

#[cfg(test)]
mod content_tests;
mod discovered;
mod identity;
mod incoming;
mod outcome;
#[cfg(test)]
mod ownership_tests;
mod people;
#[cfg(test)]
mod people_tests;
mod pins;
#[cfg(test)]
mod pins_tests;
mod posts;
mod reactions;
mod users;
#[cfg(test)]
mod version_tests;
mod waiting;
#[cfg(test)]
mod waiting_tests;

pub use discovered::discovered;
pub use identity::known_people;
use identity::person;
pub(crate) use identity::{introduce, owned};
pub use incoming::{
    IncomingAcknowledgement, IncomingItems, IncomingMember, IncomingPin, IncomingPosition, IncomingPost,
    IncomingReaction, IncomingStatus, IncomingUser,
};
pub(crate) use outcome::Applied;
pub use outcome::{Code, Outcome, note_refused_frame};
pub(crate) use users::RELAYED;
pub(crate) use waiting::release_for;
pub use waiting::release_stuck;

use std::collections::HashSet;

use rialto_model::{ChannelId, DomainEvent, PostId, RemoteId, Scope, UserId};
use rialto_store::{StoreError, Tx, member_versions, peer_positions, posts as post_rows, shares, users as user_rows};

use crate::access::{self, Denied, RemoteActor, ShareAccess};
use crate::connections::policies;
use crate::{App, arrivals, channel_members, delivery_states, member_requests, outbox};

/// Items of one transaction: long frames write in slices, or they would be everyone's p99.
const SLICE: usize = 50;

/// Why a whole frame was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The channel is not shared with the peer, whatever else it is (ruling 29).
    #[error("not shared")]
    NotShared,
    /// The channel is archived here; the peer tries again (ruling 28).
    #[error("paused")]
    Paused,
    /// No earlier messages are taken here (behaviour 8.1).
    #[error("no history is taken")]
    NoHistory,
    /// Storage failed, or the waiting room is full; the peer tries again (ruling 28).
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => Error::Store(error),
            Denied::Paused => Error::Paused,
            Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) => Error::NotShared,
        }
    }
}

/// One item of a frame.
#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    User(&'a IncomingUser),
    Post(&'a IncomingPost),
    Reaction(&'a IncomingReaction),
    Acknowledgement(&'a IncomingAcknowledgement),
    Status(&'a IncomingStatus),
    Member(&'a IncomingMember),
    Pin(&'a IncomingPin),
}

/// Applies what a peer sent for a channel: people, then posts, reactions, memberships. What was applied before a failure
/// stays, and is known when it is repeated.
///
/// # Errors
/// [`Error`]; the peer is told to repeat, but for [`Error::NotShared`].
pub async fn items(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    items: IncomingItems,
) -> Result<Outcome, Error> {
    let all: Vec<Item<'_>> = (items.users.iter().map(Item::User))
        .chain(items.posts.iter().map(Item::Post))
        .chain(items.reactions.iter().map(Item::Reaction))
        .chain(items.acknowledgements.iter().map(Item::Acknowledgement))
        .chain(items.pins.iter().map(Item::Pin))
        .chain(items.members.iter().map(Item::Member))
        .chain(items.statuses.iter().map(Item::Status))
        .collect();
    let mut outcome = Outcome::default();
    if all.is_empty() {
        // Even an empty frame answers whether the channel is shared (ruling 40).
        slice(app, actor, channel, &[], &items, &mut outcome).await?;
    }
    for part in all.chunks(SLICE) {
        match Box::pin(slice(app, actor, channel, part, &items, &mut outcome)).await {
            Err(Error::Store(error)) if error.is_about_values() => {
                // One of them cannot be stored, whatever is tried; the others must not suffer for it.
                for item in part {
                    let alone = std::slice::from_ref(item);
                    match Box::pin(slice(app, actor, channel, alone, &items, &mut outcome)).await {
                        Err(Error::Store(error)) if error.is_about_values() => outcome.refuse(*item, Code::Invalid),
                        other => other?,
                    }
                }
            }
            other => other?,
        }
    }
    for word in &items.member_words {
        let mut tx = app.db.begin(app.clock.now()).await?;
        let share = access::share(&mut tx, actor, channel).await?;
        let news = member_requests::take(app, &mut tx, &share, word).await?;
        tx.commit().await?;
        news.into_iter().for_each(|news| app.bus.tell(news));
    }
    if !items.receipts.is_empty() {
        let mut tx = app.db.begin(app.clock.now()).await?;
        let share = access::share(&mut tx, actor, channel).await?;
        let news = delivery_states::take(&mut tx, &share, &items.receipts).await?;
        tx.commit().await?;
        news.into_iter().for_each(|news| app.bus.tell(news));
    }
    outcome::note_refusals(app, actor, Some(*channel), &outcome, &items.refused).await?;
    Ok(outcome)
}

/// Applies items in one transaction; `outcome` learns of them only if it commits.
async fn slice(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    part: &[Item<'_>],
    frame: &IncomingItems,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let share = access::share(&mut tx, actor, channel).await?;
    // Only the home of a channel has a past to tell of; a guest's word would keep news from our people.
    let history = frame.history && !share.share().home;
    let rules = policies::within(&mut tx, &actor.id()).await?;
    if history && !(app.settings.get().workspaces.accept_history && rules.history) {
        return Err(Error::NoHistory);
    }
    let now = tx.now();
    shares::touch_sync(&mut tx, channel, &actor.id(), now)?;
    if let Some(position) = &frame.position {
        let known = peer_positions::get(&mut tx, &actor.id()).await?;
        let same = position.epoch == known.peer_epoch;
        let other_log = !same && !position.epoch.is_empty() && !known.peer_epoch.is_empty();
        // Its pings say what that means: it was restored, or we were (ruling 66). Until then it keeps what it has.
        if other_log || (same && !position.epoch.is_empty() && position.after > known.taken) {
            return Err(Error::Paused);
        }
        // It speaks of what was confirmed before, so it holds whatever becomes of this frame.
        peer_positions::take(&mut tx, &actor.id(), &position.epoch, position.seq, position.low).await?;
    }
    let mut done = Vec::with_capacity(part.len());
    let mut refused: HashSet<UserId> = outcome.refused_users.iter().map(|(id, _)| *id).collect();
    refused.extend(&frame.unreadable);
    let conversation = share.channel().kind.is_direct_or_group();
    let disabled = conversation && !app.settings.get().direct_messages_enabled();
    let forbidden = rules.may_converse(share.channel().kind).is_err();
    for item in part {
        let applied = if !rules.presence && matches!(item, Item::Status(_)) {
            // Accepted and dropped, as where presence is exchanged with nobody (E-108).
            Applied::Known
        } else if disabled {
            Applied::Refused(Code::Disabled)
        } else if forbidden {
            Applied::Refused(Code::Policy)
        } else if nobody_to_wait_for(&mut tx, &share, *item, &refused).await? {
            Applied::Refused(Code::NoUser)
        } else {
            one(app, &mut tx, &share, *item).await?
        };
        if let (Item::User(user), Applied::Refused(_)) = (item, applied) {
            refused.insert(user.wire_id);
        }
        done.push(applied);
    }
    let grew = |(item, applied): (&Item<'_>, &Applied)| {
        *applied == Applied::Changed && matches!(item, Item::Post(_) | Item::Reaction(_))
    };
    if history && part.iter().zip(&done).any(grew) {
        let event = DomainEvent::HistoryReceived { channel: *channel };
        tx.record(Scope::Channel(*channel), share.origin(), event);
    }
    if part.iter().any(|item| matches!(item, Item::User(_) | Item::Member(_))) {
        arrivals::sum_up(&mut tx, &share.share().id).await?;
    }
    tx.commit().await?;
    for (item, applied) in part.iter().zip(done) {
        match (item, applied) {
            (_, Applied::Refused(code)) => outcome.refuse(*item, code),
            (Item::User(user), _) => outcome.users.push(user.wire_id),
            (Item::Post(post), Applied::Parked) => {
                let code = if post.root_id.is_some() { Code::NoRoot } else { Code::NoUser };
                outcome.parked_posts.push((post.id, code));
            }
            (Item::Post(_), _) => outcome.posts_at = now,
            (_, _) => {}
        }
    }
    Ok(())
}

/// Whether an item's author came in the same frame and was refused: then it would wait for nobody, and is refused too
/// (ruling 30). Who is known here from before may go on, and who is somebody else's is refused as such.
async fn nobody_to_wait_for(
    tx: &mut Tx,
    share: &ShareAccess,
    item: Item<'_>,
    refused: &HashSet<UserId>,
) -> Result<bool, StoreError> {
    let author = match item {
        Item::Post(post) if post.delete_at.is_none() => post.user_id,
        Item::Reaction(reaction) => reaction.user_id,
        Item::Acknowledgement(ack) => ack.user_id,
        Item::Pin(pin) => pin.user_id,
        Item::User(_) | Item::Post(_) | Item::Member(_) | Item::Status(_) => return Ok(false),
    };
    Ok(refused.contains(&author)
        && person(tx, share, &author).await?.is_none()
        && user_rows::get(tx, &author).await?.is_none())
}

async fn one(app: &App, tx: &mut Tx, share: &ShareAccess, item: Item<'_>) -> Result<Applied, StoreError> {
    match item {
        Item::User(user) => users::apply(app, tx, share, user).await,
        Item::Post(post) => posts::apply(app, tx, share, post).await,
        Item::Reaction(reaction) => reactions::apply(tx, share, reaction).await,
        Item::Acknowledgement(ack) => people::apply_acknowledgement(tx, share, ack).await,
        Item::Status(status) => people::apply_status(tx, share, status).await,
        Item::Pin(pin) => pins::apply(tx, share, pin).await,
        Item::Member(member) => match person(tx, share, &member.user_id).await? {
            None => Ok(Applied::Refused(Code::NoUser)),
            Some(person) => {
                // A frame that comes late or twice must not undo what came after it (E-126, INV-12).
                let channel = &share.channel().id;
                if member.at.0 > 0 && !member_versions::advance(tx, channel, &person.id, member.at).await? {
                    return Ok(Applied::Known);
                }
                let changed = channel_members::apply(app, tx, share, person.id, member.joins).await?;
                Ok(if changed { Applied::Changed } else { Applied::Known })
            }
        },
    }
}

/// For posts that messages of a frame for `channel` link to: the name of our team, if they stand in a channel shared with
/// the peer, or are `arriving` with the frame themselves.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn linked_teams(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    arriving: &[PostId],
    links: &[PostId],
) -> Result<std::collections::HashMap<PostId, String>, StoreError> {
    let mut found = outbox::linked_teams(app, remote, links).await?;
    let mut new: Vec<PostId> = links.iter().filter(|id| arriving.contains(id)).copied().collect();
    if new.is_empty() {
        return Ok(found);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let here = post_rows::list_by_ids(&mut view, &new).await?;
    new.retain(|id| here.iter().all(|post| post.id != *id));
    if let Some(team) = outbox::team_of_shared(&mut view, remote, channel).await? {
        found.extend(new.into_iter().map(|id| (id, team.clone())));
    }
    Ok(found)
}
