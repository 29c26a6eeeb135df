//! What clients ask over their socket. Source: client-api 9.2.

use std::collections::BTreeMap;
use std::time::Duration;

use rialto_app::{App, frames, typing};
use rialto_model::{PostId, RequestId, SessionId, UserId};
use rialto_wire::v4::AppError;
use rialto_wire::ws::{Action, NOT_AUTHENTICATED, Request, RequestError, Response};
use tokio::time::Instant;

use super::Hub;

/// Typing told more often than this by one socket is not passed on.
const TYPING: Duration = Duration::from_millis(250);

/// The person behind a socket, asking.
pub struct Requester {
    hub: Hub,
    user: UserId,
    session: SessionId,
    last_typing: Option<Instant>,
}

impl Requester {
    /// Asks as `user`, through `session`.
    pub fn new(hub: Hub, user: UserId, session: SessionId) -> Self {
        Self { hub, user, session, last_typing: None }
    }

    /// The answer to a message; None where clients expect none.
    pub async fn answer(&mut self, text: &str) -> Option<Response> {
        let app = &self.hub.app;
        let Request { seq, action } = match Request::decode(text) {
            Ok(request) => request,
            Err(error) => return Some(refusal(app, error)),
        };
        match action {
            Action::Ping => Some(Response::pong(seq, app.clock.now())),
            // Signed in already.
            Action::AuthenticationChallenge { .. } | Action::Custom => None,
            Action::Presence | Action::PostedNotifyAck => Some(Response::ok(seq)),
            Action::UserTyping { channel_id, parent_id } => {
                let root = if parent_id.is_empty() { None } else { PostId::parse(&parent_id).ok() };
                if self.last_typing.is_some_and(|at| at.elapsed() < TYPING) {
                    return Some(Response::ok(seq));
                }
                self.last_typing = Some(Instant::now());
                let app = &self.hub.app;
                match frames::actor(app, &self.user, &self.session).await {
                    Ok(Some((actor, _))) => match typing::tell(app, &actor, &channel_id, root).await {
                        Ok(()) => Some(Response::ok(seq)),
                        Err(_) => Some(fail(app, seq, "api.context.permissions.app_error", 403)),
                    },
                    Ok(None) => Some(not_authenticated(app, seq)),
                    Err(_) => Some(fail(app, seq, "api.context.server_error.app_error", 500)),
                }
            }
            Action::UserUpdateActiveStatus { is_active, manual } => None,
            Action::GetStatuses => None,
            Action::GetStatusesByIds { user_ids } => None,
        }
    }
}

/// Refuses a malformed request.
pub fn refusal(app: &App, error: RequestError) -> Response {
    fail(app, error.seq(), error.id(), 400)
}

/// Refuses a request before the sign-in.
pub fn not_authenticated(app: &App, seq: i64) -> Response {
    fail(app, seq, NOT_AUTHENTICATED, 401)
}

fn fail(app: &App, seq: i64, id: &str, status: u16) -> Response {
    let message = match status {
        400 => "The request is malformed.",
        401 => "Sign in first.",
        403 => "You do not have the permission.",
        _ => "Something went wrong.",
    };
    Response::fail(seq, AppError::new(id, message, status, app.ids.id(RequestId::from_random)))
}
