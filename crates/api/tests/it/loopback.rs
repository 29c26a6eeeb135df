//! Whole servers in one process, joined by a network without sockets: everything but the wire between them is real.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request as HttpRequest, StatusCode};
use rialto_api::Api;
use rialto_app::channels::NewChannel;
use rialto_app::files::disk::Disk;
use rialto_app::settings::Settings;
use rialto_app::{App, Clock, IdSource, Keys, SessionUser, Volatile, channels, sessions as app_sessions};
use rialto_federation::transport::{Exchange, FileRequest, Request, Response, Step, Transport, TransportError};
use rialto_federation::{Federation, receive, service};
use rialto_model::{
    Channel, ChannelKind, Millis, Recorded, Session, SessionId, Team, TeamId, TeamKind, TeamMember, UserId,
};
use rialto_store::log::Tail;
use rialto_store::{Db, sessions, team_members, teams, users};
use rialto_wire::federation::{ID_HEADER, TOKEN_HEADER};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::world::user_row;

/// No test waits this long unless it fails.
const LONG: Duration = Duration::from_secs(20);

/// What answers at an address.
#[derive(Clone)]
pub enum Site {
    /// A server.
    Up(Router),
    /// The same answer to everything.
    Says(u16, &'static str),
    /// No answer, for this reason.
    Fails(Step, &'static str),
    /// A proxy leads whoever calls to this place.
    Leads(&'static str),
}

/// The network: servers by site URL, with one clock for all. Nobody listens anywhere else.
#[derive(Clone)]
pub struct Net {
    sites: Arc<Mutex<HashMap<String, Site>>>,
    clock: Clock,
}

impl Default for Net {
    fn default() -> Self {
        Self { sites: Arc::default(), clock: Clock::manual(Millis(1_790_000_000_000)) }
    }
}

impl Net {
    /// Puts something at an address; what was there before comes back.
    pub fn set(&self, url: &str, site: Site) -> Option<Site> {
        self.sites.lock().unwrap().insert(url.to_owned(), site)
    }
}

impl Transport for Net {
    fn send_file(&self, _request: FileRequest) -> Exchange<'_> {
        let detail = "no files on this network".to_owned();
        Box::pin(std::future::ready(Err(TransportError { step: Step::Connect, detail })))
    }

    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(async move {
            let fails = |step, detail: &str| TransportError { step, detail: detail.to_owned() };
            let site = self.sites.lock().unwrap().get(request.site_url.as_str()).cloned();
            let router = match site {
                None => return Err(fails(Step::Connect, "the connection was refused")),
                Some(Site::Fails(step, detail)) => return Err(fails(step, detail)),
                Some(Site::Says(status, body)) => {
                    return Ok(Response { status, body: body.as_bytes().to_vec(), ..Response::default() });
                }
                Some(Site::Leads(to)) => {
                    return Ok(Response { status: 302, location: Some(to.to_owned()), ..Response::default() });
                }
                Some(Site::Up(router)) => router,
            };
            let http = HttpRequest::builder()
                .method(Method::POST)
                .uri(request.path)
                .header(ID_HEADER, request.remote_id.as_str())
                .header(TOKEN_HEADER, &request.token)
                .header("Content-Type", "application/json")
                .body(Body::from(request.body))
                .unwrap();
            // In a task of its own, as on another machine: the stack of the one who asks has no part in it.
            let answer = tokio::spawn(router.oneshot(http)).await.unwrap().unwrap();
            let status = answer.status().as_u16();
            let version = answer.headers().get("x-version-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec();
            Ok(Response { status, version, body, ..Response::default() })
        })
    }
}

/// One organisation's server: API, senders, pingers, receiver, SQLite.
pub struct Organisation {
    pub app: App,
    pub site: String,
    pub router: Router,
    pub team: TeamId,
    pub admin: Person,
    asleep: Mutex<Option<Asleep>>,
    dir: tempfile::TempDir,
}

/// What senders and pingers need to run.
struct Asleep {
    federation: Federation,
    events: mpsc::Receiver<Arc<[Recorded]>>,
}

/// Somebody signed in.
pub struct Person {
    pub id: UserId,
    pub token: String,
    pub actor: SessionUser,
}

impl Organisation {
    /// Starts a server at `https://NAME.example` with a team called like it and an administrator.
    pub async fn start(net: &Net, name: &str, seed: u64) -> Organisation {
        let organisation = Organisation::start_asleep(net, name, seed).await;
        organisation.wake();
        organisation
    }

    /// Lets senders and pingers run.
    pub fn wake(&self) {
        let Asleep { federation, events } = self.asleep.lock().unwrap().take().expect("it is asleep");
        tokio::spawn(service::run(federation, events, "one".to_owned()));
    }

    /// Like [`Organisation::start`], but it only answers: nothing is sent before [`Organisation::wake`].
    pub async fn start_asleep(net: &Net, name: &str, seed: u64) -> Organisation {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&dir.path().join("test.db")).unwrap();
        let site = format!("https://{name}.example");
        let mut settings = Settings { site_url: Some(site.clone()), ..Settings::default() };
        settings.workspaces.enable_shared_channels = true;
        let [byte, ..] = seed.to_le_bytes();
        let app = App::open(
            db.clone(),
            Keys::new([byte; 32]),
            Disk::scratch(),
            settings,
            net.clock.clone(),
            IdSource::seeded(seed),
        )
        .await
        .unwrap();
        let federation = Federation::new(app.clone(), Arc::new(net.clone()));
        let router = rialto_api::router(Api::new(federation.clone()), receive::routes(federation.clone()));
        net.set(&site, Site::Up(router.clone()));

        let mut tail = Tail::at_head(db).await.unwrap();
        app.bus.settle(tail.cursor());
        let (events, received) = mpsc::channel(10_000);
        let asleep = Mutex::new(Some(Asleep { federation, events: received }));
        let bus = app.bus.clone();
        tokio::spawn(async move {
            while let Ok(batch) = tail.next().await {
                let last = batch.last().unwrap().seq;
                bus.settle(last);
                if events.send(batch.into()).await.is_err() {
                    return;
                }
            }
        });
        let team = make_team(&app, name, true).await;
        let admin = make_person(&app, team, "root", "system_admin system_user").await;
        Organisation { app, site, router, team, admin, asleep, dir }
    }

    /// Where the database is.
    pub fn data(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Somebody of the team.
    pub async fn person(&self, name: &str, roles: &str) -> Person {
        make_person(&self.app, self.team, name, roles).await
    }

    /// Another team, without members.
    pub async fn another_team(&self, name: &str) -> TeamId {
        make_team(&self.app, name, false).await
    }

    /// A public channel of the administrator's.
    pub async fn channel(&self, name: &str) -> Channel {
        let new = NewChannel {
            team: self.team,
            kind: ChannelKind::Public,
            name: name.to_owned(),
            display_name: name.to_owned(),
            header: String::new(),
            purpose: String::new(),
        };
        channels::create(&self.app, &self.admin.actor, new).await.unwrap()
    }

    /// Changes settings while the server runs.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.app.settings.get()).clone();
        change(&mut settings);
        self.app.settings.set(settings);
    }

    /// A request as a client sends it; status and body.
    pub async fn call(&self, person: &Person, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = HttpRequest::builder()
            .method(method)
            .uri(format!("/api/v4{path}"))
            .header("Authorization", format!("Bearer {}", person.token))
            .header("Content-Type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// The administrator's command in a channel; the text of the answer.
    pub async fn command(&self, channel: &Channel, line: &str) -> String {
        self.command_of(&self.admin, channel, line).await
    }

    /// A command; the text of the answer. Checks that the answer came as an event too, once and to its author alone.
    pub async fn command_of(&self, person: &Person, channel: &Channel, line: &str) -> String {
        let mut news = self.app.bus.volatile();
        let body = json!({ "command": line, "channel_id": channel.id });
        let (status, answer) = self.call(person, Method::POST, "/commands/execute", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["response_type"], "ephemeral", "{answer}");
        let text = answer["text"].as_str().unwrap().to_owned();
        let mut told = 0;
        while let Ok(news) = news.try_recv() {
            if let Volatile::Ephemeral { user, channel: place, root: None, message } = news
                && message == text
            {
                assert_eq!((user, place), (person.id, channel.id));
                told += 1;
            }
        }
        assert_eq!(told, 1, "{text}");
        text
    }

    /// Waits until `condition` holds. It is looked at again whenever the log has grown, and now and then besides: what
    /// a sender notes of its progress is no event.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let mut settled = self.app.bus.settled();
        let met = async {
            loop {
                settled.borrow_and_update();
                if condition().await {
                    return;
                }
                let _ = tokio::time::timeout(Duration::from_millis(20), settled.changed()).await;
            }
        };
        assert!(tokio::time::timeout(LONG, met).await.is_ok(), "waited in vain until {what}");
    }
}

async fn make_team(app: &App, name: &str, open: bool) -> TeamId {
    let team = Team {
        id: app.ids.id(TeamId::from_random),
        create_at: app.clock.now(),
        update_at: app.clock.now(),
        delete_at: None,
        name: name.to_owned(),
        display_name: format!("Team {name}"),
        description: String::new(),
        email: String::new(),
        kind: if open { TeamKind::Open } else { TeamKind::Invite },
        allow_open_invite: open,
        invite_id: app.ids.token(),
    };
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    teams::insert(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    team.id
}

async fn make_person(app: &App, team: TeamId, name: &str, roles: &str) -> Person {
    let now = app.clock.now();
    let id = app.ids.id(UserId::from_random);
    let mut tx = app.db.begin(now).await.unwrap();
    users::insert(&mut tx, &user_row(id, name, roles, now), "").await.unwrap();
    let member = TeamMember {
        team_id: team,
        user_id: id,
        create_at: now,
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    };
    team_members::insert(&mut tx, &member).await.unwrap();
    let token = app.ids.token();
    let session = Session {
        id: app.ids.id(SessionId::from_random),
        user_id: id,
        create_at: now,
        expires_at: Millis(now.0 + 30 * 86_400_000),
        csrf: app.ids.token(),
        device_id: String::new(),
        last_activity_at: now,
    };
    sessions::insert(&mut tx, &session, &app.keys.hash_token(&token)).await.unwrap();
    tx.commit().await.unwrap();
    let actor = app_sessions::authenticate(app, &token).await.unwrap().unwrap().actor;
    Person { id, token, actor }
}

/// The invitation code in an answer: its longest run of base64url (ruling 68).
pub fn code_in(text: &str) -> String {
    let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let longest = runs.max_by_key(|run| run.len()).unwrap();
    assert!(longest.len() > 200, "no code in {text}");
    longest.to_owned()
}

/// The cells of the row whose first cell is `first`, by the names in the header.
#[track_caller]
pub fn row(text: &str, first: &str) -> HashMap<String, String> {
    let mut lines = text.lines().filter(|line| line.starts_with('|'));
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let header = cells(lines.next().unwrap_or_else(|| panic!("no table in {text}")));
    let found = lines.map(cells).find(|row| row[0] == first).unwrap_or_else(|| panic!("no row {first} in {text}"));
    assert_eq!(found.len(), header.len(), "{text}");
    header.into_iter().zip(found).collect()
}
