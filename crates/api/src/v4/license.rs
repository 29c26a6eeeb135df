//! Licences: there are none, but clients must see one to show what we have. Source: client-api 4.4 and 6.5.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::routing::{get, post};
use rialto_model::Permission;
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::license::{LicenseObject, client_license, client_license_sanitized};
use std::collections::BTreeMap;

use crate::extract::{ApiJson, MaybeSession, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

/// Bytes of an upload that are read before it is refused.
const MAX_UPLOAD: usize = 1024 * 1024;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/license/client", get(client))
        .route("/license", post(upload).delete(remove).layer(DefaultBodyLimit::max(MAX_UPLOAD)))
}

async fn client(
    State(api): State<Api>,
    MaybeSession(actor): MaybeSession,
    query: QueryMap,
) -> ApiResult<BTreeMap<String, String>> {
    match query.text("format") {
        "old" => {}
        "" => {
            return Err(ApiError::bad_request(
                "api.license.client.old_format.app_error",
                "New format for the client license is not supported yet. Please specify format=old in the query string.",
            ));
        }
        _ => return Err(ApiError::url_param("format")),
    }
    let (id, since) = (api.app.installation.server_id, api.app.installation.create_at.0);
    let may_read = actor.is_some_and(|actor| actor.may(Permission::ReadLicenseInformation));
    Ok(ApiJson(if may_read {
        client_license(id.as_str(), since)
    } else {
        client_license_sanitized(id.as_str(), since)
    }))
}

/// Accepts any file: tools of the reference product upload one before they go on.
async fn upload(State(api): State<Api>, Session(actor): Session, mut form: Multipart) -> ApiResult<LicenseObject> {
    actor.require(Permission::ManageLicenseInformation)?;
    let mut found = false;
    while let Some(part) = form.next_field().await.map_err(|_| ApiError::body_param("license"))? {
        found |= part.name() == Some("license");
        part.bytes().await.map_err(|_| ApiError::too_large())?;
    }
    if !found {
        return Err(ApiError::bad_request(
            "api.license.add_license.no_file.app_error",
            "No file under 'license' in request.",
        ));
    }
    let installation = &api.app.installation;
    Ok(ApiJson(LicenseObject::new(installation.server_id.as_str(), installation.create_at.0)))
}

async fn remove(Session(actor): Session) -> ApiResult<StatusOk> {
    actor.require(Permission::ManageLicenseInformation)?;
    Ok(ApiJson(StatusOk::default()))
}
