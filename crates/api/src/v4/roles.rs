//! Roles. They are built in, and less in moderated channels; clients show controls by them. Source: client-api 4.5.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::{get, post};
use rialto_model::{ItemId, Permission, roles};
use rialto_wire::v4::Role;

use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

/// Names in one request.
const MAX_NAMES: usize = 100;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/roles", get(list))
        .route("/roles/names", post(by_names))
        .route("/roles/{role_id}", get(get_one))
        .route("/roles/name/{name}", get(get_by_name))
}

fn absent() -> ApiError {
    ApiError::not_found("app.role.get.app_error", "Unable to get the role.")
}

async fn list(Session(actor): Session) -> ApiResult<Vec<Role>> {
    actor.require(Permission::ManageSystem)?;
    Ok(ApiJson(roles::BUILT_IN.iter().map(Role::from).collect()))
}

async fn by_names(Session(_): Session, ApiJson(names): ApiJson<Vec<String>>) -> ApiResult<Vec<Role>> {
    let is_name = |name: &str| name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let names: Vec<&str> = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.len() > MAX_NAMES || !names.iter().all(|name| is_name(name)) {
        return Err(ApiError::body_param("rolenames"));
    }
    Ok(ApiJson(names.into_iter().collect::<BTreeSet<_>>().into_iter().filter_map(Role::find).collect()))
}

async fn get_one(Session(_): Session, Params(id): Params<ItemId>) -> ApiResult<Role> {
    roles::BUILT_IN.iter().map(Role::from).find(|role| role.id == id).map(ApiJson).ok_or_else(absent)
}

async fn get_by_name(Session(_): Session, Params(name): Params<String>) -> ApiResult<Role> {
    Role::find(&name).map(ApiJson).ok_or_else(absent)
}
