//! A peer that is found at another address (E-015, ruling 8.1). Who answers there was asked before: see `federation`.

use rialto_model::{RemoteCluster, RemoteId, ServerId};
use rialto_store::{StoreError, remotes};

use super::{Error, changed, note};
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::{App, notices};

/// The installation that answers at a peer's address, as far as it was ever proved by a ping of ours.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn peer_server(app: &App, id: &RemoteId) -> Result<Option<ServerId>, StoreError> {
    let word = remotes::peer_server(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(ServerId::parse(&word).ok())
}

/// Notes which installation answers at a peer's address. The first one counts: another one there is another server.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_peer_server(app: &App, id: &RemoteId, server: &ServerId) -> Result<(), StoreError> {
    if peer_server(app, id).await?.is_some() {
        return Ok(());
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    remotes::set_peer_server(&mut tx, id, server).await?;
    tx.commit().await
}

/// Stores a peer's new address, because it announced it or, with `actor`, because an administrator says so.
///
/// # Errors
/// [`Error::SameSite`] if another live connection leads there; [`Error::Denied`].
pub async fn moved(app: &App, actor: Option<&SessionUser>, id: &RemoteId, url: &str) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    // One connection per pair of servers is a rule across rows.
    rialto_store::installation::lock(&mut tx).await?;
    let found = remotes::lock(&mut tx, id).await?.filter(RemoteCluster::is_live);
    let mut remote = found.ok_or(Denied::Absent("connection"))?;
    if remote.site_url.as_deref() == Some(url) {
        return Ok(remote);
    }
    let live = remotes::list(&mut tx, false).await?;
    if let Some(other) = live.into_iter().find(|other| other.id != *id && other.site_url.as_deref() == Some(url)) {
        return Err(Error::SameSite(Box::new(other)));
    }
    let before = remote.site_url.replace(url.to_owned()).unwrap_or_default();
    remotes::update(&mut tx, &remote).await?;
    match actor {
        Some(actor) => note(&mut tx, actor, "move_connection", &remote)?,
        None => {
            let about =
                About { action: "connection_moved", remote: Some(*id), result: "ok", detail: url, ..About::default() };
            audit::by_system(&mut tx, about)?;
        }
    }
    notices::moved(app, &mut tx, &remote, &before).await?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(remote)
}
