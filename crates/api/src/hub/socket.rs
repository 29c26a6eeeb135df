//! One client's socket: the upgrade, the sign-in, and then sending, listening and watching for silence.
//!
//! What a client may make us hold is bounded: 8,192 bytes of a message, no fragments beyond that, no compression, a
//! queue of 256 events; whoever reads too slowly is dropped and never makes anybody else wait (client-api 9.1, G-27).

use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rialto_app::{StoreError, frames, sessions};
use rialto_model::{ConnectionId, SessionId, UserId};
use rialto_wire::ws;
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::connection::Ended;
use super::requests::{self, Requester};
use super::{Command, Entry, Hub, Registration};
use crate::ApiError;
use crate::extract::presented_token;

/// Until a socket must have signed in.
const SIGN_IN: Duration = Duration::from_secs(5);
/// Between pings.
const PING: Duration = Duration::from_secs(60);
/// Silence after which a client counts as gone.
const SILENCE: Duration = Duration::from_secs(100);
/// Longest a write may take.
const WRITE: Duration = Duration::from_secs(30);
/// Events written before the socket is flushed.
const BURST: usize = 32;
/// Bytes a socket reads at once; most of a thousand sockets are idle most of the time.
const READ_BUFFER: usize = 4 * 1024;

/// What clients say when they connect.
#[derive(Debug, Deserialize)]
struct ConnectQuery {
    #[serde(default)]
    connection_id: String,
    #[serde(default)]
    sequence_number: String,
}

impl ConnectQuery {
    /// None if the client makes no sense (client-api 9.3).
    fn entry(&self) -> Option<Entry> {
        if self.connection_id.is_empty() {
            return Some(Entry::Fresh);
        }
        let id = ConnectionId::parse(&self.connection_id).ok()?;
        Some(Entry::Resume(id, self.sequence_number.parse().ok()?))
    }
}

/// The route clients connect to, whole; the only one a slash may follow (client-api 1.1).
pub fn routes(hub: Hub) -> Router {
    Router::new().route("/api/v4/websocket", get(connect)).route("/api/v4/websocket/", get(connect)).with_state(hub)
}

async fn connect(
    State(hub): State<Hub>,
    headers: HeaderMap,
    query: Query<ConnectQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.ok().filter(|_| origin_allowed(&hub, &headers)).ok_or_else(|| {
        ApiError::bad_request("api.web_socket.connect.upgrade.app_error", "The connection cannot become a websocket.")
    })?;
    let who = match credential(&headers) {
        Some(token) => sign_in(&hub, &token).await?,
        None => None,
    };
    let entry = query.entry();
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(READ_BUFFER)
        .max_message_size(ws::MAX_REQUEST)
        .max_frame_size(ws::MAX_REQUEST);
    Ok(upgrade.on_upgrade(move |socket| serve(hub, Socket::new(socket), who, entry)))
}

async fn sign_in(hub: &Hub, token: &str) -> Result<Option<(UserId, SessionId)>, StoreError> {
    let found = sessions::authenticate(&hub.app, token).await?;
    Ok(found.map(|found| (found.session.user_id, found.session.id)))
}

/// Browsers say which page connects; a page of another site must not ride on the cookie (G-27).
fn origin_allowed(hub: &Hub, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let is_ours = |address: &str| address.eq_ignore_ascii_case(origin);
    let settings = hub.app.settings.get();
    let site = settings.site_url.as_deref().is_some_and(|url| is_ours(site_origin(url)));
    let host = text(header::HOST)
        .is_some_and(|host| ["http", "https"].iter().any(|scheme| is_ours(&format!("{scheme}://{host}"))));
    site || host
}

/// Scheme, host and port of an address.
fn site_origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}

/// The token a socket presents with the upgrade. The cookie counts only beside an `Origin`, which every browser sends:
/// without it nothing tells whose page connects.
fn credential(headers: &HeaderMap) -> Option<String> {
    let presented = presented_token(headers).filter(|token| !token.by_cookie || headers.contains_key(header::ORIGIN));
    presented.map(|token| token.text.to_owned())
}

/// Why a socket is done for.
struct Gone;

struct Socket {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
}

impl Socket {
    fn new(socket: WebSocket) -> Self {
        let (sink, stream) = socket.split();
        Self { sink, stream }
    }

    async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), Gone> {
        let sink = &mut self.sink;
        let sending = async move {
            for message in messages {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        match timeout(WRITE, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn send_response(&mut self, response: &ws::Response) -> Result<(), Gone> {
        self.send([Message::Text(response.to_json().into())]).await
    }

    /// The next text; None for what keeps the socket alive and says nothing else.
    async fn next(&mut self) -> Result<Option<Utf8Bytes>, Gone> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            // Binary frames are MessagePack, which only plugins of Mattermost speak.
            Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => Err(Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // The other side may be gone already.
        let _ = self.send([Message::Close(Some(frame))]).await;
    }
}

async fn serve(hub: Hub, mut socket: Socket, who: Option<(UserId, SessionId)>, entry: Option<Entry>) {
    let Some(entry) = entry else { return socket.close(close_code::POLICY, "bad connection").await };
    let mut challenge = None;
    let who = match who {
        Some(who) => who,
        None => match timeout(SIGN_IN, await_challenge(&hub, &mut socket)).await {
            Ok(Ok((who, seq))) => {
                challenge = Some(seq);
                who
            }
            Ok(Err(Gone)) | Err(_) => return socket.close(close_code::POLICY, "not signed in").await,
        },
    };
    let Some(registration) = hub.register(who.0, who.1, entry).await else {
        return socket.close(close_code::POLICY, "not signed in").await;
    };
    // Giving up ends the hold on the connection; it can be resumed then.
    let _ = attend(&hub, &mut socket, registration, who, challenge).await;
}

/// Waits for the message that signs in. Everything else is refused, and a wrong token ends the socket.
async fn await_challenge(hub: &Hub, socket: &mut Socket) -> Result<((UserId, SessionId), i64), Gone> {
    loop {
        let Some(text) = socket.next().await? else { continue };
        let refusal = match ws::Request::decode(text.as_str()) {
            Ok(ws::Request { seq, action: ws::Action::AuthenticationChallenge { token } }) => {
                return match sign_in(hub, &token).await {
                    Ok(Some(who)) => Ok((who, seq)),
                    Ok(None) | Err(_) => Err(Gone),
                };
            }
            Ok(request) => requests::not_authenticated(&hub.app, request.seq),
            Err(error) => requests::refusal(&hub.app, error),
        };
        socket.send_response(&refusal).await?;
    }
}

async fn attend(
    hub: &Hub,
    socket: &mut Socket,
    registration: Registration,
    (user, session): (UserId, SessionId),
    challenge: Option<i64>,
) -> Result<(), Gone> {
    let connection = &registration.connection;
    let mut requester = Requester::new(hub.clone(), user, session);
    let ended = connection.ended();
    tokio::pin!(ended);
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_heard = Instant::now();
    // `hello` comes before the answer to the challenge, as clients know it.
    let mut frames_first = true;
    let mut owed = challenge.map(ws::Response::ok);
    loop {
        if std::mem::take(&mut frames_first) {
            send_frames(socket, &registration).await?;
        }
        if let Some(response) = owed.take() {
            tokio::select! {
                why = &mut ended => return say_goodbye(socket, why).await,
                sent = socket.send_response(&response) => sent?,
            }
        }
        tokio::select! {
            why = &mut ended => return say_goodbye(socket, why).await,
            () = connection.ready() => tokio::select! {
                why = &mut ended => return say_goodbye(socket, why).await,
                sent = send_frames(socket, &registration) => sent?,
            },
            heard = socket.next() => {
                last_heard = Instant::now();
                if let Some(text) = heard? {
                    owed = requester.answer(text.as_str()).await;
                }
            }
            _ = ping.tick() => {
                if last_heard.elapsed() >= SILENCE {
                    return Err(Gone);
                }
                // Sign-ins also end by time, of which the log says nothing.
                if let Ok(None) = frames::actor(&hub.app, &user, &session).await {
                    hub.command(Command::Revoke(std::sync::Arc::clone(connection)));
                }
                socket.send([Message::Ping(Default::default())]).await?;
            }
        }
    }
}

async fn send_frames(socket: &mut Socket, registration: &Registration) -> Result<(), Gone> {
    loop {
        let frames = registration.connection.take(BURST);
        if frames.is_empty() {
            return Ok(());
        }
        socket.send(frames.into_iter().map(Message::Text)).await?;
    }
}

async fn say_goodbye(socket: &mut Socket, why: Ended) -> Result<(), Gone> {
    let (code, reason) = match why {
        Ended::Revoked => (close_code::POLICY, "signed out"),
        Ended::Behind => (close_code::AGAIN, "too far behind"),
        Ended::Expired | Ended::Crowded => (close_code::POLICY, "too many connections"),
        Ended::Restart => (close_code::AWAY, "restarting"),
    };
    socket.close(code, reason).await;
    Err(Gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_site_is_its_scheme_host_and_port() {
        assert_eq!(site_origin("https://chat.example/sub/path"), "https://chat.example");
        assert_eq!(site_origin("http://localhost:8065"), "http://localhost:8065");
    }

    #[test]
    fn a_client_that_makes_no_sense_is_told_apart_from_a_new_one() {
        let entry = |id: &str, seq: &str| {
            ConnectQuery { connection_id: id.to_owned(), sequence_number: seq.to_owned() }.entry()
        };
        let id = "kkkkkkkkkkkkkkkkkkkkkkkkkk";
        assert!(matches!(entry("", ""), Some(Entry::Fresh)));
        assert!(matches!(entry("", "x"), Some(Entry::Fresh)));
        assert!(matches!(entry(id, "7"), Some(Entry::Resume(_, 7))));
        for (id, seq) in [("short", "7"), (id, ""), (id, "x")] {
            assert!(entry(id, seq).is_none(), "{id} {seq}");
        }
    }
}
