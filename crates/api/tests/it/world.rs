//! A server with people, and clients that talk to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http;
use futures_util::{SinkExt, StreamExt};
use rialto_api::Api;
use rialto_api::hub::{self, Hub, Sources};
use rialto_app::channels::NewChannel;
use rialto_app::files::disk::Disk;
use rialto_app::posts::NewPost;
use rialto_app::{App, Clock, IdSource, Keys, SessionUser, Settings, channels, frames, posts};
use rialto_federation::Federation;
use rialto_federation::transport::{Exchange, FileRequest, Request, Step, Transport, TransportError};
use rialto_model::{
    Channel, ChannelKind, Millis, Post, Session, SessionId, Team, TeamId, TeamKind, TeamMember, User, UserId,
};
use rialto_store::log::Tail;
use rialto_store::{Db, sessions, team_members, teams, users};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt;

/// No test waits this long unless it fails.
const LONG: Duration = Duration::from_secs(20);

/// A server.
pub struct World {
    pub app: App,
    pub address: std::net::SocketAddr,
    pub router: Router,
    pub team: TeamId,
    _dir: tempfile::TempDir,
}

/// These servers have no peers.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _request: Request) -> Exchange<'_> {
        Box::pin(async { Err(TransportError { step: Step::Connect, detail: "no network".to_owned() }) })
    }

    fn send_file(&self, _request: FileRequest) -> Exchange<'_> {
        Box::pin(async { Err(TransportError { step: Step::Connect, detail: "no network".to_owned() }) })
    }
}

/// Somebody signed in.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    pub token: String,
    pub session: SessionId,
    pub actor: SessionUser,
}

impl World {
    pub async fn start() -> World {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&dir.path().join("test.db")).unwrap();
        // Servers of one test must not have the same identity.
        static SEEDS: AtomicU64 = AtomicU64::new(1);
        let seed = SEEDS.fetch_add(1, Ordering::Relaxed);
        let clock = Clock::manual(Millis(1_790_000_000_000));
        let app = App::open(
            db.clone(),
            Keys::new([7; 32]),
            Disk::scratch(),
            Settings::default(),
            clock,
            IdSource::seeded(seed),
        )
        .await;
        let app = app.unwrap();
        let mut tail = Tail::at_head(db).await.unwrap();
        let (batches, log) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok(batch) = tail.next().await {
                if batches.send(batch.into()).await.is_err() {
                    return;
                }
            }
        });
        let hub = Hub::start(app.clone(), Sources { log, version: Arc::new(|| "11.6.0.test".to_owned()) });
        let router = rialto_api::router(Api::new(Federation::new(app.clone(), Arc::new(NoNetwork))), hub::routes(hub));
        let service = router.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let team = make_team(&app).await;
        World { app, address, router, team, _dir: dir }
    }

    /// A member of the team, signed in.
    pub async fn person(&self, name: &str, roles: &str) -> Person {
        let app = &self.app;
        let id = app.ids.id(UserId::from_random);
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        users::insert(&mut tx, &user_row(id, name, roles, app.clock.now()), "").await.unwrap();
        tx.commit().await.unwrap();
        self.join_team(&id).await;
        self.sign_in(id).await
    }

    pub async fn join_team(&self, id: &UserId) {
        let app = &self.app;
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        let member = TeamMember {
            team_id: self.team,
            user_id: *id,
            create_at: app.clock.now(),
            delete_at: None,
            scheme_admin: false,
            scheme_user: true,
            scheme_guest: false,
        };
        team_members::insert(&mut tx, &member).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// One more sign-in of somebody.
    pub async fn sign_in(&self, id: UserId) -> Person {
        let app = &self.app;
        let (session, token) = (app.ids.id(SessionId::from_random), app.ids.token());
        let row = Session {
            id: session,
            user_id: id,
            create_at: app.clock.now(),
            expires_at: Millis(app.clock.now().0 + 86_400_000),
            csrf: app.ids.token(),
            device_id: String::new(),
            last_activity_at: app.clock.now(),
        };
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        sessions::insert(&mut tx, &row, &app.keys.hash_token(&token)).await.unwrap();
        tx.commit().await.unwrap();
        let (actor, _) = frames::actor(app, &id, &session).await.unwrap().unwrap();
        Person { id, token, session, actor }
    }

    pub async fn channel(&self, maker: &Person, name: &str, kind: ChannelKind) -> Channel {
        let new = NewChannel {
            team: self.team,
            kind,
            name: name.to_owned(),
            display_name: name.to_owned(),
            header: String::new(),
            purpose: String::new(),
        };
        channels::create(&self.app, &maker.actor, new).await.unwrap()
    }

    pub async fn post(&self, author: &Person, channel: &Channel, message: &str) -> Post {
        let new = NewPost {
            message: message.to_owned(),
            pending_post_id: format!("{}:{message}", author.id),
            ..NewPost::default()
        };
        posts::create(&self.app, &author.actor, &channel.id, new).await.unwrap()
    }

    /// Connects with a token in the header.
    pub async fn connect(&self, person: &Person) -> Client {
        self.connect_with("", &[("authorization", &format!("Bearer {}", person.token))]).await.unwrap()
    }

    /// Connects as somebody who was connected before.
    pub async fn reconnect(&self, person: &Person, connection: &str, next_seq: i64) -> Client {
        let query = format!("?connection_id={connection}&sequence_number={next_seq}");
        self.connect_with(&query, &[("authorization", &format!("Bearer {}", person.token))]).await.unwrap()
    }

    pub async fn connect_with(&self, query: &str, headers: &[(&'static str, &str)]) -> Result<Client, Error> {
        let url = format!("ws://{}/api/v4/websocket{query}", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        connect_async(request).await.map(|(socket, _)| Client { socket, kept: VecDeque::new(), next_seq: 0 })
    }
}

async fn make_team(app: &App) -> TeamId {
    let team = Team {
        id: app.ids.id(TeamId::from_random),
        create_at: app.clock.now(),
        update_at: app.clock.now(),
        delete_at: None,
        name: "team".to_owned(),
        display_name: "Team".to_owned(),
        description: String::new(),
        email: String::new(),
        kind: TeamKind::Open,
        allow_open_invite: true,
        invite_id: app.ids.token(),
    };
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    teams::insert(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    team.id
}

pub fn user_row(id: UserId, name: &str, roles: &str, now: Millis) -> User {
    User {
        id,
        create_at: now,
        update_at: now,
        delete_at: None,
        username: name.to_owned(),
        email: format!("{name}@canary.example"),
        email_verified: true,
        nickname: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        position: String::new(),
        roles: roles.to_owned(),
        locale: "en".to_owned(),
        timezone: BTreeMap::new(),
        props: BTreeMap::new(),
        notify_props: rialto_model::user::default_notify_props(),
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot: false,
        bot_description: String::new(),
        last_password_update: now,
        picture_at: Millis(0),
    }
}

/// A client's socket. Checks that events are numbered without gaps.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Read, but not looked at.
    kept: VecDeque<Value>,
    pub next_seq: i64,
}

impl Client {
    /// The next message; None once the socket is closed.
    async fn message(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(LONG, self.socket.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next event.
    pub async fn event(&mut self) -> Value {
        loop {
            let message = match self.kept.pop_front() {
                Some(message) => message,
                None => self.message().await.expect("the socket is open"),
            };
            if let Some(seq) = message.get("seq") {
                assert_eq!(seq, self.next_seq, "a gap before {message}");
                self.next_seq += 1;
                return message;
            }
        }
    }

    /// The next event called `name`, and the names of those before it; the client's own presence, which comes when it
    /// comes, is not among them.
    pub async fn until(&mut self, name: &str) -> (Value, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let event = self.event().await;
            let found = event["event"].as_str().unwrap().to_owned();
            if found == name {
                return (event, before);
            }
            if found != "status_change" {
                before.push(found);
            }
        }
    }

    /// The post in the next `posted`.
    pub async fn posted(&mut self) -> Value {
        inner(&self.until("posted").await.0, "post")
    }

    /// Sends a request and waits for its response, keeping events for later.
    pub async fn ask(&mut self, request: Value) -> Value {
        self.send(&request.to_string()).await;
        loop {
            let message = self.message().await.expect("the socket is open");
            if message.get("seq_reply").is_some() {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Reads on until the server closes; what came before.
    pub async fn closed(mut self) -> Vec<Value> {
        let mut last = Vec::new();
        while let Some(message) = self.message().await {
            last.push(message);
        }
        last
    }

    /// Vanishes without a word.
    pub fn vanish(self) {
        drop(self);
    }
}

/// The JSON inside a text member of an event.
pub fn inner(event: &Value, member: &str) -> Value {
    serde_json::from_str(event["data"][member].as_str().unwrap()).unwrap()
}

impl World {
    /// Comes back to a connection, as soon as the server has noticed that its last socket is gone.
    pub async fn resume(&self, person: &Person, connection: &str, next_seq: i64) -> Client {
        loop {
            let mut client = self.reconnect(person, connection, next_seq).await;
            client.next_seq = next_seq;
            if client.is_resumed().await {
                return client;
            }
        }
    }

    /// Waits until somebody's presence is `word`: `online` once the server has their first socket, `offline` once it
    /// has noticed that the last one is gone.
    pub async fn until_presence(&self, person: &Person, word: &str) {
        while rialto_app::statuses::get(&self.app, &person.id).await.unwrap().status != word {
            tokio::task::yield_now().await;
        }
    }
}

impl Client {
    /// Whether the server goes on with a connection rather than beginning anew. Asks something, so that it works
    /// without an event too; what came in between is kept.
    pub async fn is_resumed(&mut self) -> bool {
        self.send(r#"{"seq":1,"action":"ping"}"#).await;
        loop {
            let message = self.message().await.expect("the socket is open");
            if message.get("seq_reply").is_some() {
                return true;
            }
            if message["event"] == "hello" {
                return false;
            }
            self.kept.push_back(message);
        }
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub text: String,
}

impl Answer {
    /// The body, of an answer with this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        serde_json::from_str(&self.text).unwrap()
    }

    /// The id of the error, with this status.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        let object = self.json(status);
        assert_eq!(object["status_code"], status);
        object["id"].as_str().unwrap().to_owned()
    }
}

impl World {
    /// Asks over HTTP; `null` sends no body.
    pub async fn call(&self, person: &Person, method: &str, path: &str, body: Value) -> Answer {
        self.call_with(person, method, path, body, &[]).await
    }

    /// The same with further headers.
    pub async fn call_with(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = http::Request::builder().method(method).uri(format!("/api/v4{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.header("authorization", format!("Bearer {}", person.token)).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, content_type, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Sends bytes as they are.
    pub async fn send(&self, person: &Person, path: &str, bytes: &str) -> Answer {
        let request = http::Request::builder().method("POST").uri(format!("/api/v4{path}"));
        let request = request.header("authorization", format!("Bearer {}", person.token));
        let response = self.router.clone().oneshot(request.body(Body::from(bytes.to_owned())).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, content_type, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// A file as it comes, with this `Range`; empty for none.
    pub async fn bytes(&self, person: &Person, path: &str, range: &str) -> (u16, Vec<u8>) {
        let request = http::Request::builder().uri(format!("/api/v4{path}"));
        let mut request = request.header("authorization", format!("Bearer {}", person.token));
        if !range.is_empty() {
            request = request.header("range", range);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    pub async fn get(&self, person: &Person, path: &str) -> Value {
        self.call(person, "GET", path, Value::Null).await.json(200)
    }
}
