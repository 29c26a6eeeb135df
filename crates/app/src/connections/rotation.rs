//! Renewal of tokens, each direction by itself (behaviour 8.5, ruling 8.5, E-125).
//!
//! We offer the peer another token to present to us. Both open the connection until the first request with the new one
//! has been seen, which kills the old one. What was offered is derived from our key, so only its hash is stored, and the
//! same offer can be made again after a crash or a lost answer. On the other side, what was presented before is kept: if
//! the peer turns out not to know the new one (it waited more than a day, or came back from a backup) the old one still
//! opens. So whatever happens in between, one token is valid and both sides know it.

use rialto_model::{Millis, PeerProfile, Permission, RemoteCluster, RemoteId};
use rialto_store::rotations::{self, Rotation};
use rialto_store::{StoreError, Tx, remotes};
use subtle::ConstantTimeEq;

use super::{Error, changed, credentials, note};
use crate::App;
use crate::access::{Denied, RemoteActor, SessionUser};
use crate::audit::{self, About};

/// What a peer must have advertised to take another token.
pub const CAPABILITY: &str = "connection";
/// How long an offered token is valid beside the old one; then another is offered, ms.
const OVERLAP: i64 = 24 * 3_600_000;
const DAY: i64 = 24 * 3_600_000;

/// A token the peer is to present from now on.
#[derive(Clone)]
pub struct Offer {
    /// To whom.
    pub remote_id: RemoteId,
    /// The token.
    pub token: String,
    /// Its version; of two the higher counts.
    pub at: Millis,
}

/// How an administrator wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Both tokens open until the new one is used.
    Overlapping,
    /// The old one has leaked: it opens nothing from this moment on.
    Emergency,
}

/// Where the renewal of what a peer presents to us stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When the peer last began to use a renewed token; None: it uses that of the handshake.
    pub renewed_at: Option<Millis>,
    /// Since when one is offered that it has not used.
    pub offered_at: Option<Millis>,
}

fn offer(app: &App, id: &RemoteId, at: Millis) -> Offer {
    let token = app.keys.derive_token("rotate: inbound token", &[id.as_str(), &at.0.to_string()]);
    Offer { remote_id: *id, token, at }
}

fn takes_tokens(remote: &RemoteCluster) -> bool {
    remote.is_live() && remote.profile == PeerProfile::Rialto && remote.has(CAPABILITY)
}

/// Replaces what is offered, if anything is.
async fn renew(app: &App, tx: &mut Tx, id: &RemoteId, mut rotation: Rotation) -> Result<Offer, StoreError> {
    // A clock that was set back must not make a former offer again.
    let at = rotation.next_at.map_or(tx.now(), |last| tx.now().max(Millis(last.0 + 1)));
    let offer = offer(app, id, at);
    rotation.next_hash = app.keys.hash_token(&offer.token);
    rotation.next_at = Some(at);
    rotation.told_at = None;
    rotations::put(tx, id, &rotation).await?;
    Ok(offer)
}

/// Begins a renewal because an administrator asks for it, or returns the one that is under way.
///
/// # Errors
/// [`Error::CannotRotate`] for a peer that has no word for it; [`Error::Denied`], [`Error::Ended`].
pub async fn begin_rotation(app: &App, actor: &SessionUser, id: &RemoteId, urgency: Urgency) -> Result<Offer, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    if !takes_tokens(&remote) {
        return Err(Error::CannotRotate(Box::new(remote)));
    }
    let rotation = rotations::get(&mut tx, id).await?;
    let offer = match urgency {
        Urgency::Overlapping if under_way(&rotation, tx.now()) => {
            let at = rotation.next_at.unwrap_or(tx.now());
            note(&mut tx, actor, "rotate_token", &remote)?;
            tx.commit().await?;
            return Ok(offer(app, id, at));
        }
        Urgency::Overlapping => {
            note(&mut tx, actor, "rotate_token", &remote)?;
            renew(app, &mut tx, id, rotation).await?
        }
        Urgency::Emergency => {
            // What was offered goes with the rest: it may have leaked as well.
            let Some(mut secrets) = remotes::secrets(&mut tx, id).await? else {
                return Err(Denied::Absent("connection").into());
            };
            secrets.token_hash = String::new();
            remotes::set_secrets(&mut tx, id, &secrets).await?;
            note(&mut tx, actor, "revoke_token", &remote)?;
            renew(app, &mut tx, id, rotation).await?
        }
    };
    tx.commit().await?;
    Ok(offer)
}

/// Has a peer given another token with the next ping, if it takes one: what it presents may be an old one, or be known to
/// somebody else.
pub(super) async fn renew_for(app: &App, tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    if takes_tokens(remote) {
        let rotation = rotations::get(tx, &remote.id).await?;
        renew(app, tx, &remote.id, rotation).await?;
    }
    Ok(())
}

fn under_way(rotation: &Rotation, now: Millis) -> bool {
    !rotation.next_hash.is_empty() && rotation.next_at.is_some_and(|at| now.since(at) < OVERLAP)
}

/// What is to be offered to a peer now, by our own rules: an offer that has not reached it, one that it has not used for
/// a day, or one because the present token is as old as the setting allows. None: nothing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due_rotation(app: &App, remote: &RemoteCluster) -> Result<Option<Offer>, StoreError> {
    let days = app.settings.get().workspaces.token_rotation_days;
    let now = app.clock.now();
    let rotation = rotations::get(&mut app.db.read(now).await?, &remote.id).await?;
    if !takes_tokens(remote) || !is_due(remote, &rotation, days, now) {
        return Ok(None);
    }
    if under_way(&rotation, now) {
        return Ok(rotation.next_at.map(|at| offer(app, &remote.id, at)));
    }
    let mut tx = app.db.begin(now).await?;
    let Some(remote) = remotes::lock(&mut tx, &remote.id).await?.filter(takes_tokens) else { return Ok(None) };
    // Somebody else may have been first.
    let rotation = rotations::get(&mut tx, &remote.id).await?;
    if !is_due(&remote, &rotation, days, now) {
        return Ok(None);
    }
    let offer = renew(app, &mut tx, &remote.id, rotation).await?;
    let about = About {
        action: "rotate_token",
        remote: Some(remote.id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(&mut tx, about)?;
    tx.commit().await?;
    Ok(Some(offer))
}

fn is_due(remote: &RemoteCluster, rotation: &Rotation, days: i64, now: Millis) -> bool {
    if under_way(rotation, now) {
        return rotation.told_at.is_none();
    }
    if !rotation.next_hash.is_empty() {
        return true;
    }
    let since = rotation.rotated_at.or(remote.confirmed_at);
    days > 0 && since.is_some_and(|since| now.since(since) >= days.saturating_mul(DAY))
}

/// The peer has stored what was offered.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_offered(app: &App, offer: &Offer) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let live = remotes::lock(&mut tx, &offer.remote_id).await?.is_some_and(|remote| remote.delete_at.is_none());
    let mut rotation = rotations::get(&mut tx, &offer.remote_id).await?;
    if live && rotation.next_at == Some(offer.at) && !rotation.next_hash.is_empty() {
        rotation.told_at = Some(tx.now());
        rotations::put(&mut tx, &offer.remote_id, &rotation).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Whether a token of this hash is the one that was offered; if so it is the only one from now on.
pub(super) async fn adopt(app: &App, id: &RemoteId, hash: &str) -> Result<bool, StoreError> {
    let offered = |rotation: &Rotation, now| {
        under_way(rotation, now) && bool::from(rotation.next_hash.as_bytes().ct_eq(hash.as_bytes()))
    };
    let rotation = rotations::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    if !offered(&rotation, app.clock.now()) {
        return Ok(false);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(false);
    };
    let Some(mut secrets) = remotes::secrets(&mut tx, id).await? else { return Ok(false) };
    let mut rotation = rotations::get(&mut tx, id).await?;
    if !offered(&rotation, tx.now()) {
        // Another request with it was faster, or an emergency was.
        return Ok(bool::from(secrets.token_hash.as_bytes().ct_eq(hash.as_bytes())));
    }
    secrets.token_hash = std::mem::take(&mut rotation.next_hash);
    remotes::set_secrets(&mut tx, id, &secrets).await?;
    rotation.told_at = None;
    rotation.rotated_at = Some(tx.now());
    rotations::put(&mut tx, id, &rotation).await?;
    let about =
        About { action: "token_rotated", remote: Some(*id), result: "ok", detail: &remote.name, ..About::default() };
    audit::by_system(&mut tx, about)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(true)
}

/// Stores what the peer wants to be presented from now on. An offer that is no newer than the last one changes nothing:
/// it is a repetition, or a copy somebody kept (E-126).
///
/// # Errors
/// [`Error::Token`] if it has another form or is known to another connection.
pub async fn take_token(app: &App, actor: &RemoteActor, token: &str, at: i64) -> Result<(), Error> {
    if !rialto_model::id::is_valid(token) {
        return Err(Error::Token);
    }
    let id = actor.id();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote =
        remotes::lock(&mut tx, &id).await?.filter(RemoteCluster::is_live).ok_or(Denied::Absent("connection"))?;
    let mut rotation = rotations::get(&mut tx, &id).await?;
    if at <= rotation.taken_at {
        return Ok(());
    }
    let Some(mut secrets) = remotes::secrets(&mut tx, &id).await? else {
        return Err(Denied::Absent("connection").into());
    };
    let hash = app.keys.hash_token(token);
    // What the peer presents to us must not be what we present to it, nor open another connection (ruling 9).
    let own = secrets.token_hash == hash || rotation.next_hash == hash;
    if own || remotes::is_known_token(&mut tx, &hash, &id).await? {
        return Err(Error::Token);
    }
    for other in remotes::list(&mut tx, false).await?.iter().filter(|other| other.id != id) {
        let known = credentials::token_of(app, &mut tx, &other.id).await?;
        if known.is_some_and(|(_, known)| bool::from(known.as_bytes().ct_eq(token.as_bytes()))) {
            return Err(Error::Token);
        }
    }
    rotation.taken_at = at;
    rotation.former_token = std::mem::replace(&mut secrets.remote_token, app.keys.seal(&app.ids, token));
    remotes::set_secrets(&mut tx, &id, &secrets).await?;
    rotations::put(&mut tx, &id, &rotation).await?;
    audit::by_remote(
        &mut tx,
        actor,
        About { action: "token_taken", result: "ok", detail: &remote.name, ..About::default() },
    )?;
    tx.commit().await?;
    Ok(())
}

/// What we presented before the present token, if the peer had us change it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn former_token(app: &App, id: &RemoteId) -> Result<Option<String>, StoreError> {
    let rotation = rotations::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    if rotation.former_token.is_empty() {
        return Ok(None);
    }
    app.keys.unseal(&rotation.former_token).map(Some).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The peer accepts what we presented before and not what it asked for: that one is presented again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn return_to_former(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let live = remotes::lock(&mut tx, id).await?.is_some_and(|remote| remote.delete_at.is_none());
    let mut rotation = rotations::get(&mut tx, id).await?;
    if let Some(mut secrets) =
        remotes::secrets(&mut tx, id).await?.filter(|_| live && !rotation.former_token.is_empty())
    {
        std::mem::swap(&mut secrets.remote_token, &mut rotation.former_token);
        remotes::set_secrets(&mut tx, id, &secrets).await?;
        rotations::put(&mut tx, id, &rotation).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Where a renewal stands, for administrators.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rotation_standing(app: &App, id: &RemoteId) -> Result<Standing, StoreError> {
    let rotation = rotations::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    let offered_at = rotation.next_at.filter(|_| !rotation.next_hash.is_empty());
    Ok(Standing { renewed_at: rotation.rotated_at, offered_at })
}
