//! Channels that a peer gets later than the rest of the log: while it cannot take the invitation, or says that it does not
//! share the channel any more and was not asked twice (ruling 33).
//!
//! Nothing of such a channel is kept aside. The share holds a position, the peer's cursor goes on without the channel, and
//! when the doubt ends the log is read again from there: by then the rows say what is true. Repeating is harmless.

use std::collections::HashMap;

use rialto_model::{ChannelId, RemoteId, Seq, ShareId};
pub use rialto_store::shares::Held;
use rialto_store::{StoreError, log, shares};

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
/// the channel. Done when `upto` is `cursor`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn changes_of(app: &App, held: &Held, cursor: Seq) -> Result<Changes, StoreError> {
    let remote = held.share.remote_id;
    let mut view = app.db.read(app.clock.now()).await?;
    let events = log::list(&mut view, held.resume, cursor, PAGE).await?;
    let full = i64::try_from(events.len()).is_ok_and(|number| number >= PAGE);
    let upto = events.last().filter(|_| full).map_or(cursor, |last| last.seq);
    let only = HashMap::from([(held.share.channel_id, held.share.clone())]);
    let mut changes = Changes { list: Vec::new(), upto };
    for event in events {
        let found = relevant(&mut view, &remote, &only, event).await?;
        // Beginnings and ends of shares were seen when the cursor came by.
        let ours = |what: &What| !matches!(what, What::ShareStarted(_) | What::ShareChanged(_) | What::ShareEnded(_));
        changes.list.extend(found.filter(|change| ours(&change.what)));
    }
    Ok(changes)
}

/// Moves a held channel on to `to`; None: it has caught up and goes with the cursor again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn resume(app: &App, share: &ShareId, to: Option<Seq>) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    shares::resume(&mut tx, share, to).await?;
    tx.commit().await
}
