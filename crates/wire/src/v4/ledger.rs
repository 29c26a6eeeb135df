//! The ledger: what left this server, to whom (behaviour 8.11). Rialto only.
#![expect(missing_docs, reason = "members are described in docs/operations.md")]

use serde::{Deserialize, Serialize};

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Where it stands: what `after` takes.
    pub id: String,
    /// ms.
    pub at: i64,
    /// What the connection was called then.
    pub organisation: String,
    /// Where it was then.
    pub site_url: String,
    pub remote_id: String,
    /// Empty: it went over the connection as a whole.
    pub channel_id: String,
    pub kind: String,
    /// Empty, `history`, `context` or `fetched`.
    pub past: String,
    pub item_id: String,
    pub user_id: String,
    /// What that person is called here now.
    pub username: String,
    pub name: String,
    /// Bytes; null where there are none to count.
    pub size: Option<i64>,
    pub sha256: String,
    /// `sent`, `stored` or `refused`.
    pub state: String,
}

/// Lines of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPage {
    pub entries: Vec<LedgerEntry>,
    /// The `after` of the next page; empty behind the last.
    pub next: String,
}
