//! The server itself: is it there, and what are its limits. Source: client-api 5.6.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rialto_app::{installation, users};
use rialto_model::Permission;
use rialto_wire::v4::system::{Limits, Ping};

use crate::extract::{ApiJson, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/system/ping", get(ping))
        .route("/system/timezones", get(timezones))
        .route("/limits/server", get(limits))
}

async fn ping(State(api): State<Api>, query: QueryMap) -> Response {
    if !query.flag("get_server_status") {
        return ApiJson(Ping::ok()).into_response();
    }
    let healthy = installation::is_reachable(&api.app).await;
    let rest = query.text("use_rest_semantics");
    let status = if healthy || rest == "true" { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    (status, ApiJson(Ping::with_status(healthy))).into_response()
}

async fn limits(State(api): State<Api>, Session(actor): Session) -> ApiResult<Limits> {
    let mut limits = Limits::default();
    if actor.may(Permission::ManageSystem) {
        limits.active_user_count = users::count(&api.app, false).await?;
    }
    Ok(ApiJson(limits))
}

/// Names clients offer; they bring the rest of the database themselves.
async fn timezones(Session(_): Session) -> Result<ApiJson<Vec<&'static str>>, ApiError> {
    Ok(ApiJson(TIMEZONES.to_vec()))
}

const TIMEZONES: &[&str] = &[
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Tashkent",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Atlantic/Reykjavik",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Darwin",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Bucharest",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Moscow",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Warsaw",
    "Europe/Zurich",
    "Pacific/Auckland",
    "Pacific/Fiji",
    "Pacific/Guam",
    "Pacific/Honolulu",
    "UTC",
];
