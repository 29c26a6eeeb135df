//! What a peer refuses for good, and what an administrator decides about it (E-031). Rialto only; the shape:
//!
//! - `GET /remotecluster/{remote_id}/set_aside`: the items, each with `kind` and `item_id`;
//! - `POST /remotecluster/{remote_id}/set_aside`: send all of them again, with all attempts before them;
//! - `DELETE /remotecluster/{remote_id}/set_aside`: forget all of them, the peer never gets them;
//! - `POST` and `DELETE /remotecluster/{remote_id}/set_aside/{kind}/{item_id}`: the same with one; 404 if it is not there.
//!
//! Both answer `{"items": number}`. All need `manage_secure_connections`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::SessionUser;
use rialto_app::outbox::{self, Decision, Failure, Which};
use rialto_model::RemoteId;
use rialto_wire::v4::set_aside::{Decided, SetAside};

use super::remote_clusters::require_service;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/remotecluster/{remote_id}/set_aside", get(list).post(retry_all).delete(discard_all))
        .route("/remotecluster/{remote_id}/set_aside/{kind}/{item_id}", post(retry).delete(discard))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
) -> ApiResult<Vec<SetAside>> {
    require_service(&api)?;
    let found = outbox::list_set_aside(&api.app, &actor, &id).await?;
    Ok(ApiJson(found.into_iter().map(shown).collect()))
}

fn shown(failure: Failure) -> SetAside {
    SetAside {
        remote_id: failure.remote_id,
        kind: failure.item.kind().to_owned(),
        item_id: failure.item.key(&failure.channel_id),
        channel_id: failure.channel_id,
        attempts: failure.attempts,
        cause: failure.cause,
    }
}

async fn decide(api: &Api, actor: &SessionUser, id: &RemoteId, which: Which, decision: Decision) -> ApiResult<Decided> {
    require_service(api)?;
    let items = outbox::decide(&api.app, actor, id, &which, decision).await?;
    Ok(ApiJson(Decided { items }))
}

async fn retry_all(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
) -> ApiResult<Decided> {
    decide(&api, &actor, &id, Which::All, Decision::Retry).await
}

async fn discard_all(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
) -> ApiResult<Decided> {
    decide(&api, &actor, &id, Which::All, Decision::Discard).await
}

type One = (RemoteId, String, String);

async fn retry(
    State(api): State<Api>,
    Session(actor): Session,
    Params((id, kind, key)): Params<One>,
) -> ApiResult<Decided> {
    decide(&api, &actor, &id, Which::One { kind, key }, Decision::Retry).await
}

async fn discard(
    State(api): State<Api>,
    Session(actor): Session,
    Params((id, kind, key)): Params<One>,
) -> ApiResult<Decided> {
    decide(&api, &actor, &id, Which::One { kind, key }, Decision::Discard).await
}
