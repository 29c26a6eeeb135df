//! The peer's HTTP surface: record, misbehave if told so, authenticate, hand on (wire 3).

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Request as HttpRequest, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use super::faults::{self, Fault};
use super::line::{Line, Lines};
use super::{Profile, Request, Shared, manners};
use crate::ids::{fresh, now_ms};

const PREFIX: &str = "/api/v4/remotecluster";

pub(super) async fn serve(shared: Arc<Shared>, ready: oneshot::Sender<()>) {
    let listener = listen(shared.port);
    let app = routes(shared).into_make_service_with_connect_info::<Line>();
    ready.send(()).expect("somebody waits for the peer");
    axum::serve(Lines(listener), app).await.unwrap();
}

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

fn listen(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    // So that a peer can come back to its port while old connections are in TIME_WAIT.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).unwrap();
    socket.listen(128).unwrap()
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    http: HttpRequest<Body>,
) -> Response {
    let (parts, body) = http.into_parts();
    let bytes = to_bytes(body, 256 * 1024 * 1024).await.unwrap_or_default().to_vec();
    let request = Request {
        at: Instant::now(),
        path: parts.uri.path().strip_prefix(PREFIX).unwrap_or(parts.uri.path()).to_owned(),
        headers: parts.headers,
        json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        body: bytes,
        answered: None,
    };
    let (place, fault) = {
        let mut state = shared.state();
        state.requests.push(request.clone());
        let breaches = manners::breaches(shared.profile, &state.world, &request);
        state.breaches.extend(breaches);
        if request.path == "/msg" {
            state.in_flight.0 += 1;
            state.in_flight.1 = state.in_flight.1.max(state.in_flight.0);
        }
        (state.requests.len() - 1, faults::take(&mut state.rules, &request))
    };
    let guard = InFlight { shared: Arc::clone(&shared), counts: request.path == "/msg" };
    let answer = match fault {
        None => answer(&shared, &request).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status)) => error(status, "api.test.injected.app_error"),
        Some(Fault::LostAnswer) => {
            let answer = answer(&shared, &request).await;
            line.cut();
            answer
        }
        Some(Fault::Broken) => {
            line.cut();
            error(500, "api.test.injected.app_error")
        }
        Some(Fault::Garbage) => (200, Value::String("this is not JSON".to_owned())),
        Some(Fault::Fail(text)) => fail(&text),
        Some(Fault::PostErrors) => ok(json!({"users_last_update_at": 0, "user_errors": [], "users_syncd": [],
            "posts_last_update_at": 0, "post_errors": request.post_ids(), "reactions_last_update_at": 0,
            "reaction_errors": []})),
        Some(Fault::NullPayload) => ok(Value::Null),
    };
    drop(guard);
    if let Some(recorded) = shared.state().requests.get_mut(place)
        && recorded.at == request.at
    {
        recorded.answered = Some(answer.0);
    }
    respond(shared.profile, answer)
}

/// Counts a message frame as handled when dropped, also if the connection went away meanwhile.
struct InFlight {
    shared: Arc<Shared>,
    counts: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.counts {
            self.shared.state().in_flight.0 -= 1;
        }
    }
}

/// Status and body. A body that is a JSON text is sent as it stands, anything else as JSON.
type Reply = (u16, Value);

fn respond(profile: Profile, (status, body): Reply) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let body = match body {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ("x-request-id", fresh()),
        ("x-version-id", profile.version_id().to_owned()),
    ];
    (status, headers, body).into_response()
}

async fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    let (token, id) = (request.header("x-remotecluster-token"), request.header("x-remotecluster-id"));
    if token.is_empty() {
        return error(401, "api.context.session_expired.app_error");
    }
    if id.is_empty() {
        return error(401, "api.context.remote_id_missing.app_error");
    }
    if shared.link(id).is_none_or(|link| link.token != token) {
        return error(401, "api.context.invalid_token.error");
    }
    match request.path.as_str() {
        "/ping" | "/msg" | "/confirm_invite" => framed(shared, id, request).await,
        path => {
            if let Some(session) = path.strip_prefix("/upload/") {
                return shared.take_upload(id, session, &request.body);
            }
            if let Some(user) = path.strip_prefix('/').and_then(|rest| rest.strip_suffix("/image")) {
                return shared.take_picture(id, user, request);
            }
            error(404, "api.context.404.app_error")
        }
    }
}

async fn framed(shared: &Arc<Shared>, id: &str, request: &Request) -> Reply {
    let (limit, status) = shared.profile.body_limit();
    if request.body.len() > limit {
        return error(status, "api.context.request_body_too_large.app_error");
    }
    let message = &request.json["msg"];
    let well_formed = message["id"].as_str().is_some_and(rialto_model::id::is_valid)
        && !request.topic().is_empty()
        && message["create_at"].is_i64()
        && message.get("payload").is_some();
    if !well_formed {
        return error(400, "api.unmarshal_error");
    }
    if request.json["remote_id"] != id {
        return error(400, "api.context.remote_id_invalid.app_error");
    }
    match request.path.as_str() {
        "/ping" => {
            let body = json!({"sent_at": request.payload()["sent_at"], "recv_at": now_ms()});
            match shared.profile {
                Profile::Mattermost537 => (200, body),
                Profile::Mattermost116 => (200, Value::String(format!("{body}\n"))),
            }
        }
        "/confirm_invite" => match shared.confirm(id, request.payload()) {
            200 => {
                if shared.profile == Profile::Mattermost116 {
                    let (shared, id) = (Arc::clone(shared), id.to_owned());
                    tokio::spawn(async move { shared.ping_at_once(id).await });
                }
                (200, json!({"status": "OK"}))
            }
            status => error(status, "api.command_remote.confirm_invitation.error"),
        },
        _ => shared.receive(id, request.topic(), request.payload()),
    }
}

pub(super) fn ok(payload: Value) -> Reply {
    (200, json!({"status": "OK", "err": "", "payload": payload}))
}

pub(super) fn fail(text: &str) -> Reply {
    (200, json!({"status": "FAIL", "err": text, "payload": null}))
}

pub(super) fn error(status: u16, id: &str) -> Reply {
    (
        status,
        json!({"id": id, "message": "Refused.", "detailed_error": "", "request_id": fresh(), "status_code": status}),
    )
}
