//! What two Rialtos say beyond Mattermost's protocol: capabilities, connection and share notes. Source: ruling part 8.
//!
//! Everything sits in members and topics a real Mattermost ignores. Unknown members, capabilities and codes are
//! ignored; a member of the wrong shape counts as absent.

use std::fmt;

use rialto_model::{ChannelId, PostId, ServerId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::MalformedPayload;
use super::invite::ChannelInvitation;
use crate::lenient::{self, or_absent, or_default, well_formed};

/// The protocol number we speak, and the lowest we understand.
pub const PROTOCOL: i64 = 1;

/// The id of the error with which a server says that it has no room left (503, E-045).
pub const STORAGE_FULL: &str = "rialto.storage_full.error";

/// What a server says about itself (8.1): in codes only `protocol`, `min_protocol`, `server_id` and `key`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Advert {
    /// The highest protocol number it speaks.
    pub protocol: i64,
    /// The lowest.
    pub min_protocol: i64,
    /// `rialto`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// Its own version.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Made once per installation. A claim until a ping to its site URL has proved it (ruling 20).
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
    /// New after a restore from backup.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub epoch: String,
    /// Where it is reached now; a claim too.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub site_url: String,
    /// What it can do; see [`super::capability`].
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<String>,
    /// What it takes.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// The highest position of ours it has stored.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// Age of the oldest item that waits for the other server, ms (behaviour 8.4). An addition of ours to 8.1.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub waiting_ms: Option<i64>,
    /// Ed25519 public key, base64url without padding.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub key: String,
}

impl Advert {
    /// Whether both sides have a protocol number in common (8.1).
    pub fn is_compatible(&self) -> bool {
        self.min_protocol <= PROTOCOL && self.protocol >= PROTOCOL
    }

    /// The capabilities as they are stored: separated by spaces, at most 32 of at most 32 characters.
    pub fn caps_text(&self) -> String {
        let is_word = |cap: &&String| !cap.is_empty() && cap.len() <= 32 && cap.bytes().all(|b| b.is_ascii_graphic());
        self.caps.iter().filter(is_word).take(32).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// What a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of a `/msg` body.
    pub frame_bytes: i64,
    /// Bytes of a file.
    pub file_bytes: i64,
    /// Characters of a message.
    pub message_chars: i64,
    /// Characters of a post's props.
    pub props_chars: i64,
}

/// How far a server has stored what the other sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The other server's epoch the position belongs to.
    pub epoch: String,
    /// The position (8.4).
    pub seq: i64,
    /// Up to here nothing is missing; left out: as `seq`. An addition of ours to 8.1.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub low: Option<i64>,
}

/// What an inviter adds to its answer to a confirmation (8.3).
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfirmAdvert {
    /// As in [`Advert`].
    #[serde(flatten)]
    pub advert: Advert,
    /// What the acceptor presents from now on, instead of its `refreshed_token`. Empty: none was issued.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub token: String,
}

impl fmt::Debug for ConfirmAdvert {
    /// Without the token, so that it reaches no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfirmAdvert").field("advert", &self.advert).finish_non_exhaustive()
    }
}

/// Why something was refused, in a word of 8.4: in a FAIL, an error body, or an OK that means "pending".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// `not_shared`, `read_only`, `quota`, `pending` and so on.
    #[serde(deserialize_with = "or_default")]
    pub code: String,
    /// Seconds to wait.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<i64>,
}

/// The payload of topic `rialto_connection` (8.5).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ConnectionNote {
    /// The connection was removed; this is the last thing said with the old credential.
    Removed {
        /// When, by the sender's clock, ms.
        at: i64,
    },
    /// A planned shutdown.
    Stopping {
        /// When, by the sender's clock, ms.
        at: i64,
    },
    /// "Present this token to me from now on."
    Rotate {
        /// The new token.
        token: String,
        /// When, by the sender's clock, ms.
        at: i64,
    },
    /// An emoji of the sender's is gone (ruling 8.8).
    EmojiRemoved {
        /// Its name.
        name: String,
    },
    /// An operation we do not know; answered OK with null.
    #[serde(other)]
    Unknown,
}

impl fmt::Debug for ConnectionNote {
    /// Only the word: a rotation holds a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op())
    }
}

impl ConnectionNote {
    /// Reads the payload.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object with an `op` and what that needs.
    pub fn decode(payload: &RawValue) -> Result<ConnectionNote, MalformedPayload> {
        lenient::object(payload.get()).map_err(|_| MalformedPayload)
    }

    /// The word in `op`, which the result repeats.
    pub fn op(&self) -> &'static str {
        match self {
            ConnectionNote::Removed { .. } => "removed",
            ConnectionNote::Stopping { .. } => "stopping",
            ConnectionNote::Rotate { .. } => "rotate",
            ConnectionNote::EmojiRemoved { .. } => "emoji_removed",
            ConnectionNote::Unknown => "unknown",
        }
    }

    /// The result that says it was understood.
    pub fn result(&self) -> ConnectionResult {
        ConnectionResult { op: self.op().to_owned() }
    }
}

/// The result of topic `rialto_connection`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionResult {
    /// The operation that was understood.
    pub op: String,
}

/// The payload of topic `rialto_typing` (8.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingNote {
    /// Where.
    pub channel_id: ChannelId,
    /// A person of the sender's, by the id on the wire.
    pub user_id: UserId,
    /// First post of the thread, or `""`.
    #[serde(default, deserialize_with = "or_default")]
    pub root_id: String,
}

impl TypingNote {
    /// Somebody types in a channel, or in a thread of it.
    pub fn new(channel_id: ChannelId, user_id: UserId, root: Option<PostId>) -> Self {
        Self { channel_id, user_id, root_id: root.map_or_else(String::new, |id| id.to_string()) }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object with both ids and, if any, the id of a post.
    pub fn decode(payload: &RawValue) -> Result<TypingNote, MalformedPayload> {
        let note: TypingNote = lenient::object(payload.get()).map_err(|_| MalformedPayload)?;
        if note.root_id.is_empty() || note.root().is_some() { Ok(note) } else { Err(MalformedPayload) }
    }

    /// The thread.
    pub fn root(&self) -> Option<PostId> {
        PostId::parse(&self.root_id).ok()
    }
}

/// The payload of topic `rialto_probe` (8.11). What it holds is ignored: its length shows what gets through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// Anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub padding: String,
}

/// The result of topic `rialto_probe`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProbeResult {
    /// In order, up to the first that failed.
    #[serde(deserialize_with = "well_formed")]
    pub steps: Vec<ProbeStep>,
}

/// One step of the way to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeStep {
    /// `dns`, `tcp`, `tls`, `http`, `credential`, `protocol`, `clock` or `size`.
    pub name: String,
    /// How it went.
    pub state: StepState,
    /// Why not better, in a word.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// How long it took, ms; of `clock` how far the other one is ahead.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub ms: Option<i64>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// As it should.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

impl ProbeResult {
    /// Reads the result, bounded: at most 16 steps with short words. None if it is none.
    pub fn decode(payload: &RawValue) -> Option<ProbeResult> {
        let mut result: ProbeResult = lenient::object(payload.get()).ok()?;
        let is_word = |word: &str| word.len() <= 32 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        result.steps.retain(|step| !step.name.is_empty() && is_word(&step.name) && is_word(&step.code));
        result.steps.truncate(16);
        Some(result)
    }
}

/// Where a share stands, as told to the other side (8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotedState {
    /// In use.
    Active,
    /// Held; nothing is lost.
    Paused,
    /// Final until a new channel invitation.
    Ended,
}

/// The payload of topic `rialto_share` (8.6). Only the home's `read_only`, `channel` and `organisations` count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareNote {
    /// Which channel.
    pub channel_id: ChannelId,
    /// Applied if higher than the last from that side.
    pub version: i64,
    /// By the sender's clock, ms.
    #[serde(default, deserialize_with = "or_default")]
    pub at: i64,
    /// Where it stands.
    pub state: NotedState,
    /// `uninvited`, `unshared`, `left`, `removed`, `archived`, `deleted`, `disabled`, `destination`, `approval`,
    /// `refused`, or empty.
    #[serde(default, deserialize_with = "or_default")]
    pub reason: String,
    /// Whether the guests may only read.
    #[serde(default, deserialize_with = "or_default")]
    pub read_only: bool,
    /// What the channel looks like at home.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub channel: Option<NotedChannel>,
    /// Who takes part; display only.
    #[serde(default, deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<NotedOrganisation>,
}

/// A channel as its home shows it; for messages, it changes nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the members are those of a channel")]
pub struct NotedChannel {
    pub name: String,
    pub display_name: String,
    pub header: String,
    pub purpose: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub archived: bool,
}

/// An organisation taking part in a shared channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NotedOrganisation {
    /// What the home calls it; text, never identity.
    pub name: String,
    /// `home`, `participation` or `read_only`.
    pub mode: String,
    /// When it joined, ms.
    pub since: i64,
}

/// The result of topic `rialto_share`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareResult {
    /// The version that was understood.
    pub version: i64,
}

/// What topic `rialto_share` asks.
#[derive(Debug, Clone, PartialEq)]
pub enum ShareTopic {
    /// Something changed.
    Note(Box<ShareNote>),
    /// Would an invitation like this be taken? Changes nothing.
    Check(Box<ChannelInvitation>),
}

impl ShareTopic {
    /// Reads the payload. Texts are cut to what a channel may hold.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is one of the two shapes.
    pub fn decode(payload: &RawValue) -> Result<ShareTopic, MalformedPayload> {
        #[derive(Deserialize)]
        struct Probe {
            #[serde(default, deserialize_with = "or_default")]
            check: bool,
        }
        let probe: Probe = lenient::object(payload.get()).map_err(|_| MalformedPayload)?;
        if probe.check {
            return ChannelInvitation::decode(payload).map(|invitation| ShareTopic::Check(Box::new(invitation)));
        }
        let note: ShareNote = serde_json::from_str(payload.get()).map_err(|_| MalformedPayload)?;
        Ok(ShareTopic::Note(Box::new(note)))
    }
}

/// The question of a dry run: an invitation with `check` in front.
#[derive(Debug, Clone, Serialize)]
pub struct ShareCheck<'a> {
    /// Always true.
    pub check: bool,
    /// What would be sent.
    #[serde(flatten)]
    pub invitation: &'a super::invite::OutboundChannelInvitation,
}

/// The answer to a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareCheckResult {
    /// Whether it would be taken.
    pub ok: bool,
    /// The name the copy would get.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Why not, in a word of 8.4.
    #[serde(default, deserialize_with = "or_default")]
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_example_of_ruling_8_1_reads_and_writes_the_same() {
        let text = r#"{"protocol":1,"min_protocol":1,"product":"rialto","version":"1.4.2","server_id":"9p7ysy65k3ncjbi7msd4wc53ar","epoch":"e","site_url":"https://two.example.org","caps":["items","share"],"limits":{"frame_bytes":67108864,"file_bytes":104857600,"message_chars":16383,"props_chars":800000},"applied":{"epoch":"p","seq":4711}}"#;
        let advert: Advert = serde_json::from_str(text).unwrap();
        assert_eq!(lenient::to_text(&advert), text);
        assert!(advert.is_compatible());
        assert!(!Advert { protocol: 3, min_protocol: 2, ..advert.clone() }.is_compatible());
        assert!(!Advert { protocol: 0, min_protocol: 0, ..advert.clone() }.is_compatible());
        assert_eq!(advert.caps_text(), "items share");
    }

    #[test]
    fn capabilities_are_bounded_words() {
        let caps = (0..50).map(|n| format!("c{n}")).chain(["a b".into(), String::new(), "x".repeat(33)]).collect();
        let text = Advert { caps, ..Advert::default() }.caps_text();
        assert_eq!(text.split(' ').count(), 32);
        let advert: Advert = serde_json::from_str(r#"{"caps":["items",5,null],"server_id":"x"}"#).unwrap();
        assert_eq!((advert.caps, advert.server_id), (vec!["items".to_owned()], None));
    }

    #[test]
    fn connection_notes_as_in_ruling_8_5() {
        let note = ConnectionNote::decode(&raw(r#"{"op":"removed","at":1790000000000}"#)).unwrap();
        assert_eq!(note, ConnectionNote::Removed { at: 1_790_000_000_000 });
        assert_eq!(lenient::to_text(&note.result()), r#"{"op":"removed"}"#);
        let text = r#"{"op":"stopping","at":1790000000000}"#;
        assert_eq!(lenient::to_text(&ConnectionNote::decode(&raw(text)).unwrap()), text);
        assert_eq!(ConnectionNote::decode(&raw(r#"{"op":"dance","x":1}"#)), Ok(ConnectionNote::Unknown));
        assert_eq!(ConnectionNote::decode(&raw(r#"{"op":"removed","at":"now"}"#)), Err(MalformedPayload));
        let text = r#"{"op":"emoji_removed","name":"party_parrot"}"#;
        let gone = ConnectionNote::decode(&raw(text)).unwrap();
        assert_eq!((lenient::to_text(&gone).as_str(), gone.op()), (text, "emoji_removed"));
        let rotate = ConnectionNote::Rotate { token: "secretsecret".into(), at: 1 };
        assert!(!format!("{rotate:?}").contains("secret"));
    }

    #[test]
    fn probe_results_as_in_ruling_8_11() {
        let text =
            r#"{"steps":[{"name":"dns","state":"ok","ms":12},{"name":"tls","state":"fail","code":"cert_expired"}]}"#;
        let result = ProbeResult::decode(&raw(text)).unwrap();
        assert_eq!(lenient::to_text(&result), text);
        let hostile =
            r#"{"steps":[{"name":"<b>","state":"ok"},{"name":"dns","state":"odd"},{"name":"tcp","state":"warn"},7]}"#;
        let result = ProbeResult::decode(&raw(hostile)).unwrap();
        assert_eq!(result.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), ["tcp"]);
        assert_eq!(ProbeResult::decode(&raw("[]")), None);
        assert_eq!(lenient::to_text(&ProbeRequest::default()), "{}");
    }

    #[test]
    fn typing_notes_as_in_ruling_8_9() {
        let text = r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","user_id":"utark8ucdibiumjsazbgp6uyhh","root_id":""}"#;
        let note = TypingNote::decode(&raw(text)).unwrap();
        assert_eq!((lenient::to_text(&note).as_str(), note.root()), (text, None));
        let thread = text.replace(r#""root_id":"""#, r#""root_id":"p7j1s5w3k3yabnuxq8m4cctb3e""#);
        assert!(TypingNote::decode(&raw(&thread)).unwrap().root().is_some());
        let odd = text.replace(r#""root_id":"""#, r#""root_id":"x""#);
        assert_eq!(TypingNote::decode(&raw(&odd)), Err(MalformedPayload));
        assert_eq!(TypingNote::decode(&raw(r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c"}"#)), Err(MalformedPayload));
    }

    #[test]
    fn share_notes_as_in_ruling_8_6() {
        let text = r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","version":12,"at":1790000000000,"state":"ended","reason":"uninvited","read_only":false,"channel":{"name":"ops","display_name":"Ops","header":"","purpose":"","type":"O","archived":false},"organisations":[{"name":"AcmeUSA","mode":"home","since":1790000000000}]}"#;
        let ShareTopic::Note(note) = ShareTopic::decode(&raw(text)).unwrap() else { panic!("not a note") };
        assert_eq!(lenient::to_text(&*note), text);
        assert_eq!(note.state, NotedState::Ended);
        let check = r#"{"check":true,"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","name":"ops","type":"O"}"#;
        assert!(matches!(ShareTopic::decode(&raw(check)), Ok(ShareTopic::Check(_))));
        assert_eq!(ShareTopic::decode(&raw(r#"{"version":1}"#)), Err(MalformedPayload));
    }
}
