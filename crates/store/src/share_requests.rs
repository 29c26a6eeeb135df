//! Channels that peers offer and that wait for an administrator or for a team (rulings 28 and 43).

use rialto_model::{ChannelId, ChannelKind, Millis, RemoteId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// A channel a peer offers, until it is decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRequest {
    /// Who offers it.
    pub remote_id: RemoteId,
    /// Which.
    pub channel_id: ChannelId,
    /// What it waits for: `approval` or `destination` (ruling 8.6).
    pub reason: String,
    /// Public or private.
    pub kind: ChannelKind,
    /// Wanted name.
    pub name: String,
    /// Wanted shown name.
    pub display_name: String,
    /// Text above the messages.
    pub header: String,
    /// What for.
    pub purpose: String,
    /// Nobody here would write.
    pub read_only: bool,
    /// When it was first offered.
    pub create_at: Millis,
}

impl FromRow for ShareRequest {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            channel_id: row.id()?,
            reason: row.text()?,
            // Nothing becomes public by a word we cannot read.
            kind: ChannelKind::from_letter(&row.text()?).unwrap_or(ChannelKind::Private),
            name: row.text()?,
            display_name: row.text()?,
            header: row.text()?,
            purpose: row.text()?,
            read_only: row.bool()?,
            create_at: row.millis()?,
        })
    }
}

macro_rules! columns {
    () => {
        "remote_id, channel_id, reason, kind, name, display_name, header, purpose, read_only, create_at"
    };
}

/// Keeps what a peer offers; what it offered of the channel before is replaced, but for when that was.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn put(tx: &mut Tx, request: &ShareRequest) -> Result<(), StoreError> {
    tx.execute(
        concat!(
            "INSERT INTO share_requests (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (remote_id, channel_id) DO UPDATE SET \
             reason = excluded.reason, kind = excluded.kind, name = excluded.name, display_name = excluded.display_name, \
             header = excluded.header, purpose = excluded.purpose, read_only = excluded.read_only"
        ),
        &[
            (&request.remote_id).into(),
            (&request.channel_id).into(),
            (&request.reason).into(),
            request.kind.letter().into(),
            (&request.name).into(),
            (&request.display_name).into(),
            (&request.header).into(),
            (&request.purpose).into(),
            request.read_only.into(),
            request.create_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// What a peer offers of a channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(
    view: &mut Snapshot,
    remote: &RemoteId,
    channel: &ChannelId,
) -> Result<Option<ShareRequest>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM share_requests WHERE remote_id = $1 AND channel_id = $2"),
        &[remote.into(), channel.into()],
    )
    .await
}

/// Everything a peer offers that waits, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<ShareRequest>, StoreError> {
    view.fetch_all(
        concat!("SELECT ", columns!(), " FROM share_requests WHERE remote_id = $1 ORDER BY create_at, channel_id"),
        &[remote.into()],
    )
    .await
}

/// Forgets what a peer offers of a channel; false if it offers nothing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, remote: &RemoteId, channel: &ChannelId) -> Result<bool, StoreError> {
    let sql = "DELETE FROM share_requests WHERE remote_id = $1 AND channel_id = $2";
    Ok(tx.execute(sql, &[remote.into(), channel.into()]).await? > 0)
}

/// Forgets everything a peer offers.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_all(tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM share_requests WHERE remote_id = $1", &[remote.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn a_peer_offers_a_channel_once() {
        both(async |db: Db| {
            let first = ShareRequest {
                remote_id: id(1),
                channel_id: id(1),
                reason: "approval".to_owned(),
                kind: ChannelKind::Public,
                name: "ops".to_owned(),
                display_name: "Ops".to_owned(),
                header: "Above".to_owned(),
                purpose: "For ops".to_owned(),
                read_only: false,
                create_at: Millis(5),
            };
            let later = ShareRequest {
                reason: "destination".to_owned(),
                kind: ChannelKind::Private,
                name: "oops".to_owned(),
                display_name: "Oops".to_owned(),
                header: "Over".to_owned(),
                purpose: "For oops".to_owned(),
                read_only: true,
                create_at: Millis(9),
                ..first.clone()
            };
            let second = ShareRequest { channel_id: id(2), create_at: Millis(3), ..first.clone() };
            let others = ShareRequest { remote_id: id(2), ..first.clone() };
            let mut tx = begin(&db).await;
            for request in [&first, &later, &second, &others] {
                put(&mut tx, request).await.unwrap();
            }
            let kept = ShareRequest { create_at: Millis(5), ..later };
            assert_eq!(get(&mut tx, &id(1), &id(1)).await.unwrap(), Some(kept.clone()));
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [second, kept]);
            assert!(delete(&mut tx, &id(1), &id(1)).await.unwrap());
            assert!(!delete(&mut tx, &id(1), &id(1)).await.unwrap());
            delete_all(&mut tx, &id(1)).await.unwrap();
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), []);
            assert_eq!(get(&mut tx, &id(2), &id(1)).await.unwrap(), Some(others));
        })
        .await;
    }
}
