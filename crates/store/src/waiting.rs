//! Received items that wait for what they refer to (ruling 31): a reply for its root, anything for its author.

use rialto_model::{ChannelId, Millis, RemoteId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// A received item that cannot be applied yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingItem {
    /// From whom; only the same connection may bring what is missing.
    pub remote_id: RemoteId,
    /// `post` or `reaction`.
    pub kind: String,
    /// Id of the post, or post, user and emoji of the reaction.
    pub item_id: String,
    /// Where it belongs.
    pub channel_id: ChannelId,
    /// What it waits for.
    pub missing_id: String,
    /// The item as it was received, checked, as JSON.
    pub body: String,
    /// When it came.
    pub receive_at: Millis,
    /// Looked after by age ([`list_due`]), whatever comes: a reply to a root that may never come, and what could go when
    /// its channel could not take it.
    pub is_due: bool,
}

impl FromRow for WaitingItem {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            kind: row.text()?,
            item_id: row.text()?,
            channel_id: row.id()?,
            missing_id: row.text()?,
            body: row.text()?,
            receive_at: row.millis()?,
            is_due: row.bool()?,
        })
    }
}

/// How many items of a connection wait.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn count(view: &mut Snapshot, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM waiting_items WHERE remote_id = $1", &[remote.into()]).await
}

/// The item of this kind and id, if it waits.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(
    view: &mut Snapshot,
    remote: &RemoteId,
    kind: &str,
    item_id: &str,
) -> Result<Option<WaitingItem>, StoreError> {
    view.fetch_optional(
        "SELECT remote_id, kind, item_id, channel_id, missing_id, body, receive_at, is_due FROM waiting_items \
         WHERE remote_id = $1 AND kind = $2 AND item_id = $3",
        &[remote.into(), kind.into(), item_id.into()],
    )
    .await
}

/// Keeps an item in place of the same one before. Which of two versions is newer, the caller knows. False if nothing
/// changed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, item: &WaitingItem) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "INSERT INTO waiting_items (remote_id, kind, item_id, channel_id, missing_id, body, receive_at, is_due) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (remote_id, kind, item_id) DO UPDATE SET \
             body = excluded.body, missing_id = excluded.missing_id, is_due = excluded.is_due \
             WHERE waiting_items.body <> excluded.body OR waiting_items.is_due <> excluded.is_due",
            &[
                (&item.remote_id).into(),
                (&item.kind).into(),
                (&item.item_id).into(),
                (&item.channel_id).into(),
                (&item.missing_id).into(),
                (&item.body).into(),
                item.receive_at.into(),
                item.is_due.into(),
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// Takes out what waited for `missing`, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(tx: &mut Tx, remote: &RemoteId, missing: &str) -> Result<Vec<WaitingItem>, StoreError> {
    let mut items: Vec<WaitingItem> = tx
        .fetch_all(
            "DELETE FROM waiting_items WHERE remote_id = $1 AND missing_id = $2 \
             RETURNING remote_id, kind, item_id, channel_id, missing_id, body, receive_at, is_due",
            &[remote.into(), missing.into()],
        )
        .await?;
    items.sort_by_key(|item| item.receive_at);
    Ok(items)
}

/// Where a page of [`list_due`] ended.
pub type Place = (Millis, String);

/// Items somebody has to look at by now: those that are due and came before `before`, and all that came before `oldest`.
/// Oldest first, behind `after`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_due(
    view: &mut Snapshot,
    before: Millis,
    oldest: Millis,
    after: &Place,
    limit: i64,
) -> Result<Vec<WaitingItem>, StoreError> {
    let (at, item) = after;
    view.fetch_all(
        "SELECT remote_id, kind, item_id, channel_id, missing_id, body, receive_at, is_due FROM waiting_items \
         WHERE ((is_due AND receive_at < $1) OR receive_at < $2) \
         AND (receive_at > $3 OR (receive_at = $3 AND item_id > $4)) ORDER BY receive_at, item_id LIMIT $5",
        &[before.into(), oldest.into(), (*at).into(), item.into(), limit.into()],
    )
    .await
}

/// Drops the item of this kind and id, if it waits.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, remote: &RemoteId, kind: &str, item_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM waiting_items WHERE remote_id = $1 AND kind = $2 AND item_id = $3",
        &[remote.into(), kind.into(), item_id.into()],
    )
    .await
    .map(|_| ())
}
