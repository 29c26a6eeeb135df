//! How much one peer may bring in a day, so that none of them can fill this server (E-135, SC-103, ruling 28).
//!
//! What is beyond is not refused but asked to wait: the peer repeats it, and nothing is lost when the day is over or an
//! administrator allows more.

use rialto_model::{Millis, RemoteId, UserId};
use rialto_store::peer_quotas::{self, Brought, Counted};
use rialto_store::{Snapshot, StoreError, Tx, remotes};

use crate::{App, notices};

const DAY: i64 = 24 * 3_600_000;

fn day(now: Millis) -> i64 {
    now.0.div_euclid(DAY)
}

/// Whether a peer may bring these people now: those nobody here knows count.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn admits_people(app: &App, id: &RemoteId, people: &[UserId]) -> Result<bool, StoreError> {
    if people.is_empty() {
        return Ok(true);
    }
    let most = app.settings.get().workspaces.peer_users_per_day;
    let mut view = app.db.read(app.clock.now()).await?;
    let fresh = peer_quotas::unknown_people(&mut view, people).await?;
    let brought = peer_quotas::get(&mut view, id, day(app.clock.now())).await?.users;
    Ok(fresh == 0 || brought + fresh <= most)
}

/// Counts somebody a peer brings; false if that is one too many.
pub(crate) async fn count_person(app: &App, tx: &mut Tx, id: &RemoteId) -> Result<bool, StoreError> {
    let (today, most) = (day(tx.now()), app.settings.get().workspaces.peer_users_per_day);
    peer_quotas::count(tx, id, today, Counted::Users, most).await
}

/// Counts a channel a peer brings; false if that is one too many.
pub(crate) async fn count_channel(app: &App, tx: &mut Tx, id: &RemoteId) -> Result<bool, StoreError> {
    let (today, most) = (day(tx.now()), app.settings.get().workspaces.peer_channels_per_day);
    peer_quotas::count(tx, id, today, Counted::Channels, most).await
}

/// Wishes of a peer's to have somebody of ours in a channel that are looked at in one day.
pub(crate) const REQUESTS_PER_DAY: i64 = 500;

/// Counts a wish to have somebody of ours in a channel; false if that is one too many.
pub(crate) async fn count_request(tx: &mut Tx, id: &RemoteId) -> Result<bool, StoreError> {
    let today = day(tx.now());
    peer_quotas::count(tx, id, today, Counted::Requests, REQUESTS_PER_DAY).await
}

/// Notes that a peer was asked to slow down; administrators are told once a day that it has brought too `much`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn slowed(app: &App, id: &RemoteId, much: Option<&str>) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let today = day(tx.now());
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(());
    };
    if peer_quotas::slow(&mut tx, id, today, much.is_some()).await?
        && let Some(much) = much
    {
        notices::flooded(app, &mut tx, &remote, much).await?;
    }
    tx.commit().await
}

/// What a peer brought today.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn today(view: &mut Snapshot, id: &RemoteId, now: Millis) -> Result<Brought, StoreError> {
    peer_quotas::get(view, id, day(now)).await
}
