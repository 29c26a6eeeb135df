//! Emoji of peers: one a connection and name, the latest (ruling 8.8); and those that are arriving.

use rialto_model::{ChannelId, EmojiUpload, ItemId, Millis, PeerEmoji, RemoteId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

impl FromRow for PeerEmoji {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(PeerEmoji {
            remote_id: row.id()?,
            name: row.text()?,
            id: row.id()?,
            creator_id: row.id()?,
            mime_type: row.text()?,
            update_at: row.millis()?,
        })
    }
}

impl FromRow for EmojiUpload {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(EmojiUpload {
            id: row.id()?,
            file_id: row.id()?,
            remote_id: row.id()?,
            name: row.text()?,
            creator_id: row.id()?,
            size: row.int()?,
            sha256: row.text()?,
            create_at: row.millis()?,
            is_done: row.bool()?,
        })
    }
}

/// A peer's emoji of this name.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId, name: &str) -> Result<Option<PeerEmoji>, StoreError> {
    view.fetch_optional(
        "SELECT remote_id, name, id, creator_id, mime_type, update_at FROM peer_emoji WHERE remote_id = $1 AND name = $2",
        &[remote.into(), name.into()],
    )
    .await
}

/// How many emoji of a peer are kept.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM peer_emoji WHERE remote_id = $1", &[remote.into()]).await
}

/// The emoji of all peers with which a channel is shared now, by name and connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<PeerEmoji>, StoreError> {
    view.fetch_all(
        "SELECT p.remote_id, p.name, p.id, p.creator_id, p.mime_type, p.update_at FROM peer_emoji p \
         WHERE p.remote_id IN (SELECT s.remote_id FROM shares s WHERE s.channel_id = $1 AND s.live) \
         ORDER BY p.name, p.remote_id",
        &[channel.into()],
    )
    .await
}

/// Keeps a peer's emoji in place of the one of that name it had.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, emoji: &PeerEmoji) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO peer_emoji (remote_id, name, id, creator_id, mime_type, update_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (remote_id, name) DO UPDATE SET id = excluded.id, creator_id = excluded.creator_id, \
         mime_type = excluded.mime_type, update_at = excluded.update_at",
        &[
            (&emoji.remote_id).into(),
            (&emoji.name).into(),
            (&emoji.id).into(),
            (&emoji.creator_id).into(),
            (&emoji.mime_type).into(),
            emoji.update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets a peer's emoji.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, remote: &RemoteId, name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM peer_emoji WHERE remote_id = $1 AND name = $2", &[remote.into(), name.into()])
        .await
        .map(|_| ())
}

/// An arriving emoji by the id of its upload.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_upload(view: &mut Snapshot, id: &ItemId) -> Result<Option<EmojiUpload>, StoreError> {
    view.fetch_optional(
        "SELECT id, file_id, remote_id, name, creator_id, size, sha256, create_at, is_done FROM emoji_uploads WHERE id = $1",
        &[id.into()],
    )
    .await
}

/// The upload of a name, arriving or done.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_upload_of(
    view: &mut Snapshot,
    remote: &RemoteId,
    name: &str,
) -> Result<Option<EmojiUpload>, StoreError> {
    view.fetch_optional(
        "SELECT id, file_id, remote_id, name, creator_id, size, sha256, create_at, is_done FROM emoji_uploads \
         WHERE remote_id = $1 AND name = $2",
        &[remote.into(), name.into()],
    )
    .await
}

/// Writes an announced emoji in place of another of its name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put_upload(tx: &mut Tx, upload: &EmojiUpload) -> Result<(), StoreError> {
    delete_upload(tx, &upload.remote_id, &upload.name).await?;
    tx.execute(
        "INSERT INTO emoji_uploads (id, file_id, remote_id, name, creator_id, size, sha256, create_at, is_done) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&upload.id).into(),
            (&upload.file_id).into(),
            (&upload.remote_id).into(),
            (&upload.name).into(),
            (&upload.creator_id).into(),
            upload.size.into(),
            (&upload.sha256).into(),
            upload.create_at.into(),
            upload.is_done.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Notes that all of an upload has arrived.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn finish_upload(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("UPDATE emoji_uploads SET is_done = $2 WHERE id = $1", &[id.into(), true.into()]).await.map(|_| ())
}

/// Forgets the upload of a name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_upload(tx: &mut Tx, remote: &RemoteId, name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM emoji_uploads WHERE remote_id = $1 AND name = $2", &[remote.into(), name.into()])
        .await
        .map(|_| ())
}

/// Forgets uploads that were announced before `edge` and have not arrived.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn prune_uploads(tx: &mut Tx, edge: Millis) -> Result<(), StoreError> {
    tx.execute("DELETE FROM emoji_uploads WHERE create_at < $1 AND is_done = $2", &[edge.into(), false.into()])
        .await
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, share};
    use crate::shares;
    use crate::testing::both;

    fn emoji(n: u128, remote: u128, name: &str) -> PeerEmoji {
        PeerEmoji {
            remote_id: id(remote),
            name: name.to_owned(),
            id: id(n),
            creator_id: id(1),
            mime_type: "image/gif".to_owned(),
            update_at: Millis(5),
        }
    }

    /// E-149, ruling 8.8: one emoji a connection and name, seen where the channel is shared with that connection.
    #[tokio::test]
    async fn emoji_are_kept_by_connection_and_name() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let shared = share(3, id(30), id(9));
            let ours = |n, name| emoji(n, 9, name);
            shares::insert(&mut tx, &shared).await.unwrap();
            for one in [ours(21, "b"), ours(22, "a"), emoji(23, 8, "a"), ours(24, "b")] {
                put(&mut tx, &one).await.unwrap();
            }
            assert_eq!(get(&mut tx, &shared.remote_id, "b").await.unwrap(), Some(ours(24, "b")));
            assert_eq!(count(&mut tx, &shared.remote_id).await.unwrap(), 2);
            assert_eq!(of_channel(&mut tx, &shared.channel_id).await.unwrap(), [ours(22, "a"), ours(24, "b")]);
            assert_eq!(of_channel(&mut tx, &id(99)).await.unwrap(), []);
            delete(&mut tx, &shared.remote_id, "a").await.unwrap();
            assert_eq!(get(&mut tx, &shared.remote_id, "a").await.unwrap(), None);
            assert_eq!(get(&mut tx, &id(8), "a").await.unwrap(), Some(emoji(23, 8, "a")));
        })
        .await;
    }

    #[tokio::test]
    async fn one_upload_a_name_is_remembered() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let upload = |n| EmojiUpload {
                id: id(n),
                file_id: id(31),
                remote_id: id(9),
                name: "parrot".to_owned(),
                creator_id: id(2),
                size: 77,
                sha256: "ab".to_owned(),
                create_at: Millis(1_000),
                is_done: false,
            };
            put_upload(&mut tx, &upload(41)).await.unwrap();
            put_upload(&mut tx, &upload(42)).await.unwrap();
            assert_eq!(get_upload(&mut tx, &id(41)).await.unwrap(), None);
            assert_eq!(get_upload(&mut tx, &id(42)).await.unwrap(), Some(upload(42)));
            finish_upload(&mut tx, &id(42)).await.unwrap();
            prune_uploads(&mut tx, Millis(2_000)).await.unwrap();
            let done = get_upload_of(&mut tx, &id(9), "parrot").await.unwrap().unwrap();
            assert_eq!(done, EmojiUpload { is_done: true, ..upload(42) });
            put_upload(&mut tx, &upload(43)).await.unwrap();
            prune_uploads(&mut tx, Millis(1_000)).await.unwrap();
            assert!(get_upload(&mut tx, &id(43)).await.unwrap().is_some());
            prune_uploads(&mut tx, Millis(1_001)).await.unwrap();
            assert_eq!(get_upload(&mut tx, &id(43)).await.unwrap(), None);
        })
        .await;
    }
}
