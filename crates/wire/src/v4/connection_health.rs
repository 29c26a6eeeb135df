//! How a connection fares and what a probe of it showed. Rialto only (behaviour 8.4, 8.7).
#![expect(missing_docs, reason = "members are described where their shape is not plain")]

use rialto_model::{ChannelId, RemoteId};
use serde::{Deserialize, Serialize};

use crate::federation::extension::{ProbeStep, StepState};

/// `GET /remotecluster/R/health`. Times in ms since 1970, spans in ms; what is not known is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub remote_id: RemoteId,
    /// `pending`, `connected`, `offline`, `removed` or `severed`.
    pub state: String,
    /// Since when; an offline peer was reached last then.
    pub since: i64,
    pub last_ping_at: i64,
    /// Of the last ping that got through.
    pub round_trip_ms: Option<i64>,
    /// How far the peer's clock is ahead of ours.
    pub clock_skew_ms: Option<i64>,
    /// What waits here for the peer.
    pub outgoing: Outgoing,
    /// What waits there for us, as the peer says.
    pub incoming: Incoming,
    /// The last failure, over or not.
    pub last_error: Option<Failure>,
    /// The part of the last 24 hours in which the peer was in reach, 0 to 1, of the time it was looked at.
    pub availability_24h: Option<f64>,
    pub watched_24h_ms: i64,
    pub set_aside: i64,
    /// When the peer last began to use a renewed token; 0: it uses that of the handshake.
    pub token_renewed_at: i64,
    /// Since when a token is offered that the peer has not used; 0: none is.
    pub token_offered_at: i64,
    pub today: Today,
    /// Since when the connection is held until an administrator decides; 0: it is not (E-027).
    pub held_at: i64,
    /// Why: `peer_went_back`, `peer_epoch_again`, `own_log_went_back`, or empty.
    pub held_why: String,
    /// When this server last had no room left for what a peer sent; 0: never since it was started (E-045).
    pub storage_full_at: i64,
    /// What is fetched back after a restore here (E-028, E-029).
    pub recoveries: Vec<Recovery>,
    /// Channels with something waiting, most first.
    pub channels: Vec<ChannelBacklog>,
}

/// What the peer brought since midnight UTC that is counted by days (E-135).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    pub users: i64,
    pub channels: i64,
    /// When we last asked it to slow down, today; 0: not today (E-122).
    pub slowed_at: i64,
}

/// Messages of ours that the peer is asked for after a restore here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    pub channel_id: ChannelId,
    /// `new` and `waiting` want a decision; `running`, `done`, `discarded` or `impossible`.
    pub state: String,
    /// Messages that came back, or back into the state they had.
    pub found: i64,
    /// Messages the peer named that were not taken.
    pub refused: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    pub items: u64,
    /// Of texts and files.
    pub bytes: i64,
    /// Age of the oldest.
    pub lag_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    pub lag_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `dns`, `tcp`, `tls_time` and so on.
    pub code: String,
    /// In plain words.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
    pub at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelBacklog {
    pub channel_id: ChannelId,
    pub items: u64,
}

/// `POST /remotecluster/R/test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// From here to there, up to the first step that failed.
    pub outgoing: Vec<Step>,
    /// From there to here, as the peer sees it.
    pub incoming: Vec<Step>,
    /// Why the peer could not be asked for its way, or empty.
    pub incoming_error: String,
}

/// One step of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    #[serde(flatten)]
    pub step: ProbeStep,
    /// What can be done about it; empty if all is well.
    pub remedy: String,
}

impl From<ProbeStep> for Step {
    fn from(step: ProbeStep) -> Self {
        let remedy = match (step.state, step.code.as_str()) {
            (StepState::Ok, _) => "",
            (_, "insecure") => "Have the peer use https.",
            (_, "skewed") => "Set the clocks of both servers by a time server.",
            (_, word) => rialto_model::Cause::from_word(word).remedy(),
        };
        Step { remedy: remedy.to_owned(), step }
    }
}
