//! What administrators see and do about the trust in a connection. Rialto only (behaviour 8.5).

use rialto_model::Millis;
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// `POST /remotecluster/R/rotate`; may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Rotate {
    /// The token has leaked: it opens nothing from this moment on, whether the peer has the new one or not.
    #[serde(deserialize_with = "or_default")]
    pub emergency: bool,
}

/// Where the renewal of what the peer presents to us stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The peer has stored the new token; with its next request the old one ends.
    pub delivered: bool,
    /// Why not, in plain words, or empty.
    pub cause: String,
    /// When the peer last began to use a renewed token, ms; 0: it uses that of the handshake.
    pub renewed_at: i64,
    /// Since when a token is offered that the peer has not used, ms; 0: none is.
    pub offered_at: i64,
}

impl Rotation {
    /// Puts it together.
    pub fn new(delivered: bool, cause: Option<String>, renewed_at: Option<Millis>, offered_at: Option<Millis>) -> Self {
        Self {
            delivered,
            cause: cause.unwrap_or_default(),
            renewed_at: Millis::or_zero(renewed_at),
            offered_at: Millis::or_zero(offered_at),
        }
    }
}

/// `POST /remotecluster/R/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Whether the connection was held.
    pub was_held: bool,
    /// Why the peer could not be called yet, in plain words, or empty.
    pub cause: String,
}

/// `POST /remotecluster/R/recover`; may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Recover {
    /// Do without what was lost.
    #[serde(deserialize_with = "or_default")]
    pub discard: bool,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovering {
    /// Of how many channels that was decided.
    pub channels: usize,
}
