//! What a peer refuses: tried again by itself with growing pauses, then set aside until an administrator says what becomes
//! of it, or the peer becomes another. Source: rulings 30 and 32, E-031.

use std::collections::HashSet;

use rialto_model::{ChannelId, Millis, Permission, RemoteId};
use rialto_store::post_deliveries::{self, Word};
pub use rialto_store::sync_failures::{Failure, Item, Which};
use rialto_store::{StoreError, Tx, reactions, shares, sync_failures};

use super::Wanted;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::notices::authors;
use crate::{App, Volatile, backfill, connections, delivery_states};

/// Waits between attempts of an item that is refused (ruling 32), ms; after the last it is set aside.
const RETRY: [i64; 5] = [1_000, 5_000, 30_000, 120_000, 600_000];
/// How long an item is left alone when the peer could not even refuse it, ms.
const POSTPONE: i64 = 30_000;

/// Notes that a peer has refused an item. One that was set aside stays so. Returns what its author is to be told (M-18).
pub(super) async fn note(
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    item: &Item,
    (cause, code): (&str, &str),
) -> Result<Vec<Volatile>, StoreError> {
    let before = sync_failures::get(tx, remote, channel, item).await?;
    if before.as_ref().is_some_and(|failure| failure.set_aside) {
        return Ok(Vec::new());
    }
    let attempts = before.map_or(0, |failure| failure.attempts);
    // What the peer says will not be different the next time is not tried again (E-031).
    let wait = usize::try_from(attempts).ok().and_then(|n| RETRY.get(n)).filter(|_| !delivery_states::is_final(code));
    let failure = Failure {
        remote_id: *remote,
        item: item.clone(),
        channel_id: *channel,
        attempts: attempts + 1,
        next_at: Millis(tx.now().0 + wait.copied().unwrap_or_default()),
        set_aside: wait.is_none(),
        cause: cause.chars().take(200).collect(),
        code: code.to_owned(),
    };
    put(tx, &failure).await
}

/// Writes a refusal. That of a message stays known when it is discarded: it was never stored there.
async fn put(tx: &mut Tx, failure: &Failure) -> Result<Vec<Volatile>, StoreError> {
    sync_failures::put(tx, failure).await?;
    let mut news: Vec<Volatile> = authors::refused(tx, failure).await?.into_iter().collect();
    if let Item::Post(post) = failure.item {
        if failure.set_aside {
            let (state, organisation) = (delivery_states::State::Refused.as_str().to_owned(), String::new());
            let (code, cause) = (failure.code.clone(), failure.cause.clone());
            let word = Word { post_id: post, remote_id: failure.remote_id, organisation, state, code, cause };
            post_deliveries::put(tx, &word).await?;
        }
        news.extend(delivery_states::changed(tx, &failure.remote_id, &[post]).await?);
    }
    Ok(news)
}

/// Sets an item aside at once: the peer can never take it, whatever it answers (ruling 34, 63).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_aside(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    item: Item,
    cause: &str,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let failure = Failure {
        remote_id: *remote,
        item,
        channel_id: *channel,
        attempts: 1,
        next_at: tx.now(),
        set_aside: true,
        cause: cause.to_owned(),
        code: "too_large".to_owned(),
    };
    let news = put(&mut tx, &failure).await?;
    tx.commit().await?;
    news.into_iter().for_each(|news| app.bus.tell(news));
    Ok(())
}

/// Refused items in order of their next attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused(app: &App, remote: &RemoteId) -> Result<Vec<Failure>, StoreError> {
    sync_failures::list(&mut app.db.read(app.clock.now()).await?, remote, false).await
}

/// The refused item whose next attempt comes first, but for those of channels that rest.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next_refused(
    app: &App,
    remote: &RemoteId,
    resting: &HashSet<ChannelId>,
) -> Result<Option<Failure>, StoreError> {
    sync_failures::next(&mut app.db.read(app.clock.now()).await?, remote, resting).await
}

/// What is to be loaded to send a refused item again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn wanted_again(app: &App, failure: &Failure) -> Result<Wanted, StoreError> {
    let mut wanted = Wanted::default();
    let mut view = app.db.read(app.clock.now()).await?;
    if let Item::Post(post) | Item::Reaction { post, .. } = &failure.item
        && let Some(share) = shares::get_live(&mut view, &failure.channel_id, &failure.remote_id).await?
    {
        wanted.backfill = backfill::has_passed(&mut view, &share, post).await?;
    }
    match &failure.item {
        Item::Post(post) => wanted.posts.push(*post),
        Item::Member(user) => wanted.members.push(*user),
        Item::Profile(user) => wanted.profiles.push(*user),
        Item::Reaction { post, user, emoji } => {
            wanted.reactions.extend(reactions::get(&mut view, post, user, emoji).await?.map(|row| row.reaction));
        }
    }
    Ok(wanted)
}

/// After an item was sent again: if it was neither taken nor refused it means nothing to the peer any more, and is
/// forgotten.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn settle_retry(app: &App, failure: &Failure) -> Result<(), StoreError> {
    let Failure { remote_id, channel_id, item, .. } = failure;
    let mut tx = app.db.begin(app.clock.now()).await?;
    if sync_failures::get(&mut tx, remote_id, channel_id, item).await?.as_ref() == Some(failure) {
        sync_failures::delete(&mut tx, remote_id, channel_id, std::slice::from_ref(item)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Leaves a refused item alone for a while without counting an attempt: the peer could not look at it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn postpone(app: &App, failure: &Failure) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let next_at = Millis(tx.now().0 + POSTPONE);
    sync_failures::put(&mut tx, &Failure { next_at, ..failure.clone() }).await?;
    tx.commit().await
}

/// How many items were set aside, and how many wait for another attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused_counts(app: &App, remote: &RemoteId) -> Result<(usize, usize), StoreError> {
    let (aside, waiting) = sync_failures::counts(&mut app.db.read(app.clock.now()).await?, remote).await?;
    Ok((usize::try_from(aside).unwrap_or_default(), usize::try_from(waiting).unwrap_or_default()))
}

/// What was set aside for a peer, for administrators; at most a thousand items.
///
/// # Errors
/// [`connections::Error`].
pub async fn list_set_aside(
    app: &App,
    actor: &SessionUser,
    remote: &RemoteId,
) -> Result<Vec<Failure>, connections::Error> {
    actor.require(Permission::ManageSecureConnections)?;
    connections::get(app, actor, remote).await?;
    let all = sync_failures::list(&mut app.db.read(app.clock.now()).await?, remote, true).await?;
    Ok(all.into_iter().filter(|failure| failure.set_aside).collect())
}

/// What an administrator wants done with what was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send it again, with all attempts before it.
    Retry,
    /// Forget it: the peer never gets it.
    Discard,
}

/// Decides about items that were set aside. Says how many there were; naming one that is not there is an error.
///
/// # Errors
/// [`connections::Error`].
pub async fn decide(
    app: &App,
    actor: &SessionUser,
    remote: &RemoteId,
    which: &Which,
    decision: Decision,
) -> Result<u64, connections::Error> {
    actor.require(Permission::ManageSecureConnections)?;
    connections::get(app, actor, remote).await?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let aside = sync_failures::list(&mut tx, remote, true).await?;
    let (number, action) = match decision {
        Decision::Retry => (sync_failures::retry(&mut tx, remote, which).await?, "retry_set_aside"),
        Decision::Discard => (sync_failures::discard(&mut tx, remote, which).await?, "discard_set_aside"),
    };
    if number == 0 {
        return if *which == Which::All { Ok(0) } else { Err(Denied::Absent("item").into()) };
    }
    let detail = match which {
        Which::All => format!("all, {number}"),
        Which::One { kind, key } => format!("{kind} {key}"),
    };
    let about = About { action, remote: Some(*remote), result: "ok", detail: &detail, ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    // The sender wakes by it.
    connections::changed(&mut tx, remote);
    let concerned = |failure: &Failure| match (&failure.item, which) {
        (Item::Post(post), Which::All) => failure.set_aside.then_some(*post),
        (Item::Post(post), Which::One { key, .. }) => (*key == failure.item.key(&failure.channel_id)).then_some(*post),
        _ => None,
    };
    let posts: Vec<_> = aside.iter().filter_map(concerned).collect();
    let news = delivery_states::changed(&mut tx, remote, &posts).await?;
    tx.commit().await?;
    news.into_iter().for_each(|news| app.bus.tell(news));
    Ok(number)
}
