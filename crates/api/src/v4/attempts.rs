//! Attempts at administering connections and shares that are refused: the audit log has them too (SC-106).

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rialto_app::audit::{self, About};
use rialto_model::{ChannelId, RemoteId};

use crate::extract::Session;
use crate::{Api, ApiError};

const READ_LEDGER: &str = "read_ledger";

/// What a request tries, under the name it has in the log when it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attempt {
    action: &'static str,
    remote: Option<RemoteId>,
    channel: Option<ChannelId>,
}

impl Attempt {
    /// None for what looks at things only, but for the ledger, or administers something else.
    fn of(method: &Method, path: &str) -> Option<Attempt> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let rest = match parts.as_slice() {
            ["api", "v4", "remotecluster", rest @ ..] => rest,
            // It is read by those who may, and that is noted too.
            ["api", "v4", "sharedchannels", channel, "ledger"] => {
                return Some(Attempt { action: READ_LEDGER, remote: None, channel: ChannelId::parse(channel).ok() });
            }
            _ => return None,
        };
        let (post, delete) = (method == Method::POST, method == Method::DELETE);
        let (action, remote, channel) = match rest {
            [remote, "ledger"] => (READ_LEDGER, *remote, ""),
            [] if post => ("create_connection", "", ""),
            ["accept_invite"] if post => ("accept_connection", "", ""),
            [remote] if method == Method::PATCH => ("update_connection", *remote, ""),
            [remote] if delete => ("remove_connection", *remote, ""),
            [remote, "generate_invite"] if post => ("renew_invitation", *remote, ""),
            [remote, "policy"] if method == Method::PATCH => ("change_policy", *remote, ""),
            [remote, "rotate"] if post => ("rotate_token", *remote, ""),
            [remote, "resume"] if post => ("resume_connection", *remote, ""),
            // Whether it is to fetch them or to do without them stands in the body.
            [remote, "recover"] if post => ("recover_messages", *remote, ""),
            [remote, "set_aside", ..] if post => ("retry_set_aside", *remote, ""),
            [remote, "set_aside", ..] if delete => ("discard_set_aside", *remote, ""),
            [remote, "channels", channel, words @ ..] if post => {
                let action = match words {
                    ["invite"] => "invite_to_channel",
                    ["uninvite"] => "uninvite_from_channel",
                    ["approve"] => "approve_channel",
                    ["refuse"] => "refuse_channel",
                    ["history", "pause"] => "pause_history",
                    ["history", "resume"] => "resume_history",
                    ["history", "cancel"] => "cancel_history",
                    _ => return None,
                };
                (action, *remote, *channel)
            }
            _ => return None,
        };
        Some(Attempt { action, remote: RemoteId::parse(remote).ok(), channel: ChannelId::parse(channel).ok() })
    }
}

/// Notes an attempt that was refused, with the id of the error and nothing of the request's body.
pub async fn note(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(attempt) = Attempt::of(request.method(), request.uri().path()) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let mut copy = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let refused = response.extensions().get::<ApiError>().filter(|error| error.status.is_client_error());
    let Some(error) = refused.filter(|error| error.status != StatusCode::UNAUTHORIZED) else { return response };
    let Ok(Session(actor)) = Session::from_request_parts(&mut copy, &api).await else { return response };
    let Attempt { action, remote, channel } = attempt;
    let about = About { action, remote, channel, detail: error.id, ..About::default() };
    if let Err(error) = audit::refused(&api.app, &actor, about).await {
        tracing::warn!(%error, action, "a refused attempt could not be noted");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_connections_and_shares_is_an_attempt() {
        let (remote, channel) = ("r".repeat(26), "c".repeat(26));
        let check = |method: Method, path: &str, action: Option<&str>| {
            let found = Attempt::of(&method, &format!("/api/v4/remotecluster{path}"));
            assert_eq!(found.map(|attempt| attempt.action), action, "{method} {path}");
            found
        };
        check(Method::POST, "", Some("create_connection"));
        check(Method::GET, "", None);
        check(Method::POST, "/accept_invite", Some("accept_connection"));
        check(Method::PATCH, &format!("/{remote}"), Some("update_connection"));
        check(Method::PATCH, &format!("/{remote}/policy"), Some("change_policy"));
        check(Method::GET, &format!("/{remote}/policy"), None);
        check(Method::DELETE, &format!("/{remote}"), Some("remove_connection"));
        check(Method::GET, &format!("/{remote}"), None);
        check(Method::POST, &format!("/{remote}/test"), None);
        check(Method::GET, &format!("/{remote}/ledger"), Some("read_ledger"));
        check(Method::POST, &format!("/{remote}/rotate"), Some("rotate_token"));
        check(Method::POST, &format!("/{remote}/resume"), Some("resume_connection"));
        check(Method::POST, &format!("/{remote}/recover"), Some("recover_messages"));
        check(Method::DELETE, &format!("/{remote}/set_aside/post/x"), Some("discard_set_aside"));
        let shared = check(Method::POST, &format!("/{remote}/channels/{channel}/invite"), Some("invite_to_channel"));
        let shared = shared.unwrap();
        assert_eq!((shared.remote, shared.channel), (remote.parse().ok(), channel.parse().ok()));
        let malformed = check(Method::DELETE, "/short", Some("remove_connection")).unwrap();
        assert_eq!(malformed.remote, None);
        assert_eq!(Attempt::of(&Method::POST, "/api/v4/posts"), None);
        let read = Attempt::of(&Method::GET, &format!("/api/v4/sharedchannels/{channel}/ledger")).unwrap();
        assert_eq!((read.action, read.channel), ("read_ledger", channel.parse().ok()));
        assert_eq!(Attempt::of(&Method::GET, &format!("/api/v4/sharedchannels/{channel}/remotes")), None);
    }
}
