//! How connections end, and how what they owned finds a new one.

use rialto_model::{Channel, DomainEvent, Origin, Permission, RemoteCluster, RemoteId, Scope, UserId};
use rialto_store::remotes::Secrets;
use rialto_store::{StoreError, Tx, outbox, remotes, rotations, share_requests, users};

use super::{Error, changed, consumer, note, peer_token};
use crate::access::{Denied, RemoteActor, SessionUser};
use crate::audit::{self, About};
use crate::{App, notices, shares};

/// What a removal did.
pub struct Removal {
    /// The connection as it is now.
    pub remote: RemoteCluster,
    /// Channels that were shared over it.
    pub channels: Vec<Channel>,
    /// The credential with which the peer may still be told, from memory only (ruling 8.5).
    pub last_token: Option<String>,
}

/// Removes a connection: tokens destroyed, shares ended, its people inactive, all at once. Nothing is deleted (SC-049, SC-050).
///
/// # Errors
/// [`Error::Ended`] names when and by whom.
pub async fn remove(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<Removal, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let last_token = peer_token(app, id).await?.map(|(_, token)| token);
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    note(&mut tx, actor, "remove_connection", &remote)?;
    let (remote, channels) = end(app, &mut tx, remote, Some(actor.user_id)).await?;
    tx.commit().await?;
    Ok(Removal { remote, channels, last_token })
}

/// The peer says that it has removed the connection (ruling 8.5).
///
/// # Errors
/// [`Error::Store`].
pub async fn sever(app: &App, actor: &RemoteActor) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, &actor.id()).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Ok(remote);
    }
    let about = About { action: "connection_removed_by_peer", result: "ok", detail: &remote.name, ..About::default() };
    audit::by_remote(&mut tx, actor, about)?;
    let (remote, channels) = end(app, &mut tx, remote, None).await?;
    notices::severed(app, &mut tx, &remote, &channels).await?;
    tx.commit().await?;
    Ok(remote)
}

async fn end(
    app: &App,
    tx: &mut Tx,
    mut remote: RemoteCluster,
    by: Option<UserId>,
) -> Result<(RemoteCluster, Vec<Channel>), StoreError> {
    let reason = if by.is_some() { shares::Ending::RemovedHere } else { shares::Ending::RemovedThere };
    let channels = shares::end_all_of(app, tx, &remote, reason).await?;
    let now = tx.now();
    for user in users::deactivate_of_remote(tx, &remote.id, now).await? {
        tx.record(Scope::Server, Origin::Remote(remote.id), DomainEvent::UserUpdated { user });
    }
    remote.delete_at = Some(now);
    remote.severed = by.is_none();
    remote.deleted_by = by;
    remote.interrupted_at = None;
    remote.failing_since = None;
    remotes::update(tx, &remote).await?;
    let none = Secrets { token_hash: String::new(), remote_token: String::new(), confirmation: String::new() };
    remotes::set_secrets(tx, &remote.id, &none).await?;
    rotations::delete(tx, &remote.id).await?;
    remotes::delete_invites(tx, &remote.id).await?;
    outbox::delete_cursor(tx, &consumer(&remote.id)).await?;
    outbox::forget(tx, &remote.id, None).await?;
    share_requests::delete_all(tx, &remote.id).await?;
    changed(tx, &remote.id);
    Ok((remote, channels))
}

/// Gives what earlier connections to the same site owned to this one: the same people, the same copies (E-021). Called
/// only after our own ping over the new connection has been answered at that site: an address in a payload is a claim.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rehome(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    let Some(site) = remote.site_url.as_deref() else { return Ok(()) };
    let earlier = remotes::list_ended_at(&mut tx, site).await?;
    if earlier.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    for old in earlier {
        rialto_store::policies::inherit(&mut tx, &old.id, id).await?;
        for user in remotes::rehome(&mut tx, &old.id, id, now).await? {
            rename(&mut tx, &user, &old.handle, &remote.handle).await?;
            tx.record(Scope::Server, Origin::Remote(*id), DomainEvent::UserUpdated { user });
        }
    }
    let about = About {
        action: "connection_rehomed",
        remote: Some(*id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(&mut tx, about)?;
    tx.commit().await
}

/// Whether what a peer owns here still belongs to an earlier connection to its address, because our first ping over this
/// one has not been answered: until then it has to wait, or its people and copies would look like somebody else's.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn awaits_rehoming(app: &App, remote: &RemoteCluster) -> Result<bool, StoreError> {
    let Some(site) = remote.site_url.as_deref().filter(|_| remote.last_ping_at.is_none()) else { return Ok(false) };
    Ok(!remotes::list_ended_at(&mut app.db.read(app.clock.now()).await?, site).await?.is_empty())
}

/// Gives somebody whose connection has another name now the suffix of that name: the former one may come to mean another
/// organisation (E-021). Where the name is taken the next profile the peer sends finds another.
async fn rename(tx: &mut Tx, id: &UserId, from: &str, to: &str) -> Result<(), StoreError> {
    let Some(mut user) = users::get(tx, id).await?.filter(|_| from != to) else { return Ok(()) };
    let Some(name) = user.username.strip_suffix(from).and_then(|name| name.strip_suffix(':')) else { return Ok(()) };
    let username = format!("{name}:{to}");
    if username.len() <= 64 && users::get_by_username(tx, &username).await?.is_none() {
        user.username = username;
        users::update(tx, &user).await?;
    }
    Ok(())
}
