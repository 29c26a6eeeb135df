//! Channels that a peer gets later than the rest of the log: while it cannot take the invitation, or says that it does not
//! share the channel any more and was not asked twice (ruling 33).
//!
//! Nothing of such a channel is kept aside. The share holds a position, the peer's cursor goes on without the channel, and
//! when the doubt ends the log is read again from there: by then the rows say what is true. Repeating is harmless.

use std::collections::HashMap;

use rialto_model::{ChannelId, RemoteId, Seq, Share, ShareId, UserId};
pub use rialto_store::shares::Held;
use rialto_store::{StoreError, channels, log, shares};

use super::{Changes, PAGE, What, relevant};
use crate::App;

/// Holds a channel back from a position on; one that is held already keeps its earlier one. To be stored before the
/// cursor passes anything of the channel. Returns the share, None if it has ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn hold(app: &App, remote: &RemoteId, channel: &ChannelId, from: Seq) -> Result<Option<ShareId>, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    shares::hold(&mut tx, channel, remote, from).await?;
    let share = shares::get_live(&mut tx, channel, remote).await?;
    tx.commit().await?;
    Ok(share.map(|share| share.id))
}

/// What is held back from a peer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn held(app: &App, remote: &RemoteId) -> Result<Vec<Held>, StoreError> {
    shares::held(&mut app.db.read(app.clock.now()).await?, remote).await
}

/// Reads the next part of what a held channel's peer has to hear of, up to `cursor`, which the sender has come to without
/// the channel: at most `most` changes, so that channels can take turns. Done when `upto` is `cursor`. Changes of the
/// share itself are among them, for the peer may not have taken those either.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn changes_of(app: &App, held: &Held, cursor: Seq, most: usize) -> Result<Changes, StoreError> {
    let remote = held.share.remote_id;
    let mut view = app.db.read(app.clock.now()).await?;
    let only = HashMap::from([(held.share.channel_id, held.share.clone())]);
    let mut changes = Changes { list: Vec::new(), upto: held.resume, more: true, people: Vec::new() };
    // Often all of it is of this channel: then a few rows are enough, and a long page would be read again and again.
    let page = i64::try_from(most).unwrap_or(PAGE).clamp(1, PAGE);
    let mut looked = 0;
    while changes.more && looked < PAGE {
        let events = log::list(&mut view, changes.upto, cursor, page).await?;
        looked += page;
        if i64::try_from(events.len()).is_ok_and(|number| number < page) {
            changes.more = false;
        }
        for event in events {
            changes.upto = event.seq;
            let found = relevant(&mut view, &remote, &only, event).await?;
            // Beginnings and ends of shares were seen when the cursor came by.
            let ours = |what: &What| match what {
                What::ShareStarted(_) | What::ShareEnded(_) => false,
                What::ShareChanged(share) => *share == held.share.id,
                _ => true,
            };
            changes.list.extend(found.filter(|change| ours(&change.what)));
            if changes.list.len() >= most {
                changes.more = true;
                return Ok(changes);
            }
        }
    }
    if !changes.more {
        changes.upto = cursor;
    }
    Ok(changes)
}

/// Moves a held channel on to `to`; None: it has caught up and goes with the cursor again. What was `sent` is counted with
/// it (M-09).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn resume(app: &App, share: &Share, to: Option<Seq>, sent: usize) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    shares::resume(&mut tx, &share.id, to).await?;
    super::count_sent(&mut tx, &share.remote_id, &[(share.channel_id, sent)])?;
    tx.commit().await
}

/// Begins to tell a peer who belongs to a channel. It is told in the background, while messages flow (E-104); of a
/// conversation everybody knew from the beginning.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_members(app: &App, share: &Share) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = channels::get(&mut tx, &share.channel_id).await?;
    if channel.is_some_and(|channel| !channel.kind.is_direct_or_group()) {
        shares::set_members_upto(&mut tx, &share.id, Some("")).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The shares whose members a peer is being told of, and behind whom it goes on.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn telling_members(app: &App, remote: &RemoteId) -> Result<Vec<(Share, Option<UserId>)>, StoreError> {
    let list = shares::telling_members(&mut app.db.read(app.clock.now()).await?, remote).await?;
    Ok(list.into_iter().map(|(share, upto)| (share, UserId::parse(&upto).ok())).collect())
}

/// Notes up to whom a peer was told who belongs; None: everybody.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn told_members(app: &App, share: &ShareId, upto: Option<&UserId>) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    shares::set_members_upto(&mut tx, share, upto.map(|user| user.as_str())).await?;
    tx.commit().await
}
