//! Which file went to which peer, goes, or will not.

use rialto_model::{ChannelId, FileId, ItemId, Millis, PostId, RemoteId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// What became of a file on its way to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Goes, or will.
    Waiting,
    /// Is there.
    Sent,
    /// The peer does not want it; the cause says why.
    Refused,
}

impl State {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }
}

/// One file on its way to one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub remote_id: RemoteId,
    /// Which file.
    pub file_id: FileId,
    /// The post it hangs on.
    pub post_id: PostId,
    /// Where that stands.
    pub channel_id: ChannelId,
    /// The upload at the peer; the same at every attempt, so that one can go on where the last one ended.
    pub upload_id: ItemId,
    /// What became of it.
    pub state: State,
    /// Why it was refused or failed, in plain words.
    pub cause: String,
    /// Attempts in a row that brought nothing.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Millis,
    /// When bytes last got through, or when it was queued.
    pub progress_at: Millis,
    /// The post is not sent before this is settled.
    pub holds_post: bool,
}

impl FromRow for Delivery {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            file_id: row.id()?,
            post_id: row.id()?,
            channel_id: row.id()?,
            upload_id: row.id()?,
            state: match row.text()?.as_str() {
                "sent" => State::Sent,
                "refused" => State::Refused,
                _ => State::Waiting,
            },
            cause: row.text()?,
            attempts: row.int()?,
            next_at: row.millis()?,
            progress_at: row.millis()?,
            holds_post: row.bool()?,
        })
    }
}

macro_rules! select {
    () => {
        "SELECT remote_id, file_id, post_id, channel_id, upload_id, state, cause, attempts, next_at, progress_at, holds_post \
         FROM file_deliveries"
    };
}

/// The delivery of a file to a peer.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId, file: &FileId) -> Result<Option<Delivery>, StoreError> {
    view.fetch_optional(concat!(select!(), " WHERE remote_id = $1 AND file_id = $2"), &[remote.into(), file.into()])
        .await
}

/// What is still to go to a peer, by the time of the next attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn waiting(view: &mut Snapshot, remote: &RemoteId, limit: i64) -> Result<Vec<Delivery>, StoreError> {
    view.fetch_all(
        concat!(select!(), " WHERE remote_id = $1 AND state = 'waiting' ORDER BY next_at, file_id LIMIT $2"),
        &[remote.into(), limit.into()],
    )
    .await
}

/// How many files wait for a peer that no attempt was made with.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_untried(view: &mut Snapshot, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM file_deliveries WHERE remote_id = $1 AND state = 'waiting' AND attempts = 0",
        &[remote.into()],
    )
    .await
}

/// All deliveries of a post's files to a peer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_post(view: &mut Snapshot, remote: &RemoteId, post: &PostId) -> Result<Vec<Delivery>, StoreError> {
    view.fetch_all(
        concat!(select!(), " WHERE post_id = $2 AND remote_id = $1 ORDER BY file_id"),
        &[remote.into(), post.into()],
    )
    .await
}

/// Deliveries that hold their posts.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn holding(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Delivery>, StoreError> {
    view.fetch_all(
        concat!(select!(), " WHERE remote_id = $1 AND holds_post ORDER BY progress_at, file_id LIMIT 1000"),
        &[remote.into()],
    )
    .await
}

/// Adds a delivery, or writes what became of it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, delivery: &Delivery) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO file_deliveries (remote_id, file_id, post_id, channel_id, upload_id, state, cause, attempts, next_at, \
         progress_at, holds_post) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (remote_id, file_id) DO UPDATE SET state = excluded.state, cause = excluded.cause, \
         attempts = excluded.attempts, next_at = excluded.next_at, progress_at = excluded.progress_at, \
         holds_post = excluded.holds_post, upload_id = excluded.upload_id",
        &[
            (&delivery.remote_id).into(),
            (&delivery.file_id).into(),
            (&delivery.post_id).into(),
            (&delivery.channel_id).into(),
            (&delivery.upload_id).into(),
            delivery.state.as_str().into(),
            (&delivery.cause).into(),
            delivery.attempts.into(),
            delivery.next_at.into(),
            delivery.progress_at.into(),
            delivery.holds_post.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// The post has gone: nothing holds it any more.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn release_post(tx: &mut Tx, remote: &RemoteId, post: &PostId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE file_deliveries SET holds_post = FALSE WHERE remote_id = $1 AND post_id = $2 AND holds_post",
        &[remote.into(), post.into()],
    )
    .await
    .map(|_| ())
}

/// Forgets what is still to go: its post is gone, or the share ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn cancel(tx: &mut Tx, remote: &RemoteId, file: &FileId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM file_deliveries WHERE remote_id = $1 AND file_id = $2 AND state = 'waiting'",
        &[remote.into(), file.into()],
    )
    .await
    .map(|_| ())
}
