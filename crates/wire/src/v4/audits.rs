//! Who did what, for administrators. Source: the shape of API v4 `GET /audits`.
#![expect(missing_docs, reason = "members are named and meant as in API v4")]

use rialto_model::ItemId;
use serde::{Deserialize, Serialize};

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub id: ItemId,
    /// ms.
    pub create_at: i64,
    /// Empty where the server itself or a peer acted; `extra_info` says who.
    pub user_id: String,
    pub action: String,
    /// `name=value`, separated by blanks: `actor`, `result`, `remote_id`, `channel_id`; the rest is `detail`.
    pub extra_info: String,
    /// Not kept, so empty.
    pub ip_address: String,
    /// Not kept, so empty.
    pub session_id: String,
}
