//! Pings and their answers. Source: wire 3.5, ruling 8.1.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::MalformedPayload;
use super::extension::Advert;
use crate::lenient::{self, or_absent, or_default};

/// The payload of a ping and, bare, its answer. A Mattermost neither sees nor returns `rialto`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ping {
    /// The sender's clock, ms; returned unchanged.
    #[serde(deserialize_with = "or_default")]
    pub sent_at: i64,
    /// The receiver's clock, ms; 0 in requests.
    #[serde(deserialize_with = "or_default")]
    pub recv_at: i64,
    /// What the writer can do.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub rialto: Option<Advert>,
}

impl Ping {
    /// Reads the payload of a ping request.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object with integers.
    pub fn decode(payload: &RawValue) -> Result<Ping, MalformedPayload> {
        lenient::object(payload.get()).map_err(|_| MalformedPayload)
    }

    /// Reads the answer to a ping.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object with integers; the peer was then not reached (wire 4.4).
    pub fn decode_answer(body: &[u8]) -> Result<Ping, MalformedPayload> {
        lenient::object(&lenient::text(body)).map_err(|_| MalformedPayload)
    }

    /// The answer at `now`, by our clock in ms.
    #[must_use]
    pub fn answer(&self, now: i64, rialto: Option<Advert>) -> Ping {
        Ping { sent_at: self.sent_at, recv_at: now, rialto }
    }

    /// The body to send.
    pub fn to_json(&self) -> String {
        lenient::to_text(self)
    }

    /// How far the peer's clock is ahead of ours, in ms, by the answer to a ping that was back at `now`. Half the
    /// round trip is taken for each way.
    pub fn clock_skew(&self, now: i64) -> i64 {
        let half = now.saturating_sub(self.sent_at) / 2;
        self.recv_at.saturating_sub(self.sent_at).saturating_sub(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_a_mattermost_does() {
        let ping = Ping { sent_at: 1_790_000_000_123, recv_at: 0, rialto: None };
        let answer = ping.answer(1_790_000_000_158, None);
        assert_eq!(answer.to_json(), r#"{"sent_at":1790000000123,"recv_at":1790000000158}"#);
        assert_eq!(answer.clock_skew(1_790_000_000_133), 30);
    }

    #[test]
    fn integers_are_integers() {
        let payload: Box<RawValue> = serde_json::from_str(r#"{"sent_at":1.0}"#).unwrap();
        assert_eq!(Ping::decode(&payload), Err(MalformedPayload));
        assert_eq!(Ping::decode_answer(b"ok"), Err(MalformedPayload));
        assert_eq!(Ping::decode_answer(b"{\"sent_at\":1,\"recv_at\":null}\n").unwrap().sent_at, 1);
    }
}
