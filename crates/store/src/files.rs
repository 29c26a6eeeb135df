//! Rows of files and of uploads that are not complete. The bytes are the application's business.

use rialto_model::{ChannelId, FileId, FileInfo, ItemId, Millis, PostId, RemoteId, Upload, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "f.id, f.user_id, f.channel_id, f.post_id, f.create_at, f.update_at, f.delete_at, f.name, f.extension, f.size, \
         f.mime_type, f.width, f.height, f.sha256, f.remote_id"
    };
}

impl FromRow for FileInfo {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(FileInfo {
            id: row.id()?,
            user_id: row.id()?,
            channel_id: row.id()?,
            post_id: row.opt_id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            name: row.text()?,
            extension: row.text()?,
            size: row.int()?,
            mime_type: row.text()?,
            width: row.int()?,
            height: row.int()?,
            sha256: row.text()?,
            remote_id: row.opt_id()?,
        })
    }
}

/// The file with `id`, deleted or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &FileId) -> Result<Option<FileInfo>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM files f WHERE f.id = $1"), &[id.into()]).await
}

/// A live file of a connection with these bytes.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn held(
    view: &mut Snapshot,
    remote: &RemoteId,
    sha256: &str,
    size: i64,
) -> Result<Option<FileInfo>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM files f WHERE f.remote_id <> '' AND f.remote_id = $1 AND f.sha256 = $2 AND f.size = $3 \
             AND f.delete_at = 0 LIMIT 1"
        ),
        &[remote.into(), sha256.into(), size.into()],
    )
    .await
}

/// Files with these ids, in no order, unknown and deleted ones missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(view: &mut Snapshot, ids: &[FileId]) -> Result<Vec<FileInfo>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM files f WHERE f.delete_at = 0 AND f.id IN (SELECT value FROM json_each($1))"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM files f WHERE f.delete_at = 0 AND f.id IN (SELECT json_array_elements_text($1::json))"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(ids)).into()]).await
}

/// Live files that hang on these posts, in no order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_posts(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<FileInfo>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM files f WHERE f.delete_at = 0 AND f.post_id <> '' AND f.post_id IN (SELECT value FROM json_each($1))"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM files f WHERE f.delete_at = 0 AND f.post_id <> '' \
             AND f.post_id IN (SELECT json_array_elements_text($1::json))"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into()]).await
}

/// How many live files hang on posts of a channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_in_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM files WHERE channel_id = $1 AND delete_at = 0 AND post_id <> ''",
        &[channel.into()],
    )
    .await
}

/// Adds a complete file.
///
/// # Errors
/// [`StoreError::Unique`] if a file of the id exists.
pub async fn insert(tx: &mut Tx, file: &FileInfo) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO files (id, user_id, channel_id, post_id, create_at, update_at, delete_at, name, extension, size, \
         mime_type, width, height, sha256, remote_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            (&file.id).into(),
            (&file.user_id).into(),
            (&file.channel_id).into(),
            Arg::opt(&file.post_id),
            file.create_at.into(),
            file.update_at.into(),
            file.delete_at.into(),
            (&file.name).into(),
            (&file.extension).into(),
            file.size.into(),
            (&file.mime_type).into(),
            file.width.into(),
            file.height.into(),
            (&file.sha256).into(),
            Arg::opt(&file.remote_id),
        ],
    )
    .await
    .map(|_| ())
}

/// Hangs a file on a post: only its uploader's, in its channel, of the same owner, and only once. False if it cannot be.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn attach(
    tx: &mut Tx,
    file: &FileId,
    post: &PostId,
    user: &UserId,
    channel: &ChannelId,
    owner: Option<&RemoteId>,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let changed = tx
        .execute(
            "UPDATE files SET post_id = $2, update_at = $6 WHERE id = $1 AND post_id = '' AND delete_at = 0 AND user_id = $3 \
             AND channel_id = $4 AND remote_id = $5",
            &[
                file.into(),
                post.into(),
                user.into(),
                channel.into(),
                Arg::Text(owner.map_or("", |id| id.as_str())),
                now.into(),
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// Takes a file that was taken out of a post back, so that it can be hung on it again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn revive(tx: &mut Tx, file: &FileId, post: &PostId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE files SET delete_at = 0, post_id = '' WHERE id = $1 AND post_id = $2 AND delete_at <> 0 AND remote_id = ''",
        &[file.into(), post.into()],
    )
    .await
    .map(|_| ())
}

/// Takes a file away: out of its post, or with it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_deleted(tx: &mut Tx, file: &FileId, at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE files SET delete_at = $2, update_at = $2 WHERE id = $1 AND delete_at = 0",
        &[file.into(), at.into()],
    )
    .await
    .map(|_| ())
}

impl FromRow for Upload {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Upload {
            id: row.id()?,
            file_id: row.id()?,
            user_id: row.id()?,
            channel_id: row.id()?,
            remote_id: row.opt_id()?,
            name: row.text()?,
            size: row.int()?,
            sha256: row.text()?,
            create_at: row.millis()?,
            is_done: row.bool()?,
        })
    }
}

macro_rules! upload {
    () => {
        "SELECT id, file_id, user_id, channel_id, remote_id, name, size, sha256, create_at, is_done FROM uploads"
    };
}

/// An upload, complete or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_upload(view: &mut Snapshot, id: &ItemId) -> Result<Option<Upload>, StoreError> {
    view.fetch_optional(concat!(upload!(), " WHERE id = $1"), &[id.into()]).await
}

/// The upload that is to become `file`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_upload_of(view: &mut Snapshot, file: &FileId) -> Result<Option<Upload>, StoreError> {
    view.fetch_optional(concat!(upload!(), " WHERE file_id = $1"), &[file.into()]).await
}

/// Incomplete uploads of a person of this server, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_uploads(view: &mut Snapshot, user: &UserId) -> Result<Vec<Upload>, StoreError> {
    view.fetch_all(
        concat!(upload!(), " WHERE user_id = $1 AND remote_id = '' AND NOT is_done ORDER BY create_at, id"),
        &[user.into()],
    )
    .await
}

/// Uploads that began before `before`, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_old_uploads(view: &mut Snapshot, before: Millis, limit: i64) -> Result<Vec<Upload>, StoreError> {
    view.fetch_all(
        concat!(upload!(), " WHERE create_at < $1 ORDER BY create_at, id LIMIT $2"),
        &[before.into(), limit.into()],
    )
    .await
}

/// How many uploads of a connection are incomplete, and the bytes they will have.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn open_uploads(view: &mut Snapshot, remote: &RemoteId) -> Result<(i64, i64), StoreError> {
    view.fetch_one(
        "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM uploads WHERE remote_id = $1 AND NOT is_done",
        &[remote.into()],
    )
    .await
}

/// Adds an upload.
///
/// # Errors
/// [`StoreError::Unique`] if one of the id, or for the same file, exists.
pub async fn insert_upload(tx: &mut Tx, upload: &Upload) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO uploads (id, file_id, user_id, channel_id, remote_id, name, size, sha256, create_at, is_done) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            (&upload.id).into(),
            (&upload.file_id).into(),
            (&upload.user_id).into(),
            (&upload.channel_id).into(),
            Arg::opt(&upload.remote_id),
            (&upload.name).into(),
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
    tx.execute("UPDATE uploads SET is_done = TRUE WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// Forgets an upload.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_upload(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM uploads WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// Notes that a peer's post names a file that has not arrived.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn expect(tx: &mut Tx, remote: &RemoteId, file: &FileId, post: &PostId) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO expected_files (remote_id, file_id, post_id) VALUES ($1, $2, $3) \
         ON CONFLICT (remote_id, file_id) DO NOTHING",
        &[remote.into(), file.into(), post.into()],
    )
    .await
    .map(|_| ())
}

/// The post that waits for a file.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn expecting(view: &mut Snapshot, remote: &RemoteId, file: &FileId) -> Result<Option<PostId>, StoreError> {
    let found: Option<crate::Id<PostId>> = view
        .fetch_optional(
            "SELECT post_id FROM expected_files WHERE remote_id = $1 AND file_id = $2",
            &[remote.into(), file.into()],
        )
        .await?;
    Ok(found.map(|id| id.0))
}

/// A file is not waited for any more.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_expected(tx: &mut Tx, remote: &RemoteId, file: &FileId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM expected_files WHERE remote_id = $1 AND file_id = $2", &[remote.into(), file.into()])
        .await
        .map(|_| ())
}
