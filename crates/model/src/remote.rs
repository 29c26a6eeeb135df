//! Secure connections and shares.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, Millis, RemoteId, Seq, ShareId, TeamId, UserId};

/// What a peer was found to be; decides what we send it (wire 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum PeerProfile {
    /// Not found out yet: the careful column of wire 9.3.
    #[default]
    Unknown,
    /// Mattermost 5.37 and its like.
    Mattermost5,
    /// Mattermost 10.x and 11.x.
    Mattermost11,
    /// Another Rialto.
    Rialto,
}

impl PeerProfile {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            PeerProfile::Unknown => "unknown",
            PeerProfile::Mattermost5 => "mattermost5",
            PeerProfile::Mattermost11 => "mattermost11",
            PeerProfile::Rialto => "rialto",
        }
    }

    /// Whether an invitation to a channel it was ever invited to could destroy the copy there (ruling 40).
    pub fn is_invited_once(self) -> bool {
        matches!(self, PeerProfile::Mattermost5 | PeerProfile::Unknown)
    }

    /// The reverse of [`PeerProfile::as_str`]; anything else is unknown.
    pub fn from_word(word: &str) -> PeerProfile {
        match word {
            "mattermost5" => PeerProfile::Mattermost5,
            "mattermost11" => PeerProfile::Mattermost11,
            "rialto" => PeerProfile::Rialto,
            _ => PeerProfile::Unknown,
        }
    }
}

/// Our record of a peer: one secure connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCluster {
    /// Same on both sides.
    pub id: RemoteId,
    /// As typed (ruling 22).
    pub name: String,
    /// Lower-case form of the name; unique among live connections and the suffix of remote usernames.
    pub handle: String,
    /// Shown name, falls back to the name.
    pub display_name: String,
    /// Free text for the status table.
    pub description: String,
    /// The peer's address; None until the invitation is accepted.
    pub site_url: Option<String>,
    /// Our team in which copies of the peer's channels appear.
    pub default_team_id: Option<TeamId>,
    /// The peer's team for channels we offer (5.37), or empty.
    pub remote_team_id: String,
    /// The administrator who created or accepted it.
    pub creator_id: UserId,
    /// When.
    pub create_at: Millis,
    /// When the handshake ended well.
    pub confirmed_at: Option<Millis>,
    /// When it ended.
    pub delete_at: Option<Millis>,
    /// Who ended it, if we did.
    pub deleted_by: Option<UserId>,
    /// Ended by the peer, not by us.
    pub severed: bool,
    /// Last successful outgoing ping, by our clock (ruling 24).
    pub last_ping_at: Option<Millis>,
    /// What the peer is.
    pub profile: PeerProfile,
    /// Capabilities the peer advertised, separated by spaces (ruling 8.1).
    pub caps: String,
    /// The peer could not rotate its token (ruling 8).
    pub unrotated: bool,
    /// Set while an interruption of more than five minutes is announced (M-08).
    pub interrupted_at: Option<Millis>,
    /// First failure of the present run of failures.
    pub failing_since: Option<Millis>,
    /// The last failure in plain words.
    pub last_error: String,
}

impl RemoteCluster {
    /// Accepted by the peer, and not ended.
    pub fn is_live(&self) -> bool {
        self.confirmed_at.is_some() && self.delete_at.is_none()
    }

    /// Whether our pings got through within `offline_after` ms (SC-056, ruling 24).
    pub fn is_online(&self, now: Millis, offline_after: i64) -> bool {
        self.is_live() && self.last_ping_at.is_some_and(|at| now.since(at) < offline_after)
    }

    /// Whether the peer advertised `capability`.
    pub fn has(&self, capability: &str) -> bool {
        self.caps.split_ascii_whitespace().any(|c| c == capability)
    }
}

/// What a share allows the other organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareMode {
    /// Read and write.
    Participation,
    /// Read, acknowledge, take back own earlier posts (SC-067, SC-068).
    ReadOnly,
}

/// Where a share stands (behaviour 0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// The invitation waits for the peer.
    Queued,
    /// The invitation is under way or its outcome unknown.
    Invited,
    /// Confirmed by the peer.
    Active,
    /// Held, nothing is lost.
    Paused,
    /// Refused by the peer.
    Failed,
    /// Over.
    Ended,
}

impl ShareState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            ShareState::Queued => "queued",
            ShareState::Invited => "invited",
            ShareState::Active => "active",
            ShareState::Paused => "paused",
            ShareState::Failed => "failed",
            ShareState::Ended => "ended",
        }
    }

    /// The reverse of [`ShareState::as_str`]; anything else counts as ended, which allows nothing.
    pub fn from_word(word: &str) -> ShareState {
        match word {
            "queued" => ShareState::Queued,
            "invited" => ShareState::Invited,
            "active" => ShareState::Active,
            "paused" => ShareState::Paused,
            "failed" => ShareState::Failed,
            _ => ShareState::Ended,
        }
    }

    /// Neither refused nor over.
    pub fn is_live(self) -> bool {
        !matches!(self, ShareState::Failed | ShareState::Ended)
    }
}

/// One shared channel with one remote cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// New with every invitation.
    pub id: ShareId,
    /// The channel.
    pub channel_id: ChannelId,
    /// The connection.
    pub remote_id: RemoteId,
    /// True where we are the home of the channel.
    pub home: bool,
    /// Who invited.
    pub creator_id: UserId,
    /// What the guests may do.
    pub mode: ShareMode,
    /// Where it stands.
    pub state: ShareState,
    /// Why it failed, paused or ended, in a word of ruling 8.6.
    pub reason: String,
    /// Free text of the invitation.
    pub description: String,
    /// When it was made.
    pub create_at: Millis,
    /// Version of the row; also the `version` of ruling 8.6.
    pub update_at: Millis,
    /// Log position after which changes of the channel are sent; None until the sender has invited.
    pub from_seq: Option<Seq>,
    /// Last confirmed exchange of items in either direction.
    pub last_sync_at: Option<Millis>,
}
