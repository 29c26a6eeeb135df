//! What is allowed over one connection (behaviour 8.6), for administrators. Rialto only; the shape:
//!
//! - `GET /remotecluster/{remote_id}/policy`: all rules. For whoever may look at connections.
//! - `PATCH /remotecluster/{remote_id}/policy` with the rules that change, null for a rule's default. Answer: all rules. Needs
//!   `manage_secure_connections`; 400 names the rule that cannot be so.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::connections::policies;
use rialto_model::{ConnectionPolicy, RemoteId};
use rialto_wire::v4::connection_policy::patched;
use serde_json::{Map, Value};

use super::remote_clusters::require_service;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new().route("/remotecluster/{remote_id}/policy", get(show).patch(change))
}

async fn show(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
) -> ApiResult<ConnectionPolicy> {
    require_service(&api)?;
    Ok(ApiJson(policies::get(&api.app, &actor, &id).await?))
}

async fn change(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    ApiJson(patch): ApiJson<Map<String, Value>>,
) -> ApiResult<ConnectionPolicy> {
    require_service(&api)?;
    let policy = policies::change(&api.app, &actor, &id, |before| patched(before, &patch)).await?;
    Ok(ApiJson(policy))
}
