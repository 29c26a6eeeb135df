//! How connections fare, for administrators (behaviour 8.4): measured by pings, counted where somebody asks.

use rialto_model::{Cause, ChannelId, Millis, RemoteCluster, RemoteId};
use rialto_store::health;
pub use rialto_store::health::{Failure, Measured};
pub use rialto_store::peer_quotas::Brought;
use rialto_store::{StoreError, Tx, remotes};

use super::{Contact, Error, Standing, contact_within, get, positions, quotas, rotation_standing};
use crate::access::SessionUser;
use crate::outbox::{self, What};
use crate::{App, backlog, recovery};

const HOUR: i64 = 3_600_000;
/// The hours that availability speaks of.
const DAY_HOURS: i64 = 24;
/// Between two pings at most this much time counts; if there is more nobody looked, ms.
const UNWATCHED: i64 = 600_000;

/// What a ping that got through showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// From sending to the answer, by a clock that nobody sets, ms.
    pub round_trip: i64,
    /// How far the peer's clock is ahead, ms.
    pub clock_skew: i64,
    /// Age of the oldest item that waits there for us, ms, if the peer says so.
    pub peer_lag: Option<i64>,
}

/// Notes the outcome of a ping: what it showed, or that the peer was not reached.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_ping(app: &App, id: &RemoteId, ping: Option<Ping>) -> Result<(), StoreError> {
    let offline_after = app.settings.get().offline_after_ms();
    let mut tx = app.db.begin(app.clock.now()).await?;
    ping_within(&mut tx, offline_after, id, ping).await?;
    tx.commit().await
}

async fn ping_within(tx: &mut Tx, offline_after: i64, id: &RemoteId, ping: Option<Ping>) -> Result<(), StoreError> {
    let Some(remote) = remotes::lock(tx, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(());
    };
    let now = tx.now();
    let before = health::get(tx, id).await?;
    let watched = before.noted_at.map(|then| now.since(then)).filter(|passed| (1..=UNWATCHED).contains(passed));
    if let Some(passed) = watched {
        // What was found last held until now.
        let (up, down) = if before.reached { (passed, 0) } else { (0, passed) };
        let hour = now.0 / HOUR;
        health::count(tx, id, hour, up, down, hour - DAY_HOURS).await?;
    }
    let online = remote.is_online(Millis(now.0 - 1), offline_after);
    let measured = match ping {
        Some(ping) => Measured {
            online_since: before.online_since.filter(|_| online).or(Some(now)),
            reached: true,
            round_trip: Some(ping.round_trip),
            clock_skew: ping.clock_skew,
            peer_lag: ping.peer_lag,
            ..before
        },
        None => Measured { online_since: before.online_since.filter(|_| online), reached: false, ..before },
    };
    health::put(tx, id, &Measured { noted_at: Some(now), ..measured }).await
}

/// Notes why something did not get through, in one transaction: with very many peers out of reach each one more counts.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_failure(
    app: &App,
    id: &RemoteId,
    (cause, text): (Cause, &str),
    contact: Contact,
) -> Result<(), StoreError> {
    let offline_after = app.settings.get().offline_after_ms();
    let mut tx = app.db.begin(app.clock.now()).await?;
    contact_within(&mut tx, offline_after, id, contact).await?;
    failure_within(&mut tx, id, cause, text).await?;
    tx.commit().await
}

/// Notes that a ping did not get through, and why, in one transaction.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_unreached(app: &App, id: &RemoteId, cause: Cause, text: &str) -> Result<(), StoreError> {
    let offline_after = app.settings.get().offline_after_ms();
    let mut tx = app.db.begin(app.clock.now()).await?;
    // The row of the connection first, as everywhere.
    ping_within(&mut tx, offline_after, id, None).await?;
    let contact = Contact { error: Some(text.to_owned()), ..Contact::default() };
    contact_within(&mut tx, offline_after, id, contact).await?;
    failure_within(&mut tx, id, cause, text).await?;
    tx.commit().await
}

async fn failure_within(tx: &mut Tx, id: &RemoteId, cause: Cause, text: &str) -> Result<(), StoreError> {
    let failure = Failure { cause, text: text.chars().take(300).collect(), at: tx.now() };
    health::put_failure(tx, id, &failure).await
}

/// Where a connection stands (behaviour 0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has accepted it yet.
    Pending,
    /// Our pings get through.
    Connected,
    /// They do not.
    Offline,
    /// Ended by us.
    Removed,
    /// Ended by the peer.
    Severed,
}

impl State {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Connected => "connected",
            State::Offline => "offline",
            State::Removed => "removed",
            State::Severed => "severed",
        }
    }
}

/// All that is known of how a connection fares.
#[derive(Debug, Clone)]
pub struct Health {
    /// The connection.
    pub remote: RemoteCluster,
    /// Where it stands.
    pub state: State,
    /// Since when; an offline peer was reached last then.
    pub since: Millis,
    /// What pings showed. Round trip and clock are those of the last one that got through.
    pub measured: Measured,
    /// Items that wait for the peer.
    pub waiting: u64,
    /// Their texts and files, bytes.
    pub waiting_bytes: i64,
    /// Age of the oldest of them, ms; 0: nothing waits.
    pub lag: i64,
    /// The same by channel.
    pub channels: Vec<(ChannelId, u64)>,
    /// Items the peer refused and that were set aside.
    pub set_aside: i64,
    /// Milliseconds of the last 24 hours in which the peer was found in reach, and out of it.
    pub availability: (i64, i64),
    /// Where the renewal of its token stands.
    pub token: Standing,
    /// What it brought today, and when it was last asked to slow down.
    pub today: Brought,
    /// Since when and why it is held until an administrator decides.
    pub held: Option<(Millis, String)>,
    /// What is fetched back over it after a restore here.
    pub recoveries: Vec<recovery::Recovery>,
    /// When this server last had no room for what any peer sent.
    pub full_at: Option<Millis>,
}

/// How a connection fares, for those who may look at connections.
///
/// # Errors
/// [`Error::Denied`].
pub async fn health(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<Health, Error> {
    let remote = get(app, actor, id).await?;
    let now = app.clock.now();
    let mut waiting = backlog::of(app, id).await?;
    let mut channels: Vec<(ChannelId, u64)> = std::mem::take(&mut waiting.by_channel).into_iter().collect();
    channels.sort_by_key(|(channel, items)| (std::cmp::Reverse(*items), *channel));
    let (set_aside, _) = outbox::refused_counts(app, id).await?;
    let token = rotation_standing(app, id).await?;
    let held = positions::held_since(app, id).await?;
    let recoveries = recovery::list(app, id).await?;
    let mut view = app.db.read(now).await?;
    let measured = health::get(&mut view, id).await?;
    let waiting_bytes = health::waiting_bytes(&mut view, id, &waiting.posts).await?;
    let availability = health::availability(&mut view, id, now.0 / HOUR - DAY_HOURS + 1).await?;
    let today = quotas::today(&mut view, id, now).await?;
    let (state, since) = standing(&remote, &measured, now, app.settings.get().offline_after_ms());
    Ok(Health {
        state,
        since,
        waiting: channels.iter().map(|(_, items)| items).sum(),
        waiting_bytes,
        lag: waiting.oldest.map_or(0, |oldest| now.since(oldest)),
        channels,
        set_aside: i64::try_from(set_aside).unwrap_or(i64::MAX),
        availability,
        measured,
        token,
        today,
        held,
        recoveries,
        full_at: app.bus.full_at(),
        remote,
    })
}

fn standing(remote: &RemoteCluster, measured: &Measured, now: Millis, offline_after: i64) -> (State, Millis) {
    let confirmed = remote.confirmed_at.unwrap_or(remote.create_at);
    match (remote.delete_at, remote.confirmed_at) {
        (Some(at), _) if remote.severed => (State::Severed, at),
        (Some(at), _) => (State::Removed, at),
        (None, None) => (State::Pending, remote.create_at),
        (None, Some(_)) if remote.is_online(now, offline_after) => {
            (State::Connected, measured.online_since.unwrap_or(confirmed))
        }
        (None, Some(_)) => (State::Offline, remote.last_ping_at.unwrap_or(confirmed)),
    }
}

/// How long the oldest item has waited for a peer, ms, as far as one look at the log tells: what another Rialto is told
/// with our pings. 0: nothing waits.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lag(app: &App, id: &RemoteId) -> Result<i64, StoreError> {
    let Some(position) = outbox::position(app, id).await? else { return Ok(0) };
    let is_item = |what: &What| !matches!(what, What::ShareStarted(_) | What::ShareChanged(_) | What::ShareEnded(_));
    let changes = outbox::changes(app, id, position).await?;
    let mut first = changes.list.iter().filter(|change| is_item(&change.what)).map(|change| change.seq).min();
    let settled = *app.bus.settled().borrow();
    for held in outbox::held(app, id).await? {
        let behind = outbox::changes_of(app, &held, settled, 1).await?;
        let next = behind.list.iter().filter(|change| is_item(&change.what)).map(|change| change.seq).min();
        first = first.into_iter().chain(next).min();
    }
    let Some(first) = first else { return Ok(0) };
    let at = backlog::written_at(app, first).await?;
    Ok(at.map_or(0, |at| app.clock.now().since(at)))
}

/// The part of the time looked at in which the peer was in reach; None: nobody looked.
pub fn part(up: i64, down: i64) -> Option<f64> {
    // Milliseconds of a day are exact in a float.
    (up + down > 0).then(|| up as f64 / (up + down) as f64)
}
