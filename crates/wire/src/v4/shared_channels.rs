//! Shared channels and their shares. Source: client-api 2.4 and 6.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.4")]

use rialto_model::{
    Backfill, Channel, ChannelId, Millis, PostId, RemoteCluster, RemoteId, Share, ShareId, ShareMode, ShareState,
    UserId,
};
use serde::{Deserialize, Serialize};

/// A channel that is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedChannel {
    pub id: ChannelId,
    pub team_id: String,
    pub home: bool,
    pub readonly: bool,
    pub name: String,
    pub display_name: String,
    pub purpose: String,
    pub header: String,
    pub creator_id: UserId,
    pub create_at: i64,
    pub update_at: i64,
    /// The home's connection, in copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<RemoteId>,
    /// Capitalised, and empty in lists.
    #[serde(rename = "Type")]
    pub kind: String,
}

impl SharedChannel {
    /// A channel and one of its shares: any at home, the only one in a copy.
    pub fn new(channel: &Channel, share: &Share) -> SharedChannel {
        SharedChannel {
            id: channel.id,
            team_id: channel.team_id.map_or_else(String::new, |id| id.to_string()),
            home: share.home,
            readonly: !share.home && share.mode == ShareMode::ReadOnly,
            name: channel.name.clone(),
            display_name: channel.display_name.clone(),
            purpose: channel.purpose.clone(),
            header: channel.header.clone(),
            creator_id: share.creator_id,
            create_at: share.create_at.0,
            update_at: share.update_at.0,
            remote_id: (!share.home).then_some(share.remote_id),
            kind: String::new(),
        }
    }
}

/// One channel with one connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedChannelRemote {
    pub id: ShareId,
    pub channel_id: ChannelId,
    pub creator_id: UserId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub is_invite_accepted: bool,
    pub is_invite_confirmed: bool,
    pub remote_id: RemoteId,
    pub last_post_update_at: i64,
    pub last_post_id: String,
    pub last_post_create_at: i64,
    pub last_post_create_id: String,
    pub last_members_sync_at: i64,
    /// Rialto only, like all that follow: `queued`, `invited`, `active`, `paused`, `failed` or `ended`.
    #[serde(default)]
    pub state: String,
    /// Why it is in that state.
    #[serde(default)]
    pub reason: String,
    /// Whether the other organisation may only read.
    #[serde(default)]
    pub readonly: bool,
    /// Whether we are the channel's home.
    #[serde(default)]
    pub home: bool,
    /// Last confirmed exchange of items, 0 if none.
    #[serde(default)]
    pub last_sync_at: i64,
    /// The channel as it is here, for whoever may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<super::Channel>,
}

impl From<&Share> for SharedChannelRemote {
    fn from(share: &Share) -> Self {
        let is_confirmed = matches!(share.state, ShareState::Active | ShareState::Paused);
        SharedChannelRemote {
            id: share.id,
            channel_id: share.channel_id,
            creator_id: share.creator_id,
            create_at: share.create_at.0,
            update_at: share.update_at.0,
            delete_at: if share.state.is_live() { 0 } else { share.update_at.0 },
            is_invite_accepted: is_confirmed,
            is_invite_confirmed: is_confirmed,
            remote_id: share.remote_id,
            // Our cursor is a position in the log, not a post; nobody reads these but a real server's own tables.
            last_post_update_at: 0,
            last_post_id: String::new(),
            last_post_create_at: 0,
            last_post_create_id: String::new(),
            last_members_sync_at: 0,
            state: share.state.as_str().to_owned(),
            reason: share.reason.clone(),
            readonly: share.mode == ShareMode::ReadOnly,
            home: share.home,
            last_sync_at: Millis::or_zero(share.last_sync_at),
            channel: None,
        }
    }
}

/// A channel a connection offers and that waits for a decision; Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedChannelRequest {
    pub channel_id: ChannelId,
    pub remote_id: RemoteId,
    /// `approval` or `destination`.
    pub reason: String,
    pub display_name: String,
    pub header: String,
    pub purpose: String,
    /// `O` or `P`.
    #[serde(rename = "type")]
    pub kind: String,
    pub readonly: bool,
    pub create_at: i64,
}

/// What `POST /remotecluster/R/channels/C/approve` may carry; Rialto only.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ApproveRequest {
    /// Where to put the copy; empty: the connection's destination team.
    #[serde(deserialize_with = "crate::lenient::or_default")]
    pub team_id: String,
}

/// A message of the caller's that an organisation has refused for good; Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeliveredPost {
    pub post_id: PostId,
    pub organisation: String,
    pub reason: String,
}

/// How a message fared with other organisations; Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostDeliveries {
    pub post_id: PostId,
    /// 2: stored at all organisations; 1: at all that can be reached; 0: less.
    pub ticks: u8,
    pub organisations: Vec<PostDelivery>,
}

/// How a message fared with one organisation; Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostDelivery {
    pub organisation: String,
    /// `waiting`, `sent`, `stored` or `refused`.
    pub state: String,
    /// Why, in a word: `read_only`, `blocked_member`, `too_large` and so on; may be empty.
    pub code: String,
    /// Why, in plain words.
    pub reason: String,
    pub online: bool,
}

/// `GET /sharedchannels/users/U/can_dm/U2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanDm {
    pub can_dm: bool,
}

/// What `POST /remotecluster/R/channels/C/invite` may carry; clients of Mattermost send nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ShareRequest {
    /// Rialto only, like all that follow. Missing or null: of a new share, everybody takes part; of one there is, it
    /// stays as it is.
    pub readonly: Option<bool>,
    /// What to send of the past: `"all"`, a number of messages (as text or number) or a number of days, `"30d"`; empty,
    /// null or missing: nothing (behaviour 8.1).
    pub history: serde_json::Value,
}

/// How the earlier messages of a channel fare that are sent to one organisation; Rialto only (behaviour 8.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryProgress {
    pub remote_id: RemoteId,
    /// The organisation.
    pub display_name: String,
    /// `running`, `paused`, `cancelling` (the thread that was begun is brought to its end), `cancelled`, `done` or
    /// `refused`.
    pub state: String,
    /// Why, if it is refused, or paused by nobody.
    pub reason: String,
    /// Messages in all; -1: not counted yet.
    pub total: i64,
    /// Messages sent.
    pub done: i64,
    /// Messages a second; 0 while that is not known.
    pub rate: f64,
    /// Seconds until the rest is sent at that rate; -1 while that is not known.
    pub remaining_seconds: i64,
    pub create_at: i64,
    pub update_at: i64,
}

impl HistoryProgress {
    /// As `backfill` to `remote` stands at `now`.
    pub fn new(backfill: &Backfill, remote: &RemoteCluster, now: Millis) -> HistoryProgress {
        let pace = backfill.pace(now);
        HistoryProgress {
            remote_id: remote.id,
            display_name: remote.display_name.clone(),
            state: backfill.state.as_str().to_owned(),
            reason: backfill.reason.clone(),
            total: backfill.total.unwrap_or(-1),
            done: backfill.done,
            rate: pace.map_or(0.0, |(rate, _)| (rate * 10.0).round() / 10.0),
            remaining_seconds: pace.map_or(-1, |(_, seconds)| seconds),
            create_at: backfill.create_at.0,
            update_at: backfill.update_at.0,
        }
    }
}

/// `GET /sharedchannels/C/history`; Rialto only (behaviour 8.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelHistory {
    /// Since when a copy is shared with this server: messages from before it came as history. 0 at home.
    pub shared_at: i64,
    /// What is sent to others; empty for whoever may not share the channel.
    pub backfills: Vec<HistoryProgress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(home: bool, state: ShareState) -> Share {
        Share {
            id: ShareId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            remote_id: RemoteId::from_random([3; 16]),
            home,
            creator_id: UserId::from_random([4; 16]),
            mode: ShareMode::ReadOnly,
            state,
            reason: String::new(),
            description: String::new(),
            create_at: Millis(5),
            update_at: Millis(6),
            from_seq: None,
            last_sync_at: None,
        }
    }

    #[test]
    fn states_show_as_flags_and_words() {
        for (state, confirmed, delete_at) in [
            (ShareState::Queued, false, 0),
            (ShareState::Invited, false, 0),
            (ShareState::Active, true, 0),
            (ShareState::Paused, true, 0),
            (ShareState::Failed, false, 6),
            (ShareState::Ended, false, 6),
        ] {
            let shown = SharedChannelRemote::from(&share(true, state));
            assert_eq!((shown.is_invite_confirmed, shown.delete_at), (confirmed, delete_at), "{state:?}");
            assert_eq!(shown.state, state.as_str());
        }
    }

    #[test]
    fn a_home_is_never_read_only_and_names_no_connection() {
        let channel = Channel {
            id: ChannelId::from_random([2; 16]),
            create_at: Millis(1),
            update_at: Millis(2),
            delete_at: None,
            team_id: None,
            kind: rialto_model::ChannelKind::Public,
            name: "ops".into(),
            display_name: "Ops".into(),
            header: String::new(),
            purpose: String::new(),
            creator_id: None,
            origin: None,
            shared: true,
            last_post_at: Millis(0),
            total_msg_count: 0,
            total_msg_count_root: 0,
        };
        let home = SharedChannel::new(&channel, &share(true, ShareState::Active));
        assert_eq!((home.readonly, home.remote_id), (false, None));
        let copy = SharedChannel::new(&channel, &share(false, ShareState::Active));
        assert_eq!((copy.readonly, copy.remote_id), (true, Some(RemoteId::from_random([3; 16]))));
        assert!(crate::lenient::to_text(&copy).contains(r#""Type":"""#));
    }
}
