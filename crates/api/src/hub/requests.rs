//! What clients ask over their socket, and what follows from their being there. Source: client-api 9.2.

use std::collections::BTreeMap;
use std::time::Duration;

use rialto_app::{App, Denied, StoreError, frames, statuses, typing};
use rialto_model::{ChannelId, PostId, RequestId, SessionId, UserId};
use rialto_wire::v4::AppError;
use rialto_wire::ws::{Action, NOT_AUTHENTICATED, Request, RequestError, Response};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Hub;

/// Typing told more often than this by one socket is not passed on.
const TYPING: Duration = Duration::from_millis(250);

/// Why a well-formed request was refused.
enum Refused {
    Denied,
    SignedOut,
    Broken(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Broken(error)
    }
}

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
        let Request { seq, action } = match Request::decode(text) {
            Ok(request) => request,
            Err(error) => return Some(refusal(&self.hub.app, error)),
        };
        let done = match action {
            // Signed in already; and custom requests are for plugins, of which there are none.
            Action::AuthenticationChallenge { .. } | Action::Custom => return None,
            Action::Ping => Ok(Response::pong(seq, self.hub.app.clock.now())),
            Action::Presence | Action::PostedNotifyAck => Ok(Response::ok(seq)),
            Action::UserTyping { channel_id, parent_id } => {
                self.type_in(&channel_id, PostId::parse(&parent_id).ok()).await.map(|()| Response::ok(seq))
            }
            Action::UserUpdateActiveStatus { is_active, .. } => statuses::away(&self.hub.app, &self.user, !is_active)
                .await
                .map(|()| Response::ok(seq))
                .map_err(Refused::from),
            Action::GetStatuses => {
                let connected = self.hub.connected().await;
                self.statuses_of(&connected).await.map(|found| Response::statuses(seq, &found))
            }
            Action::GetStatusesByIds { user_ids } => {
                self.statuses_of(&user_ids).await.map(|found| Response::statuses(seq, &found))
            }
        };
        Some(done.unwrap_or_else(|refused| match refused {
            Refused::Denied => fail(&self.hub.app, seq, "api.context.permissions.app_error", 403),
            Refused::SignedOut => not_authenticated(&self.hub.app, seq),
            Refused::Broken(error) => {
                tracing::error!(%error, user = %self.user, "a websocket request failed");
                fail(&self.hub.app, seq, "api.context.server_error.app_error", 500)
            }
        }))
    }

    async fn type_in(&mut self, channel: &ChannelId, root: Option<PostId>) -> Result<(), Refused> {
        if self.last_typing.is_some_and(|at| at.elapsed() < TYPING) {
            return Ok(());
        }
        self.last_typing = Some(Instant::now());
        let app = &self.hub.app;
        let (actor, _) = frames::actor(app, &self.user, &self.session).await?.ok_or(Refused::SignedOut)?;
        typing::announce(app, &actor, channel, root).await.map_err(|denied| match denied {
            Denied::Store(error) => Refused::Broken(error),
            Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) | Denied::Paused => {
                Refused::Denied
            }
        })
    }

    async fn statuses_of(&self, users: &[UserId]) -> Result<BTreeMap<UserId, String>, Refused> {
        match statuses::list(&self.hub.app, users).await {
            Ok(found) => Ok(found.into_iter().map(|status| (status.user_id, status.status)).collect()),
            Err(statuses::Error::Store(error)) => Err(Refused::Broken(error)),
            Err(_) => Err(Refused::Denied),
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

/// Notes presence, in the order in which people come and go. A write each, which the hub does not wait for.
pub async fn note_presence(app: App, mut news: mpsc::UnboundedReceiver<(UserId, bool)>) {
    while let Some((user, is_there)) = news.recv().await {
        let noted = if is_there { statuses::online(&app, &user).await } else { statuses::offline(&app, &user).await };
        if let Err(error) = noted {
            tracing::warn!(%error, %user, "presence could not be noted");
        }
    }
}
