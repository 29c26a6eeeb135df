//! The trust in a connection, for administrators. Rialto only; the shape:
//!
//! - `POST /remotecluster/{remote_id}/rotate` with `{"emergency": false}` or nothing: the peer is to present another
//!   token. Answer: [`Rotation`]. 400 for a peer that cannot be given one.
//!
//! - `POST /remotecluster/{remote_id}/resume`: a connection that is held goes on with who answers at the peer's address
//!   (E-027). Answer: [`Resumed`].
//! - `POST /remotecluster/{remote_id}/recover` with `{"discard": false}` or nothing: after a restore here, messages of ours
//!   in our own channels are fetched back from the peer, or done without (E-029). Answer: [`Recovering`].
//!
//! Needs `manage_secure_connections`. No answer holds a token.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rialto_app::connections::Urgency;
use rialto_app::recovery;
use rialto_federation::rotation;
use rialto_model::RemoteId;
use rialto_wire::v4::connection_trust::{Recover, Recovering, Resumed, Rotate, Rotation};

use super::remote_clusters::require_service;
use crate::extract::{ApiJson, MaybeJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/remotecluster/{remote_id}/rotate", post(rotate))
        .route("/remotecluster/{remote_id}/resume", post(resume))
        .route("/remotecluster/{remote_id}/recover", post(recover))
}

async fn rotate(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    MaybeJson(body): MaybeJson<Rotate>,
) -> ApiResult<Rotation> {
    require_service(&api)?;
    let urgency = if body.unwrap_or_default().emergency { Urgency::Emergency } else { Urgency::Overlapping };
    let done = rotation::rotate(&api.federation, &actor, &id, urgency).await?;
    let (renewed, offered) = (done.standing.renewed_at, done.standing.offered_at);
    Ok(ApiJson(Rotation::new(done.delivered, done.cause, renewed, offered)))
}

async fn resume(State(api): State<Api>, Session(actor): Session, Params(id): Params<RemoteId>) -> ApiResult<Resumed> {
    require_service(&api)?;
    let done = rotation::resume(&api.federation, &actor, &id).await?;
    Ok(ApiJson(Resumed { was_held: done.was_held, cause: done.cause.unwrap_or_default() }))
}

async fn recover(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    MaybeJson(body): MaybeJson<Recover>,
) -> ApiResult<Recovering> {
    require_service(&api)?;
    let accept = !body.unwrap_or_default().discard;
    Ok(ApiJson(Recovering { channels: recovery::decide(&api.app, &actor, &id, accept).await? }))
}
