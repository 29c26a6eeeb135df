//! A scripted peer: an HTTP server that speaks the server-to-server wire as a real Mattermost of one of two versions.
//!
//! It keeps a small world of its own (people, channels, posts, reactions) by that version's rules, so that a test can
//! check what the other side ended up with; it records every request; and it can be told to misbehave. Its source is
//! `federation-wire`, section numbers are given where a rule lives.

pub mod author;
mod connection;
mod faults;
mod line;
mod manners;
mod receive;
mod routes;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::extract::connect_info::MockConnectInfo;
use axum::http::HeaderMap;
use serde_json::Value;

pub use connection::{Link, Refused};
pub use faults::{Fault, On};
pub use world::{Copy, Person, Post, World};

use crate::client::{Answer, http_client};
use crate::server::free_port;
use crate::wait::{SHORT, wait_for};

/// Whose behaviour a peer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Mattermost 5.37: scrypt codes without a version, no token rotation, no link check.
    Mattermost537,
    /// Mattermost 11.6: PBKDF2 codes of version 3, rotation, frames up to 300,512 bytes, toggling reactions.
    Mattermost116,
}

impl Profile {
    /// What it says in `X-Version-Id` (wire 3.12).
    pub fn version_id(self) -> &'static str {
        match self {
            Self::Mattermost537 => "5.37.0..fe7e9bab4d58272bb0a3596cf73d9a54.true",
            Self::Mattermost116 => "11.6.0.11.6.0.7b6f0a4fe2c54f1d9a0a1f9f5f6f7c80.true",
        }
    }

    /// The largest body of ping, message and confirmation, in bytes, and the status beyond it (wire 3.10).
    fn body_limit(self) -> (usize, u16) {
        match self {
            Self::Mattermost537 => (100 * 1024 * 1024 + 512, 400),
            Self::Mattermost116 => (300_512, 413),
        }
    }
}

/// A request our server sent to the peer.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its body was complete.
    pub at: Instant,
    /// The path after `/api/v4/remotecluster`.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Vec<u8>,
    /// Its body as JSON, or null.
    pub json: Value,
    /// The status it was answered with, or nothing if it was not answered.
    pub answered: Option<u16>,
}

impl Request {
    /// Topic of the frame, or nothing.
    pub fn topic(&self) -> &str {
        self.json["msg"]["topic"].as_str().unwrap_or_default()
    }

    /// Payload of the frame, or null.
    pub fn payload(&self) -> &Value {
        &self.json["msg"]["payload"]
    }

    /// A header as text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The ids of the posts it carries, in order, repetitions included.
    pub fn post_ids(&self) -> Vec<String> {
        let posts = self.payload()["posts"].as_array().map(Vec::as_slice).unwrap_or_default();
        posts.iter().map(|post| crate::client::text(&post["id"])).collect()
    }
}

#[derive(Default)]
struct State {
    links: Vec<Link>,
    world: World,
    requests: Vec<Request>,
    rules: Vec<faults::Rule>,
    /// Message frames being handled right now, and the most there ever were.
    in_flight: (usize, usize),
    /// Rules that our server broke.
    breaches: Vec<String>,
}

struct Shared {
    profile: Profile,
    port: u16,
    site: String,
    team: String,
    state: Mutex<State>,
    http: reqwest::Client,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn url(&self) -> String {
        self.site.clone()
    }
}

/// A running peer. It has threads of its own, so that stopping it closes its sockets as the end of a process would.
pub struct Peer {
    shared: Arc<Shared>,
    running: Option<tokio::runtime::Runtime>,
}

impl Peer {
    /// Starts a peer that knows nobody.
    pub async fn start(profile: Profile) -> Self {
        let port = free_port();
        let mut peer = Self::made(profile, port, format!("http://127.0.0.1:{port}"));
        peer.go_up().await;
        peer
    }

    /// A peer that listens nowhere: a test hands it requests by its [`Peer::routes`], and speaks for it itself.
    pub fn unplugged(profile: Profile, site: &str) -> Self {
        Self::made(profile, 0, site.to_owned())
    }

    fn made(profile: Profile, port: u16, site: String) -> Self {
        let team = crate::ids::fresh();
        let shared = Arc::new(Shared { profile, port, site, team, state: Mutex::default(), http: http_client() });
        Self { shared, running: None }
    }

    /// What answers its requests, for networks without sockets. A lost answer there is the network's to lose.
    pub fn routes(&self) -> axum::Router {
        routes::routes(Arc::clone(&self.shared)).layer(MockConnectInfo(line::Line::default()))
    }

    /// Starts listening again after [`Peer::go_down`], on the same port and with everything it knew.
    pub async fn go_up(&mut self) {
        assert!(self.running.is_none(), "the peer is up");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        runtime.spawn(routes::serve(Arc::clone(&self.shared), ready));
        self.running = Some(runtime);
        is_ready.await.expect("the peer listens");
    }

    /// Ends it as a crash would: open connections break, new ones are refused.
    pub fn go_down(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }

    /// Its site URL.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// Whose behaviour it shows.
    pub fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// The id of its team, which it tells as `remote_team_id` if its version does.
    pub fn team(&self) -> &str {
        &self.shared.team
    }

    /// Everything our server has sent so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// The frames of one topic so far.
    pub fn frames(&self, topic: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.topic() == topic).collect()
    }

    /// Forgets the requests so far, to look only at what comes next.
    pub fn forget_requests(&self) {
        self.shared.state().requests.clear();
    }

    /// The most message frames that were ever in its hands at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.shared.state().in_flight.1
    }

    /// The rules our server has broken so far, taken out; what is left when the peer is dropped fails the test.
    pub fn take_breaches(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().breaches)
    }

    /// Waits for a request that `fits`, come already or not.
    pub async fn wait_request(&self, what: &str, fits: impl Fn(&Request) -> bool) -> Request {
        wait_for(what, SHORT, async || self.requests().into_iter().find(|request| fits(request))).await
    }

    /// What it holds now.
    pub fn world(&self) -> World {
        self.shared.state().world.clone()
    }

    /// Changes what it holds, for set-ups that the wire does not allow.
    pub fn change_world(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.shared.state().world);
    }

    /// Waits until what it holds satisfies `fits`.
    pub async fn wait_world(&self, what: &str, fits: impl Fn(&World) -> bool) {
        wait_for(&format!("the peer to hold {what}"), SHORT, async || fits(&self.shared.state().world).then_some(()))
            .await;
    }

    /// Waits until it holds a live post with exactly this text, and returns it.
    pub async fn see(&self, message: &str) -> Post {
        let what = format!("the peer to hold a post {message:?}");
        wait_for(&what, SHORT, async || self.shared.state().world.find(message).cloned()).await
    }

    /// Misbehaves for the next `times` requests that fit.
    pub fn misbehave(&self, on: On, times: usize, fault: Fault) {
        self.shared.state().rules.push(faults::Rule { on, remaining: times, fault });
    }

    /// Behaves from now on; what hangs goes on hanging.
    pub fn behave(&self) {
        self.shared.state().rules.clear();
    }

    /// Sends a request to our server as it is: any path below `/api/v4/remotecluster`, headers and body.
    pub async fn raw(&self, site_url: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let sent = self.try_raw(site_url, path, headers, body).await;
        sent.unwrap_or_else(|error| panic!("{path} of {site_url}: {error}"))
    }

    /// As [`Peer::raw`].
    ///
    /// # Errors
    /// If no complete answer comes.
    pub async fn try_raw(
        &self,
        site_url: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        // A line that the server closes on a large body must not be met again by the next request.
        let http = if body.len() > 1024 * 1024 { http_client() } else { self.shared.http.clone() };
        let mut request = http.post(format!("{site_url}/api/v4/remotecluster{path}")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(format!("POST {path}"), request.send().await?).await
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let requests = self.requests();
            eprintln!("--- the peer at {} was sent {} requests, at last:", self.url(), requests.len());
            for request in requests.iter().rev().take(12).rev() {
                let body: String = String::from_utf8_lossy(&request.body).chars().take(400).collect();
                eprintln!("{} -> {:?}: {body}", request.path, request.answered);
            }
        }
        self.go_down();
        let breaches = std::mem::take(&mut self.shared.state().breaches);
        if !std::thread::panicking() {
            assert!(breaches.is_empty(), "our server sent what it must not:\n{}", breaches.join("\n"));
        }
    }
}
