//! Recorded traffic of two real Mattermost 5.37 servers, and playing one side of it against ours.
//!
//! The connection of a recording becomes a connection between a [`Peer`] and our server. What the played side sent is
//! sent again, byte for byte but for ids and addresses that our server chose itself; those are replaced.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::client::{Answer, text};
use crate::peer::Peer;

/// A side of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `a.example`, which invites and is home of most channels.
    A,
    /// `b.example`.
    B,
}

impl Side {
    /// Whether somebody of the other side did what a recorded step describes: `adminb@B edits …`.
    pub fn is_foreign(self, step: &Value) -> bool {
        let actor = step["description"].as_str().and_then(|text| text.split(' ').next()).unwrap_or_default();
        match self {
            Self::A => actor.ends_with("@B"),
            Self::B => actor.ends_with("@A"),
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::A => "a.example",
            Self::B => "b.example",
        }
    }
}

/// One line of a recording's timeline.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A server-to-server request and its answer.
    Exchange(Exchange),
    /// What somebody did, as recorded: `kind`, `description`, `result` and so on.
    Step(Value),
}

/// A recorded request with its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Host of the sender.
    pub from: String,
    /// Path after `/api/v4/remotecluster`.
    pub path: String,
    /// Headers in the order and spelling sent.
    pub headers: Vec<(String, String)>,
    /// The body as bytes; JSON without the sender's white space.
    pub body: Vec<u8>,
    /// The body as JSON, or null.
    pub json: Value,
    /// Status of the recorded answer, or nothing if there was none.
    pub status: Option<u64>,
    /// Body of the recorded answer as JSON, or null.
    pub answer: Value,
    /// Set if the recorder itself caused the outcome.
    pub fault: Option<String>,
}

impl Exchange {
    /// True if `side` sent it.
    pub fn is_from(&self, side: Side) -> bool {
        self.from == side.host()
    }

    /// Topic of the frame, or nothing.
    pub fn topic(&self) -> &str {
        self.json["msg"]["topic"].as_str().unwrap_or_default()
    }

    /// Payload of the frame, or null.
    pub fn payload(&self) -> &Value {
        &self.json["msg"]["payload"]
    }
}

/// Reads the recorded scenario `name` (file name without `.json`) from `folder`.
///
/// # Panics
/// If the file is missing or not a recording.
pub fn load(folder: &Path, name: &str) -> Vec<Entry> {
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_str(&text).unwrap();
    let timeline = file["timeline"].as_array().expect("a recording has a timeline");
    timeline.iter().map(entry).collect()
}

fn entry(line: &Value) -> Entry {
    if line["step"].is_object() {
        return Entry::Step(line["step"].clone());
    }
    let exchange = &line["exchange"];
    let request = &exchange["request"];
    let headers = request["headers"].as_array().expect("headers").iter();
    let body = &request["body"];
    let bytes = match (&body["json"], &body["text"], &body["base64"]) {
        (Value::Null, Value::String(text), _) => text.clone().into_bytes(),
        (Value::Null, _, Value::String(base64)) => {
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64).unwrap()
        }
        (Value::Null, ..) => Vec::new(),
        (json, ..) => json.to_string().into_bytes(),
    };
    Entry::Exchange(Exchange {
        from: text(&exchange["from"]),
        path: request["path"].as_str().unwrap().trim_start_matches("/api/v4/remotecluster").to_owned(),
        headers: headers.map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        body: bytes,
        json: body["json"].clone(),
        status: exchange["response"]["status"].as_u64(),
        answer: exchange["response"]["body"]["json"].clone(),
        fault: exchange["fault"].as_str().map(str::to_owned),
    })
}

/// One side of recordings being played against our server, over the peer's one connection.
#[derive(Debug, Default)]
pub struct Replay {
    /// Recorded text to the one that stands for it in this run: ids, addresses, user names.
    replaced: BTreeMap<String, String>,
}

impl Replay {
    /// From now on `recorded` is sent as `live`.
    pub fn replace(&mut self, recorded: &str, live: &str) {
        self.replaced.insert(recorded.to_owned(), live.to_owned());
    }

    /// What stands for a recorded text in this run: itself, unless replaced.
    pub fn live(&self, recorded: &str) -> String {
        self.replaced.get(recorded).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    /// A recorded JSON value with every replacement made, inside longer texts too.
    pub fn translate(&self, recorded: &Value) -> Value {
        serde_json::from_slice(&self.translate_bytes(recorded.to_string().as_bytes())).unwrap()
    }

    fn translate_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
        let mut text = text.to_owned();
        for (recorded, live) in &self.replaced {
            text = text.replace(recorded.as_str(), live);
        }
        text.into_bytes()
    }

    /// Sends a recorded request again as the peer, with the token that this connection has now.
    pub async fn play(&self, peer: &Peer, exchange: &Exchange) -> Answer {
        let link = peer.only_link();
        self.play_as(peer, exchange, &link.remote_token).await
    }

    /// Sends a recorded request again as the peer, with a given token.
    pub async fn play_as(&self, peer: &Peer, exchange: &Exchange, token: &str) -> Answer {
        let link = peer.only_link();
        let mut headers = Vec::new();
        for (name, value) in &exchange.headers {
            match name.as_str() {
                "X-Remotecluster-Id" => headers.push((name.as_str(), link.remote_id.as_str())),
                "X-Remotecluster-Token" => headers.push((name.as_str(), token)),
                // Set by the transport of this run.
                "Host" | "Content-Length" | "Accept-Encoding" | "Transfer-Encoding" => {}
                _ => headers.push((name.as_str(), value.as_str())),
            }
        }
        let path = String::from_utf8(self.translate_bytes(exchange.path.as_bytes())).unwrap();
        peer.raw(&link.site_url, &path, &headers, self.translate_bytes(&exchange.body)).await
    }
}

/// Checks that `ours` has every member of `recorded` outside `optional`, each of the same JSON type, all the way down;
/// members of ours that were never recorded are allowed, as decoders ignore them (wire 3.13).
///
/// # Panics
/// Naming the member that is missing or of another type.
#[track_caller]
pub fn assert_shape(ours: &Value, recorded: &Value, optional: &[&str]) {
    if let Err(difference) = shape(ours, recorded, optional, "") {
        panic!("{difference}\n  ours:     {ours}\n  recorded: {recorded}");
    }
}

fn shape(ours: &Value, recorded: &Value, optional: &[&str], place: &str) -> Result<(), String> {
    match (ours, recorded) {
        (Value::Object(ours), Value::Object(recorded)) => {
            for (name, value) in recorded {
                let here = format!("{place}.{name}");
                match ours.get(name) {
                    Some(mine) => shape(mine, value, optional, &here)?,
                    None if optional.contains(&name.as_str()) => {}
                    None => return Err(format!("{here} is missing")),
                }
            }
            Ok(())
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            let Some(sample) = recorded.first() else { return Ok(()) };
            ours.iter().enumerate().try_for_each(|(index, one)| shape(one, sample, optional, &format!("{place}[{index}]")))
        }
        (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        // Real servers write null for an absent list, map or text, and read it as the empty one.
        | (_, Value::Null)
        | (Value::Null, _) => Ok(()),
        _ => Err(format!("{place} is {ours}, recorded {recorded}")),
    }
}
