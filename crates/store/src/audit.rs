//! Who did what: administrative actions and refused remote items, never content.

use rialto_model::{ChannelId, Millis, RemoteId};

use crate::{Arg, Snapshot, StoreError, Tx};

/// One line of the audit log.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Id of a person, or what else acted.
    pub actor: &'a str,
    /// What was done or tried, `create_connection` for example.
    pub action: &'a str,
    /// Connection concerned.
    pub remote: Option<RemoteId>,
    /// Channel concerned.
    pub channel: Option<ChannelId>,
    /// `ok`, or a code of a refusal.
    pub result: &'a str,
    /// Names and ids, never secrets or message text (SC-105).
    pub detail: &'a str,
}

/// Appends a line.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub fn append(tx: &mut Tx, at: Millis, entry: &Entry<'_>) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO audit (at, actor, action, remote_id, channel_id, result, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            at.into(),
            entry.actor.into(),
            entry.action.into(),
            Arg::opt(&entry.remote),
            Arg::opt(&entry.channel),
            entry.result.into(),
            entry.detail.into(),
        ],
    )
}

/// Number of lines, for tests and statistics.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM audit", &[]).await
}
