//! The connections of this server as a command finds them: read once, named by people in several ways.

use rialto_app::{SessionUser, connections, shares};
use rialto_federation::Federation;
use rialto_model::{ChannelId, Millis, RemoteCluster, RemoteId};

use super::actions::Command;
use super::candidate::{Candidate, ConnectionState, resolve};
use super::execute::Refused;
use super::invocation::ConnectionRef;
use super::texts;

/// All connections, ended ones included.
pub(super) struct Known {
    /// The records.
    pub(super) clusters: Vec<RemoteCluster>,
    /// When they were read.
    pub(super) now: Millis,
    /// From when on a silent peer is offline, ms.
    pub(super) offline_after: i64,
}

impl Known {
    /// Reads them for `command`.
    pub(super) async fn read(federation: &Federation, actor: &SessionUser, command: Command) -> Result<Known, Refused> {
        let app = &federation.app;
        let clusters = match connections::list(app, actor, true).await {
            Ok(clusters) => clusters,
            Err(connections::Error::Denied(denied)) => return Err(Refused::denied(command, &denied)),
            Err(other) => return Err(Refused::Fault(other.to_string())),
        };
        Ok(Known { clusters, now: app.clock.now(), offline_after: app.settings.get().offline_after_ms() })
    }

    /// Where a connection stands.
    pub(super) fn state(&self, cluster: &RemoteCluster) -> ConnectionState {
        ConnectionState::of(cluster, self.now, self.offline_after)
    }

    /// The one that is meant.
    ///
    /// # Errors
    /// The answer to a reference that leads nowhere, or to several.
    pub(super) fn find(&self, reference: &ConnectionRef) -> Result<&RemoteCluster, Refused> {
        let candidates = candidates(&self.clusters, &[], self.now, self.offline_after);
        let found = resolve(reference, &candidates);
        let id = found.map_err(|why| Refused::Told(texts::unresolved(reference, &why)))?.id;
        self.get(&id).ok_or_else(|| Refused::Fault("a connection vanished from a list".to_owned()))
    }

    /// The one with this id.
    pub(super) fn get(&self, id: &RemoteId) -> Option<&RemoteCluster> {
        self.clusters.iter().find(|cluster| cluster.id == *id)
    }

    /// Whether a live connection other than `but` is shown under `label` too.
    pub(super) fn is_namesake(&self, label: &str, but: Option<&RemoteId>) -> bool {
        let label = label.to_lowercase();
        let mut others = self.clusters.iter().filter(|other| other.delete_at.is_none() && Some(&other.id) != but);
        others.any(|other| other.display_name.to_lowercase() == label)
    }
}

/// What completion offers as connections in a channel: nothing to those who may not look at connections.
///
/// # Errors
/// A fault of ours.
pub async fn offered(
    federation: &Federation,
    actor: &SessionUser,
    channel: Option<&ChannelId>,
) -> Result<Vec<Candidate>, rialto_app::StoreError> {
    let app = &federation.app;
    let clusters = match connections::list(app, actor, false).await {
        Ok(clusters) => clusters,
        Err(connections::Error::Store(error)) => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    let mut present = Vec::new();
    if let Some(channel) = channel {
        match shares::list(app, actor, channel).await {
            Ok((_, rows)) => {
                present.extend(rows.iter().filter(|row| row.share.state.is_live()).map(|row| row.remote.id));
            }
            Err(shares::Error::Store(error)) => return Err(error),
            // A channel they cannot see has no shares for them.
            Err(_) => {}
        }
    }
    Ok(candidates(&clusters, &present, app.clock.now(), app.settings.get().offline_after_ms()))
}

fn candidates(clusters: &[RemoteCluster], present: &[RemoteId], now: Millis, offline_after: i64) -> Vec<Candidate> {
    let candidate = |cluster: &RemoteCluster| Candidate {
        id: cluster.id,
        name: cluster.name.clone(),
        handle: cluster.handle.clone(),
        display_name: cluster.display_name.clone(),
        site_url: cluster.site_url.clone(),
        state: ConnectionState::of(cluster, now, offline_after),
        in_channel: present.contains(&cluster.id),
    };
    clusters.iter().map(candidate).collect()
}
