//! Who calls, and what we present. Tokens of peers are compared by their keyed hashes, ours are unsealed when used.

use rialto_model::{RemoteCluster, RemoteId};
use rialto_store::{Snapshot, StoreError, remotes};
use subtle::ConstantTimeEq;

use super::rotation;
use crate::access::RemoteActor;
use crate::{App, audit};

/// Who calls: the connection `id`, if `token` is what its peer must present. None in every other case, so that all
/// refusals are alike (ruling 17). A peer that uses its token before its confirmation was answered is let in: only
/// who has opened our confirmation knows it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn authenticate(app: &App, id: &str, token: &str) -> Result<Option<RemoteActor>, StoreError> {
    let hash = app.keys.hash_token(token);
    let Ok(id) = RemoteId::parse(id) else { return Ok(None) };
    let mut view = app.db.read(app.clock.now()).await?;
    let remote = remotes::get(&mut view, &id).await?;
    let secrets = remotes::secrets(&mut view, &id).await?;
    // The comparison is made in any case, so that an unknown id takes as long as a wrong token.
    let expected = secrets.map(|secrets| secrets.token_hash).unwrap_or_default();
    let mut equal: bool = expected.as_bytes().ct_eq(hash.as_bytes()).into();
    drop(view);
    if !equal {
        // The first request with a token that was offered makes it the only one (ruling 8.5).
        equal = rotation::adopt(app, &id, &hash).await?;
    }
    if !equal && remote.is_some() {
        note_impostor(app, &id, &hash).await?;
    }
    let live = remote.filter(|remote| equal && remote.delete_at.is_none() && remote.site_url.is_some());
    Ok(live.map(RemoteActor::new))
}

/// Notes who calls under the id of another connection with its own token (E-127). A token that is nobody's leaves no
/// line, nor does an id that is no connection's: strangers could fill the log.
async fn note_impostor(app: &App, claimed: &RemoteId, hash: &str) -> Result<(), StoreError> {
    let caller = remotes::owner_of_token(&mut app.db.read(app.clock.now()).await?, hash, claimed).await?;
    match caller {
        Some(caller) => audit::impostor(app, &caller, claimed).await,
        None => Ok(()),
    }
}

/// What we present to a live peer.
///
/// # Errors
/// [`StoreError`]; None if there is nothing to present any more (INV-11).
pub async fn peer_token(app: &App, id: &RemoteId) -> Result<Option<(RemoteCluster, String)>, StoreError> {
    token_of(app, &mut app.db.read(app.clock.now()).await?, id).await
}

/// The same in a view somebody has opened for more.
pub(crate) async fn token_of(
    app: &App,
    view: &mut Snapshot,
    id: &RemoteId,
) -> Result<Option<(RemoteCluster, String)>, StoreError> {
    let remote = remotes::get(view, id).await?.filter(|remote| remote.delete_at.is_none());
    let secrets = remotes::secrets(view, id).await?;
    let (Some(remote), Some(secrets)) = (remote, secrets) else { return Ok(None) };
    if secrets.remote_token.is_empty() {
        return Ok(None);
    }
    match app.keys.unseal(&secrets.remote_token) {
        Ok(token) => Ok(Some((remote, token))),
        Err(error) => Err(StoreError::Corrupt(error.to_string())),
    }
}
