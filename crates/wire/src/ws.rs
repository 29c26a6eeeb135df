//! Frames of the client websocket: events to clients, requests from them, responses. Source: client-api 9.

pub mod events;

use std::collections::BTreeMap;

use rialto_model::{ChannelId, ConnectionId, Millis, TeamId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::lenient::{self, or_default};
use crate::v4::errors::AppError;
use crate::v4::system::API_VERSION;

/// Bytes a client may send in one message; more closes the socket.
pub const MAX_REQUEST: usize = 8_192;

/// Who gets an event. Members that are empty do not restrict; `channel_id` and `team_id` beside a `user_id` only
/// inform the client (client-api 9.4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Broadcast {
    /// People who do not get it; null if none.
    pub omit_users: Option<BTreeMap<UserId, bool>>,
    /// Only this person.
    pub user_id: String,
    /// Only members of this channel.
    pub channel_id: String,
    /// Only members of this team.
    pub team_id: String,
    /// Only this connection.
    pub connection_id: String,
    /// Not this connection.
    pub omit_connection_id: String,
}

impl Broadcast {
    /// Everybody signed in.
    pub fn everyone() -> Broadcast {
        Broadcast::default()
    }

    /// One person.
    pub fn user(id: UserId) -> Broadcast {
        Broadcast { user_id: id.to_string(), ..Broadcast::default() }
    }

    /// Members of a channel.
    pub fn channel(id: ChannelId) -> Broadcast {
        Broadcast { channel_id: id.to_string(), ..Broadcast::default() }
    }

    /// Members of a team.
    pub fn team(id: TeamId) -> Broadcast {
        Broadcast { team_id: id.to_string(), ..Broadcast::default() }
    }

    /// The same, and about this channel.
    #[must_use]
    pub fn in_channel(mut self, id: ChannelId) -> Broadcast {
        self.channel_id = id.to_string();
        self
    }

    /// The same, and about this team; empty for direct and group channels.
    #[must_use]
    pub fn in_team(mut self, id: Option<TeamId>) -> Broadcast {
        self.team_id = id.map_or_else(String::new, |id| id.to_string());
        self
    }

    /// The same but for one connection, which knows already.
    #[must_use]
    pub fn omitting_connection(mut self, id: Option<ConnectionId>) -> Broadcast {
        self.omit_connection_id = id.map_or_else(String::new, |id| id.to_string());
        self
    }

    /// The same but for one person.
    #[must_use]
    pub fn omitting(mut self, id: UserId) -> Broadcast {
        self.omit_users.get_or_insert_default().insert(id, true);
        self
    }
}

/// An event, not yet numbered. Build it once, serialise it once, number it for each connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventFrame {
    /// One of [`events`].
    pub event: &'static str,
    /// What happened.
    pub data: Map<String, Value>,
    /// Who gets it.
    pub broadcast: Broadcast,
}

impl EventFrame {
    /// An event with the members of a JSON object.
    fn new(event: &'static str, data: Value, broadcast: Broadcast) -> EventFrame {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        EventFrame { event, data, broadcast }
    }

    /// Everything but the number, for [`with_seq`].
    pub fn prefix(&self) -> String {
        let mut text = lenient::to_text(self);
        text.pop();
        text
    }
}

/// Numbers a prepared event. `seq` counts events of one connection from 0 without gaps; responses do not count.
pub fn with_seq(prefix: &str, seq: i64) -> String {
    format!("{prefix},\"seq\":{seq}}}")
}

/// The first event of a connection; `seq` 0. `server_version` is the text of `X-Version-Id`.
pub fn hello(user: UserId, connection: ConnectionId, server_version: &str, hostname: &str) -> EventFrame {
    let data = json!({"server_version": server_version, "connection_id": connection, "server_hostname": hostname});
    EventFrame::new(events::HELLO, data, Broadcast::user(user))
}

/// What a client asks over the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The client's number, 1 or more; comes back as `seq_reply`.
    pub seq: i64,
    /// What it asks.
    pub action: Action,
}

/// What a client can ask.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// Are you there?
    Ping,
    /// Sign in with a token.
    AuthenticationChallenge {
        /// A session's or access token.
        token: String,
    },
    /// The person types.
    UserTyping {
        /// Where.
        channel_id: ChannelId,
        /// In which thread, or empty.
        parent_id: String,
    },
    /// The person is active, or away.
    UserUpdateActiveStatus {
        /// Active.
        is_active: bool,
        /// Said by the person, not noticed by the client.
        manual: bool,
    },
    /// Presence of everybody known.
    GetStatuses,
    /// Presence of some.
    GetStatusesByIds {
        /// Whose.
        user_ids: Vec<UserId>,
    },
    /// What the client looks at.
    Presence,
    /// A notification was shown.
    PostedNotifyAck,
    /// For plugins, of which there are none: no response.
    Custom,
}

impl std::fmt::Debug for Action {
    /// Only the word: a challenge holds a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    /// The word on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Ping => "ping",
            Action::AuthenticationChallenge { .. } => "authentication_challenge",
            Action::UserTyping { .. } => "user_typing",
            Action::UserUpdateActiveStatus { .. } => "user_update_active_status",
            Action::GetStatuses => "get_statuses",
            Action::GetStatusesByIds { .. } => "get_statuses_by_ids",
            Action::Presence => "presence",
            Action::PostedNotifyAck => "posted_notify_ack",
            Action::Custom => "custom_",
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No JSON object of that shape. There is no number to answer to.
    #[error("the message is no request")]
    Shape,
    /// No `action`.
    #[error("the request names no action")]
    NoAction {
        /// For the response.
        seq: i64,
    },
    /// `seq` is 0 or less.
    #[error("the request has no number")]
    BadSeq {
        /// For the response.
        seq: i64,
    },
    /// An action nobody knows.
    #[error("the request names an unknown action")]
    UnknownAction {
        /// For the response.
        seq: i64,
    },
    /// A parameter is missing or has the wrong form.
    #[error("the request's {name} is missing or malformed")]
    Parameter {
        /// For the response.
        seq: i64,
        /// Which.
        name: &'static str,
    },
}

impl RequestError {
    /// The number to answer to.
    pub fn seq(self) -> i64 {
        match self {
            RequestError::Shape => 0,
            RequestError::NoAction { seq }
            | RequestError::BadSeq { seq }
            | RequestError::UnknownAction { seq }
            | RequestError::Parameter { seq, .. } => seq,
        }
    }

    /// The error id clients know.
    pub fn id(self) -> &'static str {
        match self {
            RequestError::Shape | RequestError::UnknownAction { .. } => "api.web_socket_router.bad_action.app_error",
            RequestError::NoAction { .. } => "api.web_socket_router.no_action.app_error",
            RequestError::BadSeq { .. } => "api.web_socket_router.bad_seq.app_error",
            RequestError::Parameter { .. } => "api.websocket_handler.invalid_param.app_error",
        }
    }
}

/// The error id for requests before the sign-in.
pub const NOT_AUTHENTICATED: &str = "api.web_socket_router.not_authenticated.app_error";

#[derive(Deserialize)]
struct RawRequest {
    #[serde(default, deserialize_with = "or_default")]
    seq: i64,
    #[serde(default, deserialize_with = "or_default")]
    action: String,
    #[serde(default, deserialize_with = "or_default")]
    data: Map<String, Value>,
}

impl Request {
    /// Reads a text message.
    ///
    /// # Errors
    /// Says what is wrong with it, and which number to answer to.
    pub fn decode(text: &str) -> Result<Request, RequestError> {
        let RawRequest { seq, action, data } = lenient::object(text).map_err(|_| RequestError::Shape)?;
        if action.is_empty() {
            return Err(RequestError::NoAction { seq });
        }
        if seq <= 0 {
            return Err(RequestError::BadSeq { seq });
        }
        let text = |name: &'static str| data.get(name).and_then(Value::as_str);
        let flag = |name: &'static str| data.get(name).and_then(Value::as_bool);
        let missing = |name: &'static str| RequestError::Parameter { seq, name };
        let action = match action.as_str() {
            "ping" => Action::Ping,
            "authentication_challenge" => {
                Action::AuthenticationChallenge { token: text("token").ok_or(missing("token"))?.to_owned() }
            }
            "user_typing" => {
                let channel_id = text("channel_id").and_then(|id| ChannelId::parse(id).ok());
                Action::UserTyping {
                    channel_id: channel_id.ok_or(missing("channel_id"))?,
                    parent_id: text("parent_id").unwrap_or_default().to_owned(),
                }
            }
            "user_update_active_status" => Action::UserUpdateActiveStatus {
                is_active: flag("user_is_active").ok_or(missing("user_is_active"))?,
                manual: flag("manual").unwrap_or(false),
            },
            "get_statuses" => Action::GetStatuses,
            "get_statuses_by_ids" => {
                let ids = data.get("user_ids").and_then(Value::as_array).ok_or(missing("user_ids"))?;
                let ids = ids.iter().map(|id| id.as_str().and_then(|id| UserId::parse(id).ok()));
                Action::GetStatusesByIds { user_ids: ids.collect::<Option<Vec<_>>>().ok_or(missing("user_ids"))? }
            }
            "presence" => Action::Presence,
            "posted_notify_ack" => Action::PostedNotifyAck,
            name if name.starts_with("custom_") => Action::Custom,
            _ => return Err(RequestError::UnknownAction { seq }),
        };
        Ok(Request { seq, action })
    }
}

/// The answer to a request. It has no `seq` and does not count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Response {
    status: &'static str,
    seq_reply: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<AppError>,
}

impl Response {
    /// Done.
    pub fn ok(seq_reply: i64) -> Response {
        Response { status: "OK", seq_reply, data: None, error: None }
    }

    /// "Here I am", at `now` by our clock.
    pub fn pong(seq_reply: i64, now: Millis) -> Response {
        let data = json!({"text": "pong", "version": API_VERSION, "server_time": now, "node_id": ""});
        Response { data: Some(data), ..Response::ok(seq_reply) }
    }

    /// Presence by person.
    pub fn statuses(seq_reply: i64, statuses: &BTreeMap<UserId, String>) -> Response {
        Response { data: Some(json!(statuses)), ..Response::ok(seq_reply) }
    }

    /// Refused.
    pub fn fail(seq_reply: i64, error: AppError) -> Response {
        Response { status: "FAIL", seq_reply, data: None, error: Some(error) }
    }

    /// The message to send.
    pub fn to_json(&self) -> String {
        lenient::to_text(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "utark8ucdibiumjsazbgp6uyhh";

    #[test]
    fn hello_has_the_shape_clients_wait_for() {
        let user = UserId::parse(ID).unwrap();
        let connection = ConnectionId::parse("kkkkkkkkkkkkkkkkkkkkkkkkkk").unwrap();
        let text = with_seq(&hello(user, connection, "11.6.0.11.6.0.h.true", "host").prefix(), 0);
        let expected = json!({"event":"hello","data":{"connection_id":"kkkkkkkkkkkkkkkkkkkkkkkkkk",
            "server_version":"11.6.0.11.6.0.h.true","server_hostname":"host"},
            "broadcast":{"omit_users":null,"user_id":ID,"channel_id":"","team_id":"","connection_id":"",
            "omit_connection_id":""},"seq":0});
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn numbering_is_appending() {
        let prefix = EventFrame::new("typing", json!({}), Broadcast::everyone()).prefix();
        assert!(with_seq(&prefix, 7).ends_with(r#""omit_connection_id":""},"seq":7}"#));
    }

    #[test]
    fn broadcasts_name_whom_they_leave_out() {
        let user = UserId::parse(ID).unwrap();
        let text = lenient::to_text(&Broadcast::everyone().omitting(user));
        assert!(text.starts_with(&format!(r#"{{"omit_users":{{"{ID}":true}},"#)), "{text}");
    }

    fn decode(text: &str) -> Result<Action, RequestError> {
        Request::decode(text).map(|request| request.action)
    }

    #[test]
    fn requests_are_read() {
        assert_eq!(decode(r#"{"seq":1,"action":"ping"}"#), Ok(Action::Ping));
        assert_eq!(
            decode(r#"{"seq":1,"action":"authentication_challenge","data":{"token":"t"}}"#),
            Ok(Action::AuthenticationChallenge { token: "t".into() })
        );
        let typing = format!(r#"{{"seq":2,"action":"user_typing","data":{{"channel_id":"{ID}"}}}}"#);
        assert!(matches!(decode(&typing), Ok(Action::UserTyping { .. })));
        let statuses = format!(r#"{{"seq":2,"action":"get_statuses_by_ids","data":{{"user_ids":["{ID}"]}}}}"#);
        assert!(matches!(decode(&statuses), Ok(Action::GetStatusesByIds { user_ids }) if user_ids.len() == 1));
        assert_eq!(decode(r#"{"seq":3,"action":"presence","data":null}"#), Ok(Action::Presence));
        assert_eq!(decode(r#"{"seq":3,"action":"custom_x"}"#), Ok(Action::Custom));
    }

    #[test]
    fn bad_requests_name_the_number_to_answer() {
        for (text, why) in [
            ("[]", RequestError::Shape),
            (r#"{"seq":"1"}"#, RequestError::Shape),
            (r#"{"seq":5}"#, RequestError::NoAction { seq: 5 }),
            (r#"{"action":"ping"}"#, RequestError::BadSeq { seq: 0 }),
            (r#"{"seq":5,"action":"dance"}"#, RequestError::UnknownAction { seq: 5 }),
            (r#"{"seq":5,"action":"user_typing"}"#, RequestError::Parameter { seq: 5, name: "channel_id" }),
            (
                r#"{"seq":5,"action":"get_statuses_by_ids","data":{"user_ids":["x"]}}"#,
                RequestError::Parameter { seq: 5, name: "user_ids" },
            ),
        ] {
            assert_eq!(decode(text), Err(why), "{text}");
        }
    }

    #[test]
    fn responses_have_no_seq() {
        assert_eq!(Response::ok(1).to_json(), r#"{"status":"OK","seq_reply":1}"#);
        let pong: Value = serde_json::from_str(&Response::pong(1, Millis(5)).to_json()).unwrap();
        assert_eq!(pong["data"], json!({"text":"pong","version":"11.6.0","server_time":5,"node_id":""}));
        let error = AppError::new(NOT_AUTHENTICATED, "m", 401, rialto_model::RequestId::from_random([0; 16]));
        assert!(Response::fail(2, error).to_json().starts_with(r#"{"status":"FAIL","seq_reply":2,"error":{"id":"#));
    }

    #[test]
    fn tokens_are_not_printed() {
        let request = Request::decode(r#"{"seq":1,"action":"authentication_challenge","data":{"token":"secret"}}"#);
        assert!(!format!("{request:?}").contains("secret"));
    }
}
