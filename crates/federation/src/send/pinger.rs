//! One pinger a peer: knows whether it is online, notices when it is back, says when it has been gone too long.
//!
//! Source: behaviour 0.4 and 3.3, rulings 5, 19, 24 to 27.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rialto_app::connections::positions::{self, Way};
use rialto_app::connections::{self, Contact, health};
use rialto_app::{interruptions, notices};
use rialto_model::{Cause, Millis, PeerProfile, RemoteCluster, RemoteId};
use rialto_wire::federation::bounds;
use rialto_wire::federation::extension::PROTOCOL;
use rialto_wire::federation::ping::Ping;
use rialto_wire::site_url::SiteUrl;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::sender::Link;
use super::{Undelivered, ping_with};
use crate::receive::claim;
use crate::transport::Response;
use crate::{Federation, moving, rotation};

/// Pauses after failed pings, seconds; the last one stays (behaviour 0.4).
const PAUSES: [u64; 4] = [5, 10, 20, 30];

/// Pause while a peer refuses our credential (ruling 19), seconds. Nothing changes that but an administrator.
const REFUSED_PAUSE: u64 = 300;
/// A Mattermost that has just accepted may refuse once, before it has stored the credential (ruling 11).
const REFUSED_ONCE: usize = 1;

/// After the time for an interruption has come, a ping under way may still get through for this long.
const LAST_CHANCE: Duration = Duration::from_secs(5);
/// Not more often than this is a peer pinged because it called.
const CALLED: Duration = Duration::from_secs(1);

/// Connections from which on their first pings are spread, and over how long (ruling 26).
const CROWD: usize = 100;
const SPREAD: Duration = Duration::from_secs(5);

/// Where the pings of a peer lie between those of the others that are begun with at the same time. Of a few all begin at
/// once; of many the first pings, and everything else that is begun with, are spread over a moment, and the later ones over the whole time between two (E-159).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    number: u32,
    of: u32,
}

impl Turn {
    /// The turn of the `number`th of so many.
    pub(crate) fn new(number: usize, of: usize) -> Self {
        let small = |value| u32::try_from(value).unwrap_or(u32::MAX);
        if of < CROWD { Self { number: 0, of: 1 } } else { Self { number: small(number), of: small(of) } }
    }

    /// Waits until it has come.
    pub(crate) async fn come(self) {
        if self.is_crowd() {
            tokio::time::sleep(self.part(SPREAD)).await;
        }
    }

    fn is_crowd(self) -> bool {
        self.of > 1
    }

    fn part(self, whole: Duration) -> Duration {
        whole * self.number / self.of
    }
}

/// How long the peer has been out of reach, by a clock that nobody sets.
struct Outage {
    /// When counting began here.
    from: Instant,
    /// What had passed before: we were not running.
    before: Duration,
    /// The channels know.
    told: bool,
}

impl Outage {
    fn none() -> Self {
        Self { from: Instant::now(), before: Duration::ZERO, told: false }
    }

    /// When it has lasted long enough to be told of.
    fn due(&self, fed: &Federation) -> Instant {
        let limit = Duration::from_millis(u64::try_from(fed.app.settings.get().offline_after_ms()).unwrap_or_default());
        self.from + limit.saturating_sub(self.before)
    }
}

/// Pings one peer until the connection ends.
pub(crate) async fn run(fed: Federation, id: RemoteId, link: Arc<Link>, kick: Arc<Notify>, turn: Turn) {
    turn.come().await;
    // Until it has found its place between the others.
    let mut finding = turn.is_crowd();
    let mut failures = 0usize;
    let mut refusals = 0usize;
    // Perhaps trouble of an earlier run is over.
    let mut trouble = true;
    let mut outage = Outage { before: unreached(&fed, &id).await, ..Outage::none() };
    loop {
        let pause = match watched(&fed, &id, &mut outage, failures > 0).await {
            Ok(None) => return,
            Ok(Some(())) => {
                let paused = link.paused.swap(false, Ordering::Relaxed);
                if failures > 0 || paused {
                    link.wake.notify_one();
                }
                if std::mem::take(&mut trouble)
                    && let Err(error) = notices::credential_accepted(&fed.app, &id).await
                {
                    tracing::warn!(%error, remote = %id, "the end of trouble could not be noted");
                    trouble = true;
                }
                (failures, refusals) = (0, 0);
                outage = Outage::none();
                fed.app.settings.get().workspaces.ping_seconds
            }
            Err(undelivered) => {
                let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(30);
                failures += 1;
                refusals = if undelivered.refused { refusals + 1 } else { 0 };
                let refused = refusals > REFUSED_ONCE;
                // What both would read differently must not be said (ruling 8.1), and who refuses our credential is asked
                // every five minutes whether he still does, not told everything twice a minute (ruling 19).
                link.paused.fetch_or(undelivered.foreign || refused, Ordering::Relaxed);
                if let Err(error) = health::note_unreached(&fed.app, &id, undelivered.class, &undelivered.cause).await {
                    tracing::warn!(%error, remote = %id, "a failed ping could not be noted");
                }
                if Instant::now() >= outage.due(&fed) {
                    tell(&fed, &id, &mut outage).await;
                }
                if refused {
                    trouble = true;
                    if let Err(error) = notices::credential_refused(&fed.app, &id).await {
                        tracing::warn!(%error, remote = %id, "administrators could not be told of a refused credential");
                    }
                    REFUSED_PAUSE
                } else {
                    pause.min(fed.app.settings.get().workspaces.ping_seconds)
                }
            }
        };
        let left = outage.due(&fed).saturating_duration_since(Instant::now());
        let mut wait = Duration::from_secs(pause);
        if finding && (failures == 0 || failures > PAUSES.len()) {
            wait = turn.part(wait);
            finding = false;
        }
        if !outage.told && !left.is_zero() {
            // The last ping before an interruption is told of is made when the time has come, whatever the pauses are.
            wait = wait.min(left);
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = called_in_trouble(&fed, &id, &kick) => {}
        }
    }
}

/// Waits until the peer calls while it counts as failing or offline: it may be reachable again (rulings 24, 26). While all
/// is well its calls are no reason to ping, or two servers would go on pinging each other because of their pings.
async fn called_in_trouble(fed: &Federation, id: &RemoteId, kick: &Notify) {
    loop {
        tokio::time::sleep(CALLED).await;
        kick.notified().await;
        let offline_after = fed.app.settings.get().offline_after_ms();
        match connections::find(&fed.app, id).await {
            Ok(Some(remote)) => {
                if remote.failing_since.is_some() || !remote.is_online(fed.app.clock.now(), offline_after) {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, remote = %id, "a connection cannot be read"),
        }
    }
}

/// How long ago the peer was reached, as far as the last run of this server knew.
async fn unreached(fed: &Federation, id: &RemoteId) -> Duration {
    match connections::find(&fed.app, id).await {
        Ok(Some(remote)) => {
            let gone = fed.app.clock.now().since(last_reached(&remote));
            Duration::from_millis(u64::try_from(gone).unwrap_or_default())
        }
        Ok(None) | Err(_) => Duration::ZERO,
    }
}

fn last_reached(remote: &RemoteCluster) -> Millis {
    remote.last_ping_at.or(remote.confirmed_at).unwrap_or(remote.create_at)
}

/// Pings, and tells of an interruption meanwhile if its time comes and a ping has `failed` before (behaviour 3.3.4).
async fn watched(
    fed: &Federation,
    id: &RemoteId,
    outage: &mut Outage,
    failed: bool,
) -> Result<Option<()>, Undelivered> {
    let mut attempt = std::pin::pin!(ping(fed, id));
    loop {
        tokio::select! {
            outcome = &mut attempt => return outcome,
            () = tokio::time::sleep_until(outage.due(fed) + LAST_CHANCE), if failed && !outage.told => {
                tell(fed, id, outage).await;
            }
        }
    }
}

/// M-08, once an outage.
async fn tell(fed: &Federation, id: &RemoteId, outage: &mut Outage) {
    if outage.told {
        return;
    }
    let told = async {
        let Some(remote) = connections::find(&fed.app, id).await? else { return Ok(()) };
        interruptions::begin(&fed.app, id, last_reached(&remote)).await
    };
    match told.await {
        Ok(()) => outage.told = true,
        Err(error) => {
            let error: rialto_app::StoreError = error;
            tracing::warn!(%error, remote = %id, "an interruption could not be told of");
        }
    }
}

/// Pings a peer, and notes everything its answer says. None: there is nobody to ping any more.
pub(crate) async fn ping(fed: &Federation, id: &RemoteId) -> Result<Option<()>, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else { return Ok(None) };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let Some(site) = site else { return Ok(None) };
    let stored = positions::stored_there(&fed.app, id).await?;
    let begun = Instant::now();
    let (answer, response) = match ping_with(fed, &site, id, &token).await {
        Err(refusal) if refusal.refused => ping_with_former(fed, &site, id).await?.ok_or(refusal)?,
        Err(Undelivered { leads: Some(to), .. }) if moving::redirected(fed, id, &to).await => {
            ping_with(fed, &to, id, &token).await?
        }
        other => other?,
    };
    if let Some(peer) = answer.rialto.as_ref().filter(|peer| !peer.is_compatible()) {
        let cause = format!(
            "no protocol version in common: this server speaks {PROTOCOL}, the peer {} to {}",
            peer.min_protocol, peer.protocol
        );
        return Err(Undelivered { foreign: true, class: Cause::Protocol, ..Undelivered::new(cause) });
    }
    let round_trip = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let skew = answer.clock_skew(fed.app.clock.now().0);
    if skew.abs() > 60_000 {
        tracing::warn!(remote = %id, skew_ms = skew, "a peer's clock differs by more than a minute");
    }
    let profile = profile_of(&remote, answer.rialto.is_some(), response.version.as_deref());
    if let Some(peer) = &answer.rialto {
        if let Some(server) = &peer.server_id {
            connections::note_peer_server(&fed.app, id, server).await?;
        }
        moving::announced(fed, &remote, &peer.site_url);
        positions::noted(&fed.app, id, &claim(peer, Way::Answered(stored))).await?;
    }
    let peer_lag = answer.rialto.as_ref().and_then(|peer| peer.waiting_ms).map(|lag| lag.clamp(0, bounds::TIME));
    let caps = answer.rialto.map(|peer| peer.caps_text()).unwrap_or_default();
    if remote.last_ping_at.is_none() {
        // Who answers at this address over this connection is who it was over an earlier one (ruling 20). Before the ping is
        // noted: if we are stopped in between, the next first ping does it.
        connections::rehome(&fed.app, id).await?;
    }
    health::note_ping(&fed.app, id, Some(health::Ping { round_trip, clock_skew: skew, peer_lag })).await?;
    let contact = Contact { pinged: true, profile: Some(profile), caps: Some(caps), error: None };
    let after = connections::note_contact(&fed.app, id, contact).await?;
    if let Some(after) = after.filter(RemoteCluster::is_live) {
        if after.interrupted_at.is_some() {
            interruptions::end(&fed.app, id).await?;
        }
        rotation::keep_fresh(fed, &after).await;
    }
    Ok(Some(()))
}

/// A peer that does not know the token it had us present may still know the one before (ruling 8.5): it was offered long
/// ago, or the peer came back from a backup.
async fn ping_with_former(
    fed: &Federation,
    site: &SiteUrl,
    id: &RemoteId,
) -> Result<Option<(Ping, Response)>, Undelivered> {
    let Some(former) = connections::former_token(&fed.app, id).await? else { return Ok(None) };
    match ping_with(fed, site, id, &former).await {
        Ok(answered) => {
            connections::return_to_former(&fed.app, id).await?;
            Ok(Some(answered))
        }
        // That neither is accepted is what the first answer said.
        Err(undelivered) if undelivered.refused => Ok(None),
        Err(undelivered) => Err(undelivered),
    }
}

/// What a peer is, by what it says of itself first and by its version header else (ruling 5).
fn profile_of(remote: &RemoteCluster, is_rialto: bool, version: Option<&str>) -> PeerProfile {
    if is_rialto {
        return PeerProfile::Rialto;
    }
    match version.and_then(|text| text.split('.').next()?.parse::<u32>().ok()) {
        Some(..=5) => PeerProfile::Mattermost5,
        Some(10..) => PeerProfile::Mattermost11,
        // A proxy may strip the header: what was known stays known.
        Some(_) | None if remote.profile == PeerProfile::Rialto => PeerProfile::Unknown,
        Some(_) | None => remote.profile,
    }
}
