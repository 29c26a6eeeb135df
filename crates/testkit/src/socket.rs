//! A websocket client that keeps every event, checks the count, and can come back after a broken line (API 9).

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::wait::{SHORT, wait_for};

#[derive(Debug, Default)]
struct Heard {
    events: Vec<Value>,
    answers: Vec<Value>,
    closed: bool,
}

/// An open websocket of one session.
#[derive(Debug)]
pub struct Socket {
    url: String,
    token: String,
    heard: Arc<Mutex<Heard>>,
    send: mpsc::UnboundedSender<Value>,
    line: JoinHandle<()>,
    next_request: i64,
    /// Events of earlier lines of the same connection, kept by [`Socket::resume`].
    earlier: usize,
}

impl Socket {
    /// Connects, answers the challenge and waits for `hello`.
    pub async fn connect(url: &str, token: &str) -> Self {
        let mut socket = Self::open(url, token, "").await;
        socket.authenticate().await;
        let hello = socket.wait("hello", |_| true).await;
        assert_eq!(hello["seq"], 0, "hello is the first event: {hello}");
        assert_eq!(hello["data"]["connection_id"].as_str().map(str::len), Some(26), "{hello}");
        socket
    }

    /// Connects with the given query and does nothing else; for tests of the connection itself.
    pub async fn open(url: &str, token: &str, query: &str) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (send, line) = dial(url, query, Arc::clone(&heard)).await;
        Self { url: url.to_owned(), token: token.to_owned(), heard, send, line, next_request: 1, earlier: 0 }
    }

    /// Signs in by `authentication_challenge`.
    pub async fn authenticate(&mut self) {
        let answer = self.request("authentication_challenge", json!({"token": self.token})).await;
        assert_eq!(answer["status"], "OK", "{answer}");
    }

    /// Sends an action and waits for its answer.
    pub async fn request(&mut self, action: &str, data: Value) -> Value {
        let seq = self.next_request;
        self.next_request += 1;
        self.send.send(json!({"seq": seq, "action": action, "data": data})).unwrap();
        let heard = Arc::clone(&self.heard);
        wait_for(&format!("the answer to {action}"), SHORT, async || {
            heard.lock().unwrap().answers.iter().find(|answer| answer["seq_reply"] == seq).cloned()
        })
        .await
    }

    /// Every event so far, in order.
    pub fn events(&self) -> Vec<Value> {
        self.heard.lock().unwrap().events.clone()
    }

    /// The events of one name so far.
    pub fn named(&self, name: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == name).collect()
    }

    /// Waits for an event of this name that `fits`, heard already or not.
    pub async fn wait(&self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let limit = tokio::time::Instant::now() + SHORT;
        loop {
            // On a copy, so that the condition may look at the socket too.
            if let Some(event) = self.events().into_iter().find(|event| event["event"] == name && fits(event)) {
                return event;
            }
            if tokio::time::Instant::now() > limit {
                let seen: Vec<_> = self.events().iter().map(|event| event["event"].to_string()).collect();
                panic!("no {name} event that fits; heard {}", seen.join(" "));
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Waits until the line is closed by the server.
    pub async fn wait_closed(&self) {
        wait_for("the server to close the websocket", SHORT, async || self.heard.lock().unwrap().closed.then_some(()))
            .await;
    }

    /// Checks that events are numbered from 0 without a gap and without a repetition, across resumed lines.
    #[track_caller]
    pub fn assert_gap_free(&self) {
        let seen: Vec<_> = self.events().iter().map(|event| event["seq"].as_i64()).collect();
        let expected: Vec<_> = (0..i64::try_from(seen.len()).unwrap()).map(Some).collect();
        assert_eq!(seen, expected, "event numbers");
    }

    /// The connection's id, as told by `hello`.
    pub fn connection_id(&self) -> String {
        crate::client::text(&self.events()[0]["data"]["connection_id"])
    }

    /// Cuts the line without closing it properly.
    pub fn cut(&self) {
        self.line.abort();
    }

    /// Comes back on a new line with the connection's id and the next number expected; keeps what was heard.
    pub async fn resume(&mut self) {
        self.line.abort();
        let next = self.events().len();
        self.earlier = next;
        let query = format!("?connection_id={}&sequence_number={next}", self.connection_id());
        let (send, line) = dial(&self.url, &query, Arc::clone(&self.heard)).await;
        self.send = send;
        self.line = line;
        self.heard.lock().unwrap().closed = false;
        self.heard.lock().unwrap().answers.clear();
        self.next_request = 1;
        self.authenticate().await;
    }

    /// True if the latest resumed line went on without a new `hello`, that is without losing anything.
    pub fn resumed_without_loss(&self) -> bool {
        self.events().iter().skip(self.earlier).all(|event| event["event"] != "hello")
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.line.abort();
    }
}

async fn dial(url: &str, query: &str, heard: Arc<Mutex<Heard>>) -> (mpsc::UnboundedSender<Value>, JoinHandle<()>) {
    let address = format!("{}/api/v4/websocket{query}", url.replacen("http", "ws", 1));
    let (stream, _) = connect_async(&address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let (mut write, mut read) = stream.split();
    let (send, mut to_send) = mpsc::unbounded_channel::<Value>();
    let line = tokio::spawn(async move {
        loop {
            tokio::select! {
                message = read.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
                        let mut heard = heard.lock().unwrap();
                        if value.get("seq_reply").is_some() { heard.answers.push(value) } else { heard.events.push(value) }
                    }
                    // Pongs are answered by the library while it is read.
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
                Some(request) = to_send.recv() => {
                    if write.send(Message::text(request.to_string())).await.is_err() { break; }
                }
            }
        }
        heard.lock().unwrap().closed = true;
    });
    (send, line)
}

/// The JSON that an event carries as text under `member`, decoded (API 9.5).
///
/// # Panics
/// If it is not a text holding JSON.
pub fn inner(event: &Value, member: &str) -> Value {
    let text = event["data"][member].as_str().unwrap_or_else(|| panic!("{member} is no text in {event}"));
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{member} holds no JSON in {event}"))
}
