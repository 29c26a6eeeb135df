//! What all answers have in common, over the whole router: headers, error objects, cookies, forged requests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE,
};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use rialto_app::App;
use rialto_app::testing::{PASSWORD, join, open, sign_in};
use rialto_federation::Federation;
use rialto_federation::transport::{Exchange, Step, Transport, TransportError};
use rialto_store::{Db, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{Api, ApiError};

struct Stage {
    app: App,
    router: Router,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// No peer is ever reached.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: rialto_federation::transport::Request) -> Exchange<'_> {
        let error = TransportError { step: Step::Connect, detail: "no network here".to_owned() };
        Box::pin(std::future::ready(Err(error)))
    }

    fn send_file(&self, _: rialto_federation::transport::FileRequest) -> Exchange<'_> {
        let error = TransportError { step: Step::Connect, detail: "no network here".to_owned() };
        Box::pin(std::future::ready(Err(error)))
    }
}

async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let app = open(Db::open_sqlite(&folder.path().join("test.db")).unwrap()).await;
    let beside = Router::new()
        .route("/api/v4/test/panic", get(async || -> StatusCode { panic!("a bug") }))
        .route("/api/v4/test/busy", get(async || ApiError::from(StoreError::Busy("secret".into()))))
        .route(
            "/api/v4/test/failed",
            get(async || ApiError::from(StoreError::Failed("secret".into())).into_response()),
        );
    let router = crate::router(Api::new(Federation::new(app.clone(), Arc::new(NoNetwork))), beside);
    Stage { app, router, _folder: folder }
}

impl Stage {
    async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }
}

#[track_caller]
fn check_error(answer: &Answer, status: StatusCode, id: &str) {
    let object = answer.json();
    assert_eq!((answer.status, object["id"].as_str().unwrap()), (status, id), "{object}");
    assert_eq!(object["status_code"], status.as_u16());
    assert_eq!(object["request_id"], answer.header("x-request-id"));
    assert!(!object["message"].as_str().unwrap().is_empty());
    assert_eq!(object["detailed_error"], "");
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn unknown_routes_methods_and_addresses_get_the_error_object() {
    let stage = stage().await;
    for path in ["/api/v4/nope", "/api/v4/users/me/", "/api/v3/users", "/api/", "/api/v4"] {
        let answer = stage.get(path).await;
        assert!(!answer.body.is_empty(), "{path}");
        check_error(&answer, StatusCode::NOT_FOUND, "api.context.404.app_error");
    }
    let answer = stage.send(Request::delete("/api/v4/users/login"), Body::empty()).await;
    check_error(&answer, StatusCode::NOT_FOUND, "api.context.404.app_error");
    let long = format!("/api/v4/users?x={}", "y".repeat(2048));
    check_error(&stage.get(&long).await, StatusCode::URI_TOO_LONG, "basic_security_check.url.too_long_error");
}

#[tokio::test]
async fn faults_of_ours_tell_nothing_of_themselves() {
    let stage = stage().await;
    for (path, status) in [
        ("/api/v4/test/panic", StatusCode::INTERNAL_SERVER_ERROR),
        ("/api/v4/test/failed", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let answer = stage.get(path).await;
        check_error(&answer, status, "api.context.internal.app_error");
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
    let busy = stage.get("/api/v4/test/busy").await;
    check_error(&busy, StatusCode::SERVICE_UNAVAILABLE, "api.context.server_busy.app_error");
    assert_eq!(busy.headers[RETRY_AFTER], "1");
}

#[tokio::test]
async fn every_answer_has_the_headers_and_three_may_be_cached() {
    let stage = stage().await;
    for path in ["/api/v4/system/ping", "/api/v4/config/client?format=old", "/api/v4/license/client?format=old"] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.headers.contains_key(CACHE_CONTROL), "{path}");
        let version = answer.header("x-version-id");
        assert!(version.starts_with("11.6.0.11.6.0.") && version.ends_with(".true"), "{version}");
    }
    let answer = stage.get("/api/v4/users/me").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("expires"), "0");
    assert_eq!(answer.header("x-request-id").len(), 26);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let stage = stage().await;
    let request = Request::get("/api/v4/config/client?format=old").header(ACCEPT_ENCODING, "gzip");
    let answer = stage.send(request, Body::empty()).await;
    assert_eq!(answer.headers[CONTENT_ENCODING], "gzip");
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn the_version_changes_with_the_configuration() {
    let stage = stage().await;
    let before = stage.get("/api/v4/system/ping").await.header("x-version-id").to_owned();
    assert_eq!(stage.get("/api/v4/system/ping").await.header("x-version-id"), before);
    let settings = rialto_app::Settings { max_post_size: 99, ..rialto_app::testing::settings() };
    stage.app.settings.set(settings);
    assert_ne!(stage.get("/api/v4/system/ping").await.header("x-version-id"), before);
}

#[tokio::test]
async fn bodies_are_bounded_and_checked() {
    let stage = stage().await;
    let post = || Request::post("/api/v4/users/login");
    for body in ["", "{", "[]", r#"{"login_id":7}"#] {
        let answer = stage.send(post(), body).await;
        check_error(&answer, StatusCode::BAD_REQUEST, "api.context.invalid_body_param.app_error");
    }
    let answer = stage.send(post(), vec![b' '; crate::extract::MAX_BODY + 1]).await;
    check_error(&answer, StatusCode::PAYLOAD_TOO_LARGE, "api.context.request_body_too_large.app_error");
    let long = json!({"login_id": "nobody", "password": "x", "pad": "x".repeat(290_000)}).to_string();
    let answer = stage.send(post(), long).await;
    check_error(&answer, StatusCode::UNAUTHORIZED, "api.user.login.invalid_credentials_email_username");
}

#[tokio::test]
async fn ids_in_paths_have_their_form() {
    let stage = stage().await;
    join(&stage.app, "alice").await;
    let (_, token) = sign_in(&stage.app, "alice").await;
    let bearer = format!("Bearer {token}");
    for path in ["/api/v4/users/short", "/api/v4/teams/ne9rk39eupbp8jnsejubef4yy-", "/api/v4/users?in_team=x"] {
        let answer = stage.send(Request::get(path).header(AUTHORIZATION, &bearer), Body::empty()).await;
        check_error(&answer, StatusCode::BAD_REQUEST, "api.context.invalid_url_param.app_error");
    }
    let answer = stage.send(Request::get("/api/v4/users/me").header(AUTHORIZATION, &bearer), Body::empty()).await;
    assert_eq!(answer.json()["username"], "alice");
}

#[tokio::test]
async fn signing_in_sets_cookies_for_script_only() {
    let stage = stage().await;
    join(&stage.app, "alice").await;
    let body = json!({"login_id": "alice", "password": PASSWORD}).to_string();
    let plain = stage.send(Request::post("/api/v4/users/login"), body.clone()).await;
    assert_eq!((plain.status, plain.header("token").len(), plain.cookies().len()), (StatusCode::OK, 26, 0));
    let script = Request::post("/api/v4/users/login").header("x-requested-with", "XMLHttpRequest");
    let answer = stage.send(script.header("x-forwarded-proto", "https"), body).await;
    let cookies = answer.cookies();
    assert_eq!(cookies.len(), 3);
    let find = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
    assert!(find("MMAUTHTOKEN=").contains("HttpOnly") && find("MMAUTHTOKEN=").contains(answer.header("token")));
    for name in ["MMUSERID=", "MMCSRF="] {
        assert!(!find(name).contains("HttpOnly"), "{name}");
    }
    for cookie in cookies {
        for attribute in ["Path=/", "Max-Age=2592000", "SameSite=Lax", "Secure"] {
            assert!(cookie.contains(attribute), "{attribute} in {cookie}");
        }
    }
}

#[tokio::test]
async fn a_foreign_page_can_neither_change_anything_nor_sign_people_out() {
    let stage = stage().await;
    join(&stage.app, "alice").await;
    let (_, token) = sign_in(&stage.app, "alice").await;
    let csrf = {
        let found = rialto_app::sessions::authenticate(&stage.app, &token).await.unwrap().unwrap();
        found.session.csrf
    };
    let cookie = format!("MMAUTHTOKEN={token}");
    let put = |path: &str| Request::put(path).header(COOKIE, &cookie);
    let path = "/api/v4/users/me/patch";
    let change = r#"{"nickname":"Al"}"#;
    for request in [put(path), put(path).header("x-csrf-token", "wrong"), put(path).header("x-csrf-token", "")] {
        let answer = stage.send(request, change).await;
        check_error(&answer, StatusCode::UNAUTHORIZED, "api.context.session_expired.app_error");
        assert!(answer.cookies().is_empty(), "the cookie stays");
    }
    let logout = || Request::post("/api/v4/users/logout").header(COOKIE, &cookie);
    assert_eq!(stage.send(logout(), Body::empty()).await.status, StatusCode::UNAUTHORIZED);
    let read = stage.send(Request::get("/api/v4/users/me").header(COOKIE, &cookie), Body::empty()).await;
    assert_eq!((read.status, read.json()["nickname"].as_str()), (StatusCode::OK, Some("")));
    assert_eq!(stage.send(put(path).header("x-csrf-token", &csrf), change).await.json()["nickname"], "Al");
    let script = put(path).header("x-requested-with", "XMLHttpRequest");
    assert_eq!(stage.send(script, r#"{"nickname":"Bo"}"#).await.json()["nickname"], "Bo");
    let answer = stage.send(logout().header("x-csrf-token", &csrf), Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.cookies()[0].starts_with("MMAUTHTOKEN=;") && answer.cookies()[0].contains("Max-Age=0"));
    let read = stage.send(Request::get("/api/v4/users/me").header(COOKIE, &cookie), Body::empty()).await;
    check_error(&read, StatusCode::UNAUTHORIZED, "api.context.session_expired.app_error");
}

#[tokio::test]
async fn tokens_do_not_come_in_addresses() {
    let stage = stage().await;
    join(&stage.app, "alice").await;
    let (_, token) = sign_in(&stage.app, "alice").await;
    let answer = stage.get(&format!("/api/v4/users/me?access_token={token}")).await;
    check_error(&answer, StatusCode::UNAUTHORIZED, "api.context.token_provided.app_error");
}

#[tokio::test]
async fn the_first_account_signs_up_and_administers() {
    let stage = stage().await;
    let config = stage.get("/api/v4/config/client?format=old").await.json();
    assert_eq!(config["NoAccounts"], "true");
    // As a Go client sends it: everything, unset maps as null.
    let body = json!({"username": "admin", "email": "admin-a@test.local", "password": "Admin1234!", "props": null,
        "notify_props": null, "timezone": null, "id": "", "roles": "", "create_at": 0, "nickname": ""});
    let answer = stage.send(Request::post("/api/v4/users"), body.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["roles"], "system_admin system_user");
    assert!(answer.json().get("password").is_none());
    assert_eq!(stage.get("/api/v4/config/client?format=old").await.json()["NoAccounts"], "false");
}

#[tokio::test]
async fn pictures_are_drawn_and_cached() {
    let stage = stage().await;
    let (user, _) = join(&stage.app, "alice").await;
    let (_, token) = sign_in(&stage.app, "alice").await;
    let path = format!("/api/v4/users/{}/image", user.id);
    let request = || Request::get(&path).header(AUTHORIZATION, format!("Bearer {token}"));
    let answer = stage.send(request(), Body::empty()).await;
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert!(String::from_utf8_lossy(&answer.body).contains(">A</text>"));
    let again = stage.send(request().header("if-none-match", answer.header("etag")), Body::empty()).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
}
