//! Earlier messages for an organisation that a channel is shared with: asked for by an administrator of the home, sent
//! behind everything else, thread by thread, newest first. Source: behaviour 8.1, ruling 8.4, E-136.
//!
//! Nothing is copied aside. A row remembers how far a share's peer has been sent the past of the channel, and the sender
//! reads the posts themselves from there on, so that it goes on after a crash where it was; what is sent twice changes
//! nothing there. What was sent counts as given from then on: edits and deletions of it travel.

mod sending;
#[cfg(test)]
mod tests;

pub(crate) use sending::has_passed;
pub use sending::{Portion, advance, due, next, paused, refused};

use rialto_model::{
    Backfill, BackfillState, ChannelId, Extent, History, Millis, Permission, RemoteCluster, RemoteId, Share,
};
use rialto_store::{StoreError, Tx, backfills, remotes, shares as share_rows};

use crate::access::{self, Denied, SessionUser};
use crate::audit;
use crate::settings::Settings;
use crate::{App, connections, shares};

const DAY: i64 = 24 * 3_600_000;

/// Why the past of a channel is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `HistoryBackfillMax` is 0.
    #[error("this server sends no earlier messages")]
    Off,
    /// More than `HistoryBackfillMax`.
    #[error("this server sends {0} at most")]
    TooMuch(History),
    /// The other server is none that can tell history from news: it would notify its people of it.
    #[error("the other server takes no earlier messages")]
    NotThere,
}

/// What may be sent of what is asked for.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn extent(settings: &Settings, remote: &RemoteCluster, asked: History) -> Result<Extent, Refusal> {
    let most = settings.workspaces.history_max.ok_or(Refusal::Off)?;
    let extent = Extent::within(asked, most).ok_or(Refusal::TooMuch(most))?;
    // Of one that was never heard of it is seen later.
    if remote.last_ping_at.is_some() && !takes_history(remote) { Err(Refusal::NotThere) } else { Ok(extent) }
}

/// Whether a peer tells history from news (ruling 8.4).
pub fn takes_history(remote: &RemoteCluster) -> bool {
    remote.has(crate::outbox::ITEMS)
}

/// Begins to send the past over a share, or goes on where it was stopped.
pub(crate) async fn begin(
    tx: &mut Tx,
    actor: &SessionUser,
    share: &Share,
    extent: Extent,
) -> Result<Backfill, StoreError> {
    let now = tx.now();
    let before = backfills::lock(tx, &share.id).await?;
    let place = before.as_ref().map(|before| before.place.clone()).unwrap_or_default();
    let done = before.as_ref().map_or(0, |before| before.done);
    let backfill = Backfill {
        share_id: share.id,
        channel_id: share.channel_id,
        remote_id: share.remote_id,
        user_id: actor.user_id,
        state: BackfillState::Running,
        reason: String::new(),
        most: extent.messages,
        oldest_at: Millis(extent.days.map_or(0, |days| now.0 - i64::from(days) * DAY)),
        create_at: before.map_or(now, |before| before.create_at),
        update_at: now,
        run_at: now,
        run_done: done,
        // The sender counts.
        total: None,
        done,
        floor: (Millis(0), String::new()),
        place,
    };
    backfills::put(tx, &backfill).await?;
    // The sender wakes by it.
    connections::changed(tx, &share.remote_id);
    Ok(backfill)
}

/// What somebody wants done with a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Send nothing more for now.
    Pause,
    /// Go on.
    Resume,
    /// Send nothing more but the rest of the thread that was begun.
    Cancel,
}

/// Pauses, resumes or cancels sending the past of a channel to an organisation. Ordering what is the case already
/// changes nothing.
///
/// # Errors
/// [`shares::Error`]; [`shares::Error::NoHistory`] if none was asked for, or it is over.
pub async fn order(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    remote: &RemoteId,
    order: Order,
) -> Result<Backfill, shares::Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = shares::managed(&mut tx, actor, channel).await?;
    let remote = remotes::get(&mut tx, remote).await?.ok_or(Denied::Absent("connection"))?;
    let share = share_rows::get_live(&mut tx, &channel.id, &remote.id).await?.ok_or(shares::Error::NoHistory)?;
    let mut backfill = backfills::lock(&mut tx, &share.id).await?.ok_or(shares::Error::NoHistory)?;
    let state = match (order, backfill.state) {
        (Order::Pause, BackfillState::Running) => BackfillState::Paused,
        (Order::Resume, BackfillState::Paused) => {
            if app.settings.get().workspaces.history_max.is_none() {
                return Err(Refusal::Off.into());
            }
            BackfillState::Running
        }
        (Order::Cancel, BackfillState::Running | BackfillState::Paused) if backfill.place.reply.is_some() => {
            BackfillState::Cancelling
        }
        (Order::Cancel, BackfillState::Running | BackfillState::Paused) => BackfillState::Cancelled,
        (Order::Pause, BackfillState::Paused)
        | (Order::Resume, BackfillState::Running)
        | (Order::Cancel, BackfillState::Cancelling | BackfillState::Cancelled) => return Ok(backfill),
        (Order::Pause | Order::Resume | Order::Cancel, _) => return Err(shares::Error::NoHistory),
    };
    let now = tx.now();
    backfill.state = state;
    backfill.reason.clear();
    backfill.update_at = now;
    (backfill.run_at, backfill.run_done) = (now, backfill.done);
    backfills::put(&mut tx, &backfill).await?;
    let action = match order {
        Order::Pause => "pause_history",
        Order::Resume => "resume_history",
        Order::Cancel => "cancel_history",
    };
    audit::on_share(&mut tx, actor, action, &channel, &remote)?;
    connections::changed(&mut tx, &remote.id);
    tx.commit().await?;
    Ok(backfill)
}

/// What is known of the past of a channel and its shares.
#[derive(Debug, Clone)]
pub struct Past {
    /// Since when a copy is shared with us; what is older came as history, or over an earlier share. None at home.
    pub shared_at: Option<Millis>,
    /// What is being sent to others and to whom, for those who may share the channel.
    pub backfills: Vec<(Backfill, RemoteCluster)>,
}

/// What the readers of a channel may know of its past: where sharing began, and for those who manage sharing how the
/// earlier messages fare that are sent to others.
///
/// # Errors
/// [`Denied`].
pub async fn of_channel(app: &App, actor: &SessionUser, channel: &ChannelId) -> Result<Past, Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    let live = share_rows::list_of_channel(&mut view, channel).await?;
    let shared_at = live.iter().find(|share| !share.home).map(|share| share.create_at);
    let mut found = Vec::new();
    if actor.may(Permission::ManageSharedChannels) {
        for backfill in backfills::list_of_channel(&mut view, channel).await? {
            if let Some(remote) = remotes::get(&mut view, &backfill.remote_id).await? {
                found.push((backfill, remote));
            }
        }
    }
    Ok(Past { shared_at, backfills: found })
}
