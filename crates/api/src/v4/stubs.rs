//! Calls that the official web app makes about features this server does not have, answered with "nothing there", so
//! that it goes on quietly. Source: client-api 8.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};

use crate::Api;
use crate::extract::Session;

/// Path and answer of each `GET`.
const NOTHING: &[(&str, &str)] = &[
    ("/plugins", r#"{"active":[],"inactive":[]}"#),
    ("/plugins/webapp", "[]"),
    ("/plugins/statuses", "[]"),
    ("/plugins/marketplace", "[]"),
    ("/plugins/marketplace/first_admin_visit", r#"{"name":"FirstAdminVisitMarketplace","value":"true"}"#),
    ("/cloud/check-cws-connection", r#"{"status":"unavailable"}"#),
    ("/trial-license/prev", r#"{"IsLicensed":"false"}"#),
    ("/license/load_metric", r#"{"load":0}"#),
    ("/system/notices/{team_id}", "[]"),
    ("/system/onboarding/complete", r#"{"name":"FirstAdminSetupComplete","value":"true"}"#),
    ("/system/schema/version", "[]"),
    ("/agents", "[]"),
    ("/agents/status", r#"{"available":false}"#),
    ("/llmservices", "[]"),
    ("/groups", "[]"),
    ("/users/{user_id}/groups", "[]"),
    ("/teams/{team_id}/groups", r#"{"groups":[],"total_group_count":0}"#),
    ("/teams/{team_id}/groups_by_channels", r#"{"groups":{}}"#),
    ("/channels/{channel_id}/groups", r#"{"groups":[],"total_group_count":0}"#),
    ("/channels/{channel_id}/member_counts_by_group", "[]"),
    ("/channels/{channel_id}/access_control/attributes", "{}"),
    ("/custom_profile_attributes/fields", "[]"),
    ("/users/{user_id}/custom_profile_attributes", "{}"),
    ("/users/{user_id}/data_retention/team_policies", r#"{"policies":[],"total_count":0}"#),
    ("/users/{user_id}/data_retention/channel_policies", r#"{"policies":[],"total_count":0}"#),
    ("/users/{user_id}/oauth/apps/authorized", "[]"),
    ("/users/invalid_emails", "[]"),
    ("/recaps", "[]"),
    ("/oauth/apps", "[]"),
    ("/oauth/outgoing_connections", "[]"),
    ("/analytics/old", "[]"),
    ("/cluster/status", "[]"),
    ("/compliance/reports", "[]"),
    ("/ldap/groups", r#"{"groups":[],"count":0}"#),
    ("/schemes", "[]"),
    ("/ip_filtering", "[]"),
    ("/reports/users", "[]"),
    ("/reports/users/count", "0"),
    ("/server_busy", r#"{"busy":false,"expires":0}"#),
];

pub fn routes() -> Router<Api> {
    let router = Router::new()
        .route("/client_perf", post(ok()))
        .route("/notifications/ack", post(ok()))
        .route("/system/notices/view", put(ok()))
        .route("/users/notify-admin", post(ok()))
        .route("/permissions/ancillary", post(answer("[]")));
    NOTHING.iter().fold(router, |router, (path, body)| router.route(path, only_get(body)))
}

fn only_get(body: &'static str) -> MethodRouter<Api> {
    get(answer(body))
}

fn ok() -> impl Fn(Session) -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    answer(r#"{"status":"OK"}"#)
}

fn answer(body: &'static str) -> impl Fn(Session) -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    move |_: Session| std::future::ready(([(CONTENT_TYPE, "application/json")], body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_json() {
        for (path, body) in NOTHING {
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{path}");
        }
    }
}
