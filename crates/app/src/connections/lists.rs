//! Connections as administrators, members and the federation service see them.

use rialto_model::{Millis, Permission, RemoteCluster, RemoteId, TeamId};
use rialto_store::{StoreError, remotes, teams};

use super::Error;
use crate::App;
use crate::access::{Denied, SessionUser};

/// Who may look at connections: holders of either permission (behaviour 4.2).
///
/// # Errors
/// [`Denied::Forbidden`].
pub fn require_reader(actor: &SessionUser) -> Result<(), Denied> {
    if actor.may(Permission::ManageSharedChannels) {
        return Ok(());
    }
    actor.require(Permission::ManageSecureConnections)
}

/// True if the connection of a code was made here: somebody tries to accept their own invitation (E-004).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn find(app: &App, id: &RemoteId) -> Result<Option<RemoteCluster>, StoreError> {
    remotes::get(&mut app.db.read(app.clock.now()).await?, id).await
}

/// How long a connection that has ended is listed, ms (E-023). Later only the audit log speaks of it.
pub const ENDED_LISTED: i64 = 30 * 24 * 60 * 60 * 1000;

/// All connections by display name, for those who may look; with `ended` those as well that ended within
/// [`ENDED_LISTED`], after all others.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &SessionUser, ended: bool) -> Result<Vec<RemoteCluster>, Error> {
    require_reader(actor)?;
    let now = app.clock.now();
    let mut found = remotes::list(&mut app.db.read(now).await?, ended).await?;
    found.retain(|remote| remote.delete_at.is_none_or(|at| now.since(at) <= ENDED_LISTED));
    found.sort_by_key(|remote| remote.delete_at.is_some());
    Ok(found)
}

/// One connection, ended or not, for those who may look.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<RemoteCluster, Error> {
    require_reader(actor)?;
    let found = remotes::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(found.ok_or(Denied::Absent("connection"))?)
}

/// All connections that have not ended, for the federation service.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_live(app: &App) -> Result<Vec<RemoteCluster>, StoreError> {
    remotes::list(&mut app.db.read(app.clock.now()).await?, false).await
}

/// A connection as members of a channel shared over it may know it.
///
/// # Errors
/// [`Error::Denied`]: absent for everybody else, so that existence is not revealed (behaviour 4.2).
pub async fn info(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<RemoteCluster, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let absent = || Error::from(Denied::Absent("connection"));
    let remote = remotes::get(&mut view, id).await?.ok_or_else(absent)?;
    let knows = require_reader(actor).is_ok() || remotes::shares_channel_with(&mut view, id, &actor.user_id).await?;
    if knows { Ok(remote) } else { Err(absent()) }
}

/// The name of a destination team, for tables.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn team_name(app: &App, id: &TeamId) -> Result<Option<String>, StoreError> {
    Ok(teams::get(&mut app.db.read(app.clock.now()).await?, id).await?.map(|team| team.display_name))
}

/// When the newest code of a pending connection runs out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn invitation_expiry(app: &App, id: &RemoteId) -> Result<Option<Millis>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(remotes::newest_invite(&mut view, id).await?.map(|invite| invite.expires_at))
}
