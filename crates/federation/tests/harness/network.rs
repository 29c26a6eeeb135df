//! The network between the servers of a test: hands each request to the routes of whoever has the address, remembers
//! it, and does what a bad network does when it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request as HttpRequest;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use rialto_app::Clock;
use rialto_federation::transport::{Exchange, FileRequest, Reach, Request, Response, Step, Transport, TransportError};
use rialto_model::Millis;
use rialto_wire::federation::{ID_HEADER, TOKEN_HEADER};
use rialto_wire::site_url::SiteUrl;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tower::ServiceExt;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens at the address.
    Refused,
    /// The peer takes it, its answer is lost.
    LostAnswer,
    /// A proxy in between answers with this status; the peer never sees it.
    Status(u16),
    /// A proxy in between answers that the site is this one instead; the peer never sees it.
    Redirect(&'static str),
    /// The peer takes it, then a proxy answers with this status instead.
    StatusAfter(u16),
    /// Of a file so many bytes get through, then the connection breaks.
    Cut(usize),
    /// The peer says that it does not share the channel of the message, which it never sees.
    NotShared,
    /// Something answers OK and does not say what was applied; the peer never sees it.
    Blank,
    /// No answer until [`Network::release`]; the peer never sees it.
    Hang,
    /// The peer takes it, and has come to speak another protocol (8.1).
    Foreign,
    /// It takes so many milliseconds to get there.
    Late(u64),
    /// The peer takes it, and so many milliseconds later once more.
    Twice(u64),
    /// Nothing comes back, and so many milliseconds later the peer takes it nonetheless.
    Strayed(u64),
}

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Name of the server that made it.
    pub from: &'static str,
    /// Name of the server it was for.
    pub to: &'static str,
    /// `msg.topic`.
    pub topic: String,
    /// `msg.payload`.
    pub payload: serde_json::Value,
    /// What went wrong with it.
    pub fault: Option<Fault>,
}

impl Sent {
    /// Ids of the posts in it, in their order.
    pub fn posts(&self) -> Vec<String> {
        self.ids("posts")
    }

    /// `id` of everything in the list `member` of the payload.
    pub fn ids(&self, member: &str) -> Vec<String> {
        let list = self.payload[member].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// True if it brings content: people, posts, reactions, memberships.
    pub fn has_content(&self) -> bool {
        let filled = |member: &str| match &self.payload[member] {
            serde_json::Value::Array(list) => !list.is_empty(),
            serde_json::Value::Object(map) => !map.is_empty(),
            _ => false,
        };
        ["users", "posts", "reactions", "membership_changes", "statuses", "acknowledgements"].into_iter().any(filled)
    }
}

type Rule = Box<dyn FnMut(&Sent) -> Option<Fault> + Send>;

/// When every test begins.
pub const BEGIN: Millis = Millis(1_790_000_000_000);

/// All servers of a test and what goes on between them.
pub struct Network {
    /// The clock all servers share; it stands still between a test's actions.
    pub clock: Clock,
    sites: Mutex<HashMap<String, (&'static str, Router)>>,
    rule: Mutex<Option<Rule>>,
    log: Mutex<Vec<Sent>>,
    /// Whether requests are remembered at all.
    remembers: AtomicBool,
    /// What is on its way into each server: a server that stops does not go on with it.
    arriving: Mutex<HashMap<String, Vec<AbortHandle>>>,
    released: watch::Sender<u64>,
    never: Mutex<Vec<String>>,
}

impl Network {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::manual(BEGIN),
            sites: Mutex::default(),
            rule: Mutex::default(),
            log: Mutex::default(),
            remembers: AtomicBool::new(true),
            arriving: Mutex::default(),
            released: watch::Sender::new(0),
            never: Mutex::default(),
        })
    }

    /// Puts a server at an address.
    pub fn attach(&self, site: &str, name: &'static str, routes: Router) {
        self.sites.lock().unwrap().insert(site.to_owned(), (name, routes));
    }

    /// Takes a server away: nobody listens at its address, and what it was about to take is abandoned where it is.
    pub fn detach(&self, site: &str) {
        self.sites.lock().unwrap().remove(site);
        for task in self.arriving.lock().unwrap().remove(site).unwrap_or_default() {
            task.abort();
        }
    }

    /// Takes everybody away. Servers hold their network, which holds them: nothing of a finished run would ever be freed.
    pub fn close(&self) {
        self.sites.lock().unwrap().clear();
        *self.rule.lock().unwrap() = None;
    }

    /// Requests are not remembered any more: [`Network::log`] stays as it is.
    pub fn forget(&self) {
        self.remembers.store(false, Ordering::Relaxed);
    }

    /// Hands a request to whoever is at the address when it arrives there, in a task that ends with that server.
    async fn hand_over(self: &Arc<Self>, request: Request, after: u64) -> Result<Response, TransportError> {
        let network = Arc::clone(self);
        let site = request.site_url.as_str().to_owned();
        let (answer, answered) = oneshot::channel();
        if after > 0 {
            tokio::time::sleep(Duration::from_millis(after)).await;
        }
        let Some((_, routes)) = network.sites.lock().unwrap().get(&site).cloned() else {
            return Err(broken(Step::Connect));
        };
        let task = tokio::spawn(async move {
            let _ = answer.send(deliver(routes, request).await);
        });
        {
            let mut arriving = network.arriving.lock().unwrap();
            let tasks = arriving.entry(site).or_default();
            tasks.retain(|task| !task.is_finished());
            tasks.push(task.abort_handle());
        }
        answered.await.unwrap_or_else(|_| Err(broken(Step::Exchange)))
    }

    /// Lets a copy of a request arrive later, whatever becomes of the one who sent it.
    fn stray(self: &Arc<Self>, request: Request, after: u64) {
        let network = Arc::clone(self);
        tokio::spawn(async move {
            // Nobody waits for what is answered to it.
            let _ = network.hand_over(request, after).await;
        });
    }

    /// From now on nobody may call this address.
    pub fn forbid(&self, site: &str) {
        self.never.lock().unwrap().push(site.to_owned());
    }

    /// From now on `rule` decides what happens to each request.
    pub fn fail(&self, rule: impl FnMut(&Sent) -> Option<Fault> + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// Everything works again; hanging requests end without an answer.
    pub fn heal(&self) {
        *self.rule.lock().unwrap() = None;
        self.release();
    }

    /// Ends hanging requests without an answer.
    pub fn release(&self) {
        self.released.send_modify(|n| *n += 1);
    }

    /// Everything sent so far.
    pub fn log(&self) -> Vec<Sent> {
        self.log.lock().unwrap().clone()
    }

    /// Messages with content from one server to another since the `since`th request.
    pub fn content(&self, from: &str, to: &str, since: usize) -> Vec<Sent> {
        let log = self.log.lock().unwrap();
        log[since..].iter().filter(|sent| sent.from == from && sent.to == to && sent.has_content()).cloned().collect()
    }

    /// Number of requests so far.
    pub fn count(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    async fn exchange(self: &Arc<Self>, from: &'static str, request: Request) -> Result<Response, TransportError> {
        let found = self.sites.lock().unwrap().get(request.site_url.as_str()).cloned();
        let Some((to, _)) = found else { return Err(broken(Step::Connect)) };
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let mut sent = Sent {
            from,
            to,
            topic: body["msg"]["topic"].as_str().unwrap_or_default().to_owned(),
            payload: body["msg"]["payload"].clone(),
            fault: None,
        };
        sent.fault = self.rule.lock().unwrap().as_mut().and_then(|rule| rule(&sent));
        let fault = sent.fault;
        if self.remembers.load(Ordering::Relaxed) {
            self.log.lock().unwrap().push(sent);
        }
        let mut released = self.released.subscribe();
        match fault {
            None => self.hand_over(request, 0).await,
            Some(Fault::Late(ms)) => self.hand_over(request, ms).await,
            Some(Fault::Twice(ms)) => {
                self.stray(request.clone(), ms);
                self.hand_over(request, 0).await
            }
            Some(Fault::Strayed(ms)) => {
                self.stray(request, ms);
                Err(broken(Step::Exchange))
            }
            Some(Fault::Refused | Fault::Cut(_)) => Err(broken(Step::Connect)),
            Some(Fault::LostAnswer) => {
                self.hand_over(request, 0).await?;
                Err(broken(Step::Exchange))
            }
            Some(Fault::Status(status)) => Ok(Response { status, ..Response::default() }),
            Some(Fault::Redirect(site)) => {
                let location = Some(format!("{site}{}", request.path));
                Ok(Response { status: 301, location, ..Response::default() })
            }
            Some(Fault::NotShared) => {
                let channel = body["msg"]["payload"]["channel_id"].as_str().unwrap_or_default();
                let err = rialto_wire::federation::frame::no_longer_shared(channel);
                let answer = serde_json::json!({"status": "FAIL", "err": err, "payload": null});
                Ok(Response { status: 200, body: answer.to_string().into_bytes(), ..Response::default() })
            }
            Some(Fault::StatusAfter(status)) => {
                self.hand_over(request, 0).await?;
                Ok(Response { status, ..Response::default() })
            }
            Some(Fault::Foreign) => {
                let mut answer = self.hand_over(request, 0).await?;
                let mut body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                body["rialto"]["protocol"] = 9.into();
                body["rialto"]["min_protocol"] = 8.into();
                answer.body = body.to_string().into_bytes();
                Ok(answer)
            }
            Some(Fault::Blank) => {
                Ok(Response { status: 200, body: br#"{"status":"OK","err":""}"#.to_vec(), ..Response::default() })
            }
            Some(Fault::Hang) => {
                let _ = tokio::time::timeout(request.timeout, released.changed()).await;
                Err(broken(Step::Timeout))
            }
        }
    }
}

impl Network {
    /// A file on its way; logged under the topic `file` with the bytes that were to be sent.
    async fn exchange_file(&self, from: &'static str, request: FileRequest) -> Result<Response, TransportError> {
        let found = self.sites.lock().unwrap().get(request.site_url.as_str()).cloned();
        let Some((to, routes)) = found else { return Err(broken(Step::Connect)) };
        let topic = if request.path.ends_with("/image") { "image" } else { "file" };
        let payload = serde_json::json!({ "length": request.length, "path": request.path });
        let mut sent = Sent { from, to, topic: topic.to_owned(), payload, fault: None };
        sent.fault = self.rule.lock().unwrap().as_mut().and_then(|rule| rule(&sent));
        let fault = sent.fault;
        if self.remembers.load(Ordering::Relaxed) {
            self.log.lock().unwrap().push(sent);
        }
        let content = match fault {
            None | Some(Fault::Late(_) | Fault::Twice(_)) => request.content,
            Some(Fault::Cut(bytes)) => cut(request.content, bytes),
            Some(Fault::Status(status)) => return Ok(Response { status, ..Response::default() }),
            Some(_) => return Err(broken(Step::Connect)),
        };
        let http = HttpRequest::post(&request.path)
            .header(ID_HEADER, request.remote_id.as_str())
            .header(TOKEN_HEADER, &request.token)
            .header("Content-Length", request.length)
            .header("Content-Type", request.content_type.as_deref().unwrap_or("application/octet-stream"))
            .body(Body::from_stream(content))
            .unwrap();
        let answer = routes.oneshot(http).await.unwrap_or_else(|never| match never {});
        if matches!(fault, Some(Fault::Cut(_))) {
            return Err(broken(Step::Exchange));
        }
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 8 << 20).await.unwrap().to_vec();
        Ok(Response { status, body, ..Response::default() })
    }
}

type Content = BoxStream<'static, std::io::Result<Bytes>>;

/// The first `bytes` of a stream, then an error.
fn cut(content: Content, bytes: usize) -> Content {
    let some = content.scan(bytes, |left, chunk| {
        let part = chunk.map(|chunk| chunk.slice(..chunk.len().min(*left)));
        let went_on = *left > 0;
        *left -= part.as_ref().map_or(0, Bytes::len);
        std::future::ready(went_on.then_some(part))
    });
    some.chain(stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())])).boxed()
}

fn broken(step: Step) -> TransportError {
    TransportError { step, detail: "the network of the test is broken here".to_owned() }
}

async fn deliver(routes: Router, request: Request) -> Result<Response, TransportError> {
    let http = HttpRequest::post(request.path)
        .header(ID_HEADER, request.remote_id.as_str())
        .header(TOKEN_HEADER, &request.token)
        .header("Content-Type", "application/json")
        .body(Body::from(request.body))
        .unwrap();
    let answer = tokio::time::timeout(request.timeout, routes.oneshot(http))
        .await
        .map_err(|_| broken(Step::Timeout))?
        .unwrap_or_else(|never| match never {});
    let status = answer.status().as_u16();
    let version = answer.headers().get("x-version-id").map(|value| value.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(answer.into_body(), 8 << 20).await.unwrap().to_vec();
    Ok(Response { status, version, body, ..Response::default() })
}

/// The network as one server sees it.
pub struct Wire {
    pub network: Arc<Network>,
    pub from: &'static str,
}

impl Transport for Wire {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(self.network.exchange(self.from, request))
    }

    fn send_file(&self, request: FileRequest) -> Exchange<'_> {
        Box::pin(self.network.exchange_file(self.from, request))
    }

    fn reaches<'a>(&'a self, site: &'a SiteUrl) -> Reach<'a> {
        let never = self.network.never.lock().unwrap().iter().any(|forbidden| forbidden == site.as_str());
        Box::pin(async move { if never { Err("nobody may call it".to_owned()) } else { Ok(()) } })
    }
}

/// Requests nobody of a server's own makes.
pub mod transport {
    use super::{Arc, Duration, Network, Request, Response, SiteUrl, TransportError};
    use rialto_model::RemoteId;

    /// Sends a message under a server's name, whatever is in it.
    pub async fn message(
        network: &Arc<Network>,
        from: &'static str,
        site_url: SiteUrl,
        remote_id: RemoteId,
        token: String,
        body: String,
    ) -> Result<Response, TransportError> {
        let path = "/api/v4/remotecluster/msg";
        let request = Request { site_url, path, remote_id, token, body, timeout: Duration::from_secs(60) };
        network.exchange(from, request).await
    }
}
