//! Items a peer refuses for good, as administrators see them (E-031). Rialto only.

use rialto_model::{ChannelId, RemoteId};
use serde::Serialize;

/// An item that was set aside: sent again or forgotten when an administrator says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Who refuses it.
    pub remote_id: RemoteId,
    /// `post`, `reaction`, `member` or `profile`.
    pub kind: String,
    /// Names it among those of its kind: ids joined by colons, as given back in a path.
    pub item_id: String,
    /// Where it belongs.
    pub channel_id: ChannelId,
    /// How often it was sent.
    pub attempts: i64,
    /// Why, in plain words.
    pub cause: String,
}

/// How many items a decision was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// Number of items.
    pub items: u64,
}
