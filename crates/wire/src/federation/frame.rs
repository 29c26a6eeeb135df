//! The envelope of every request between servers, and that of the answers. Source: wire 3.4 and 3.7.

use rialto_model::{MessageId, Millis, RemoteId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::extension::Refusal as RefusalNote;
use crate::lenient::{self, or_absent, or_default};

/// A request: who, and what.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// The connection; must equal the header.
    pub remote_id: RemoteId,
    /// What is said.
    pub msg: Msg,
}

/// What a frame says. All four members are always written.
#[derive(Debug, Clone, Serialize)]
pub struct Msg {
    /// New for every message; never used to find duplicates.
    pub id: MessageId,
    /// One of [`super::topic`].
    pub topic: String,
    /// The sender's clock.
    pub create_at: Millis,
    /// Any JSON value; embedded, not quoted.
    pub payload: Box<RawValue>,
}

/// Why a frame was refused: always 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not JSON of a frame's shape.
    #[error("the body is no frame")]
    Shape,
    /// `remote_id` is no id.
    #[error("remote_id is no id")]
    RemoteId,
    /// `msg.id` is no id.
    #[error("msg.id is no id")]
    MessageId,
    /// `msg.topic` is empty.
    #[error("msg.topic is empty")]
    Topic,
    /// `msg.payload` is missing; `null` would be there.
    #[error("msg.payload is missing")]
    Payload,
}

#[derive(Deserialize)]
struct RawFrame {
    #[serde(default, deserialize_with = "or_default")]
    remote_id: String,
    #[serde(default)]
    msg: Option<RawMsg>,
}

#[derive(Deserialize)]
struct RawMsg {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    topic: String,
    #[serde(default, deserialize_with = "or_default")]
    create_at: i64,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Box<RawValue>>,
}

/// Tells `null` from absent, which `Option` alone does not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Frame {
    /// Puts a payload in a frame. `id` must be fresh.
    pub fn new<T: Serialize + ?Sized>(
        remote_id: RemoteId,
        id: MessageId,
        topic: &str,
        create_at: Millis,
        payload: &T,
    ) -> Frame {
        Frame { remote_id, msg: Msg { id, topic: topic.to_owned(), create_at, payload: raw(payload) } }
    }

    /// Reads a request body.
    ///
    /// # Errors
    /// Names what is missing or wrong; the frame as a whole is then refused with 400.
    pub fn decode(body: &[u8]) -> Result<Frame, FrameError> {
        let raw: RawFrame = lenient::object(&lenient::text(body)).map_err(|_| FrameError::Shape)?;
        let remote_id = RemoteId::parse(&raw.remote_id).map_err(|_| FrameError::RemoteId)?;
        let msg = raw.msg.ok_or(FrameError::MessageId)?;
        let id = MessageId::parse(&msg.id).map_err(|_| FrameError::MessageId)?;
        if msg.topic.is_empty() {
            return Err(FrameError::Topic);
        }
        let payload = msg.payload.ok_or(FrameError::Payload)?;
        Ok(Frame { remote_id, msg: Msg { id, topic: msg.topic, create_at: Millis(msg.create_at), payload } })
    }

    /// The body to send.
    pub fn to_json(&self) -> String {
        lenient::to_text(self)
    }
}

/// How a `/msg` request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Done, or nothing to do.
    Ok,
    /// Refused for good: a Mattermost drops what it sent (wire 6.6), so never for "later".
    Fail,
}

/// The answer to a `/msg` request, always with HTTP 200.
#[derive(Debug, Clone, Serialize)]
pub struct Envelope {
    /// How it went.
    pub status: Status,
    /// Empty when it went well, else a fixed text.
    pub err: String,
    /// The topic's result. `Null` is written; a peer takes an absent member for a failed delivery.
    pub payload: Box<RawValue>,
    /// Why, for another Rialto (ruling 8.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rialto: Option<RefusalNote>,
}

impl Envelope {
    /// OK with a result.
    pub fn ok<T: Serialize + ?Sized>(payload: &T) -> Envelope {
        Envelope { status: Status::Ok, err: String::new(), payload: raw(payload), rialto: None }
    }

    /// OK without a result, as for unknown topics.
    pub fn ok_null() -> Envelope {
        Envelope::ok(&())
    }

    /// FAIL with one of our fixed texts.
    pub fn fail(err: impl Into<String>) -> Envelope {
        Envelope { status: Status::Fail, err: err.into(), payload: raw(&()), rialto: None }
    }

    /// Adds the reason for another Rialto.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Envelope {
        self.rialto = Some(RefusalNote { code: code.to_owned(), retry_after: None });
        self
    }

    /// The body to send.
    pub fn to_json(&self) -> String {
        lenient::to_text(self)
    }
}

/// The phrase by which a 11.6 sender learns that a share is over (wire 3.7).
pub const NO_LONGER_SHARED: &str = "channel is no longer shared";

/// The one answer for every channel that is not shared with the asker, whatever the reason (ruling 29).
pub fn no_longer_shared(channel_id: &str) -> String {
    format!("cannot process sync message; {NO_LONGER_SHARED}: {channel_id}")
}

/// Whether a refusal says that this very channel is no longer shared (ruling 33).
pub fn says_no_longer_shared(err: &str, channel_id: &str) -> bool {
    err.contains(NO_LONGER_SHARED) && !channel_id.is_empty() && err.trim_end().ends_with(channel_id)
}

/// A peer's answer to a `/msg` request or a confirmation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// True only for `"OK"` exactly.
    pub ok: bool,
    /// The peer's text, cut to 1,000 characters. For logs and [`says_no_longer_shared`], never for people unmarked.
    pub err: String,
    /// The result; None if the member is absent, which is no confirmation (wire 3.7).
    pub payload: Option<Box<RawValue>>,
    /// Another Rialto's reason.
    pub rialto: Option<RefusalNote>,
}

#[derive(Deserialize)]
struct RawAnswer {
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    err: String,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_absent")]
    rialto: Option<RefusalNote>,
}

/// The body is no envelope: the delivery failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no envelope")]
pub struct NoEnvelope;

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`NoEnvelope`] unless it is an object with a `status`.
    pub fn decode(body: &[u8]) -> Result<Answer, NoEnvelope> {
        let raw: RawAnswer = lenient::object(&lenient::text(body)).map_err(|_| NoEnvelope)?;
        if raw.status.is_empty() {
            return Err(NoEnvelope);
        }
        Ok(Answer {
            ok: raw.status == "OK",
            err: raw.err.chars().take(1_000).collect(),
            payload: raw.payload,
            rialto: raw.rialto,
        })
    }
}

/// Embeds a value. Our own structs always serialise; see [`lenient::to_text`].
fn raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "jqzbb6r8mtbwxcgffuwscgcdbh";

    #[track_caller]
    fn refuse(msg: &str, why: FrameError) {
        let body = format!(r#"{{"remote_id":"{ID}","msg":{msg}}}"#);
        assert_eq!(Frame::decode(body.as_bytes()).map(|_| ()), Err(why));
    }

    #[test]
    fn frames_need_ids_a_topic_and_a_payload() {
        assert_eq!(Frame::decode(b"[]").map(|_| ()), Err(FrameError::Shape));
        assert_eq!(Frame::decode(b"{}").map(|_| ()), Err(FrameError::RemoteId));
        refuse("null", FrameError::MessageId);
        refuse(r#"{"id":"x","topic":"t","payload":null}"#, FrameError::MessageId);
        refuse(&format!(r#"{{"id":"{ID}","topic":null,"payload":null}}"#), FrameError::Topic);
        refuse(&format!(r#"{{"id":"{ID}","topic":"t"}}"#), FrameError::Payload);
        refuse(&format!(r#"{{"id":"{ID}","topic":"t","create_at":1.5,"payload":1}}"#), FrameError::Shape);
        let body = format!(r#"{{"remote_id":"{ID}","later":1,"msg":{{"id":"{ID}","topic":"t","payload":null}}}}"#);
        assert_eq!(Frame::decode(body.as_bytes()).unwrap().msg.payload.get(), "null");
    }

    #[test]
    fn envelopes_always_carry_a_payload() {
        assert_eq!(Envelope::ok_null().to_json(), r#"{"status":"OK","err":"","payload":null}"#);
        assert_eq!(Envelope::fail("no").to_json(), r#"{"status":"FAIL","err":"no","payload":null}"#);
        assert_eq!(
            Envelope::fail("no").with_code("policy").to_json(),
            r#"{"status":"FAIL","err":"no","payload":null,"rialto":{"code":"policy"}}"#
        );
    }

    /// E-133.
    #[test]
    fn an_answer_without_payload_is_told_from_null() {
        let answer = Answer::decode(br#"{"status":"OK","err":""}"#).unwrap();
        assert!(answer.ok && answer.payload.is_none());
        let answer = Answer::decode(br#"{"status":"OK","err":null,"payload":null}"#).unwrap();
        assert_eq!(answer.payload.unwrap().get(), "null");
        assert!(!Answer::decode(br#"{"status":"ok"}"#).unwrap().ok);
        assert_eq!(Answer::decode(b"<html>").map(|_| ()), Err(NoEnvelope));
        assert_eq!(Answer::decode(br#"{"message":"x"}"#).map(|_| ()), Err(NoEnvelope));
    }

    #[test]
    fn the_phrase_counts_only_for_the_channel_it_names() {
        let text = no_longer_shared(ID);
        assert_eq!(text, format!("cannot process sync message; channel is no longer shared: {ID}"));
        assert!(says_no_longer_shared(&text, ID));
        assert!(!says_no_longer_shared(&text, "gp4b3ds9ufyhmgk1prq8h5ueiy"));
        assert!(!says_no_longer_shared("somebody wrote: channel is no longer shared", ID));
    }
}
