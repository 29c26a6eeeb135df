//! One pinger a peer: knows whether it is online, notices when it is back, says when it has been gone too long.
//!
//! Source: behaviour 0.4 and 3.3, rulings 5, 19, 24 to 27.

use std::sync::Arc;
use std::time::Duration;

use rialto_app::connections::{self, Contact};
use rialto_app::interruptions;
use rialto_model::{Millis, PeerProfile, RemoteCluster, RemoteId};
use rialto_wire::site_url::SiteUrl;
use tokio::sync::Notify;

use super::sender::Link;
use super::{Undelivered, ping_with};
use crate::Federation;

/// Pauses after failed pings, seconds; the last one stays (behaviour 0.4).
const PAUSES: [u64; 4] = [5, 10, 20, 30];

/// Pings one peer until the connection ends.
pub(crate) async fn run(fed: Federation, id: RemoteId, link: Arc<Link>, kick: Arc<Notify>) {
    let mut failures = 0usize;
    loop {
        let pause = match ping(&fed, &id).await {
            Ok(None) => return,
            Ok(Some(())) => {
                if failures > 0 {
                    link.wake.notify_one();
                }
                failures = 0;
                fed.app.settings.get().workspaces.ping_seconds
            }
            Err(undelivered) => {
                let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(30);
                failures += 1;
                if let Err(error) = failed(&fed, &id, undelivered).await {
                    tracing::warn!(%error, remote = %id, "a failed ping could not be noted");
                }
                pause.min(fed.app.settings.get().workspaces.ping_seconds)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
            // The peer has called: it may be reachable again. Not more often than once a second.
            () = async { tokio::time::sleep(Duration::from_secs(1)).await; kick.notified().await } => {}
        }
    }
}

async fn ping(fed: &Federation, id: &RemoteId) -> Result<Option<()>, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else { return Ok(None) };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let Some(site) = site else { return Ok(None) };
    let (answer, response) = ping_with(fed, &site, id, &token).await?;
    let skew = answer.clock_skew(fed.app.clock.now().0);
    if skew.abs() > 60_000 {
        tracing::warn!(remote = %id, skew_ms = skew, "a peer's clock differs by more than a minute");
    }
    let profile = profile_of(&remote, answer.rialto.is_some(), response.version.as_deref());
    let caps = answer.rialto.map(|peer| peer.caps_text()).unwrap_or_default();
    let contact = Contact { pinged: true, profile: Some(profile), caps: Some(caps), error: None };
    let after = connections::note_contact(&fed.app, id, contact).await?;
    if let Some(after) = after.filter(RemoteCluster::is_live) {
        if after.interrupted_at.is_some() {
            interruptions::end(&fed.app, id).await?;
        }
        if remote.last_ping_at.is_none() {
            // Who answers at this address over this connection is who it was over an earlier one (ruling 20).
            connections::rehome(&fed.app, id).await?;
        }
    }
    Ok(Some(()))
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

async fn failed(fed: &Federation, id: &RemoteId, undelivered: Undelivered) -> Result<(), rialto_app::StoreError> {
    let contact = Contact { error: Some(undelivered.cause), ..Contact::default() };
    let Some(remote) = connections::note_contact(&fed.app, id, contact).await? else { return Ok(()) };
    let last = remote.last_ping_at.or(remote.confirmed_at).unwrap_or(Millis(0));
    let gone = fed.app.clock.now().since(last);
    if remote.is_live() && gone >= fed.app.settings.get().offline_after_ms() && remote.interrupted_at.is_none() {
        interruptions::begin(&fed.app, id, last).await?;
    }
    Ok(())
}
