//! Offers peers the token they are to present from now on. Source: behaviour 8.5, ruling 8.5.

use rialto_app::access::SessionUser;
use rialto_app::connections::{self as records, Offer, Standing, Urgency};
use rialto_model::{RemoteCluster, RemoteId};
use rialto_wire::federation::extension::{ConnectionNote, ConnectionResult};
use rialto_wire::federation::topic;

use crate::Federation;
use crate::connections::Error;
use crate::send::pinger::ping;
use crate::send::{Undelivered, message};

/// A renewal that an administrator asked for.
pub struct Rotated {
    /// Whether the peer has stored the new token already; if not it is offered until it has.
    pub delivered: bool,
    /// Why not, in plain words.
    pub cause: Option<String>,
    /// Where it stands.
    pub standing: Standing,
}

/// A held connection that goes on.
pub struct Resumed {
    /// Whether it was held at all.
    pub was_held: bool,
    /// Why the peer could not be called yet, in plain words.
    pub cause: Option<String>,
}

/// Renews what the peer presents to us: at once if it can be reached, else as soon as it can. In an emergency the old
/// token opens nothing from this moment on; the new one goes to the peer's stored address with our own credential, which
/// a leak of the peer's does not touch, so that nothing that waits there is lost (E-125).
///
/// # Errors
/// [`Error::Record`] if it is not allowed or the peer has no word for it.
pub async fn rotate(fed: &Federation, actor: &SessionUser, id: &RemoteId, urgency: Urgency) -> Result<Rotated, Error> {
    let offer = records::begin_rotation(&fed.app, actor, id, urgency).await?;
    let outcome = deliver(fed, &offer).await;
    let cause = outcome.as_ref().err().map(|undelivered| undelivered.cause.clone());
    let standing = records::rotation_standing(&fed.app, id).await?;
    Ok(Rotated { delivered: outcome.is_ok(), cause, standing })
}

/// An administrator says that who answers at the peer's address is the peer, whatever contradicted that (E-027). It is
/// called at once, and given another token to present. Returns why it could not be called, if so: then it counts once it can.
///
/// # Errors
/// [`Error::Record`] if it is not allowed, or the connection has ended.
pub async fn resume(fed: &Federation, actor: &SessionUser, id: &RemoteId) -> Result<Resumed, Error> {
    if !records::positions::resume(&fed.app, actor, id).await? {
        return Ok(Resumed { was_held: false, cause: None });
    }
    let cause = ping(fed, id).await.err().map(|undelivered| undelivered.cause);
    Ok(Resumed { was_held: true, cause })
}

/// Offers a peer that has just answered what is due, if anything is.
pub(crate) async fn keep_fresh(fed: &Federation, remote: &RemoteCluster) {
    let outcome = match records::due_rotation(&fed.app, remote).await {
        Ok(None) => return,
        Ok(Some(offer)) => deliver(fed, &offer).await,
        Err(error) => Err(error.into()),
    };
    if let Err(undelivered) = outcome {
        tracing::info!(remote = %remote.id, cause = undelivered.cause, "a renewed token could not be offered");
    }
}

async fn deliver(fed: &Federation, offer: &Offer) -> Result<(), Undelivered> {
    let note = ConnectionNote::Rotate { token: offer.token.clone(), at: offer.at.0 };
    let answer = message(fed, &offer.remote_id, topic::RIALTO_CONNECTION, &note).await?;
    let result =
        answer.payload.as_ref().and_then(|payload| serde_json::from_str::<ConnectionResult>(payload.get()).ok());
    if !answer.ok || result.is_none_or(|result| result.op != note.op()) {
        return Err(Undelivered::new("the peer does not take another token"));
    }
    records::note_offered(&fed.app, offer).await?;
    Ok(())
}
