//! What senders remember of their peers: position, who was announced, what is believed there, what was refused.

use rialto_model::{ChannelId, Millis, PostId, Reaction, RemoteId, Seq, UserId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// The position of a durable consumer, None if it never had one.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn cursor(view: &mut Snapshot, consumer: &str) -> Result<Option<Seq>, StoreError> {
    let seq: Option<i64> =
        view.fetch_optional("SELECT seq FROM cursors WHERE consumer = $1", &[consumer.into()]).await?;
    Ok(seq.map(Seq))
}

/// Moves a consumer from `old` to `new`; false if somebody else moved it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn move_cursor(tx: &mut Tx, consumer: &str, old: Option<Seq>, new: Seq) -> Result<bool, StoreError> {
    let changed = match old {
        None => {
            tx.execute(
                "INSERT INTO cursors (consumer, seq) VALUES ($1, $2) ON CONFLICT (consumer) DO NOTHING",
                &[consumer.into(), new.into()],
            )
            .await?
        }
        Some(old) => {
            tx.execute(
                "UPDATE cursors SET seq = $3 WHERE consumer = $1 AND seq = $2",
                &[consumer.into(), old.into(), new.into()],
            )
            .await?
        }
    };
    Ok(changed > 0)
}

/// Forgets a consumer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_cursor(tx: &mut Tx, consumer: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM cursors WHERE consumer = $1", &[consumer.into()]).await.map(|_| ())
}

/// The lowest position of all consumers and of all channels that a peer gets later ([`crate::shares::held`]), None
/// without any: nothing behind it may be pruned.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn slowest_cursor(view: &mut Snapshot) -> Result<Option<Seq>, StoreError> {
    let lowest: i64 = view
        .fetch_one(
            "SELECT COALESCE(MIN(seq), -1) FROM (SELECT seq FROM cursors UNION ALL \
             SELECT resume_seq FROM shares WHERE live AND resume_seq >= 0) AS positions",
            &[],
        )
        .await?;
    Ok(Some(Seq(lowest)).filter(|seq| seq.0 >= 0))
}

/// Versions of these people a peer has confirmed, in one channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn announced(
    view: &mut Snapshot,
    remote: &RemoteId,
    channel: &ChannelId,
    users: &[UserId],
) -> Result<Vec<(UserId, Millis)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT user_id, version FROM announced_users WHERE remote_id = $1 AND channel_id = $2 \
         AND user_id IN (SELECT value FROM json_each($3))",
        "SELECT user_id, version FROM announced_users WHERE remote_id = $1 AND channel_id = $2 \
         AND user_id IN (SELECT json_array_elements_text($3::json))",
    );
    let rows: Vec<(crate::Id<UserId>, i64)> =
        view.fetch_all(LIST, &[remote.into(), channel.into(), (&json_list(users)).into()]).await?;
    Ok(rows.into_iter().map(|(id, version)| (id.0, Millis(version))).collect())
}

/// Channels in which a peer knows a person.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn announced_channels(
    view: &mut Snapshot,
    remote: &RemoteId,
    user: &UserId,
) -> Result<Vec<ChannelId>, StoreError> {
    let rows: Vec<crate::Id<ChannelId>> = view
        .fetch_all(
            "SELECT channel_id FROM announced_users WHERE remote_id = $1 AND user_id = $2 ORDER BY channel_id",
            &[remote.into(), user.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// Notes that a peer has a version of a person.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_announced(
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    user: &UserId,
    version: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO announced_users (remote_id, channel_id, user_id, version) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (remote_id, channel_id, user_id) DO UPDATE SET version = excluded.version",
        &[remote.into(), channel.into(), user.into(), version.into()],
    )
    .await
    .map(|_| ())
}

/// Forgets that a peer knows a person in a channel: the person has left it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_announced(
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    user: &UserId,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM announced_users WHERE remote_id = $1 AND channel_id = $2 AND user_id = $3",
        &[remote.into(), channel.into(), user.into()],
    )
    .await
    .map(|_| ())
}

/// Forgets everything a peer was told in a channel, or everywhere.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget(tx: &mut Tx, remote: &RemoteId, channel: Option<&ChannelId>) -> Result<(), StoreError> {
    let channel = crate::Arg::opt(&channel);
    for sql in [
        "DELETE FROM announced_users WHERE remote_id = $1 AND ($2 = '' OR channel_id = $2)",
        "DELETE FROM sync_failures WHERE remote_id = $1 AND ($2 = '' OR channel_id = $2)",
        "DELETE FROM waiting_items WHERE remote_id = $1 AND ($2 = '' OR channel_id = $2)",
        "DELETE FROM file_deliveries WHERE remote_id = $1 AND ($2 = '' OR channel_id = $2)",
    ] {
        tx.execute(sql, &[remote.into(), channel]).await?;
    }
    Ok(())
}

/// Whether a toggling peer is believed to hold a reaction; None if it was never told of it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn believed(view: &mut Snapshot, remote: &RemoteId, reaction: &Reaction) -> Result<Option<bool>, StoreError> {
    view.fetch_optional(
        "SELECT present FROM peer_reactions WHERE remote_id = $1 AND post_id = $2 AND user_id = $3 AND emoji_name = $4",
        &[remote.into(), (&reaction.post_id).into(), (&reaction.user_id).into(), (&reaction.emoji_name).into()],
    )
    .await
}

/// Notes what a toggling peer is believed to hold from now on; None forgets it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_believed(
    tx: &mut Tx,
    remote: &RemoteId,
    reaction: &Reaction,
    present: Option<bool>,
) -> Result<(), StoreError> {
    let key = [remote.into(), (&reaction.post_id).into(), (&reaction.user_id).into(), (&reaction.emoji_name).into()];
    match present {
        None => {
            tx.execute(
                "DELETE FROM peer_reactions WHERE remote_id = $1 AND post_id = $2 AND user_id = $3 AND emoji_name = $4",
                &key,
            )
            .await?
        }
        Some(present) => {
            let [remote, post, user, emoji] = key;
            tx.execute(
                "INSERT INTO peer_reactions (remote_id, post_id, user_id, emoji_name, present) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (remote_id, post_id, user_id, emoji_name) DO UPDATE SET present = excluded.present",
                &[remote, post, user, emoji, present.into()],
            )
            .await?
        }
    };
    Ok(())
}

/// An item a peer has refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// By whom.
    pub remote_id: RemoteId,
    /// The post.
    pub post_id: PostId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// How often it was sent.
    pub attempts: i64,
    /// When it is sent again.
    pub next_at: Millis,
    /// No more by itself.
    pub set_aside: bool,
    /// Why, in plain words.
    pub cause: String,
}

impl FromRow for Failure {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            post_id: row.id()?,
            channel_id: row.id()?,
            attempts: row.int()?,
            next_at: row.millis()?,
            set_aside: row.bool()?,
            cause: row.text()?,
        })
    }
}

/// What a peer refused, in order of the next attempt; without what was set aside unless asked for.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn failures(view: &mut Snapshot, remote: &RemoteId, set_aside: bool) -> Result<Vec<Failure>, StoreError> {
    view.fetch_all(
        "SELECT remote_id, item_id, channel_id, attempts, next_at, set_aside, cause FROM sync_failures \
         WHERE remote_id = $1 AND kind = 'post' AND ($2 OR NOT set_aside) ORDER BY next_at, item_id LIMIT 1000",
        &[remote.into(), set_aside.into()],
    )
    .await
}

/// The record of one refused post.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn failure(view: &mut Snapshot, remote: &RemoteId, post: &PostId) -> Result<Option<Failure>, StoreError> {
    view.fetch_optional(
        "SELECT remote_id, item_id, channel_id, attempts, next_at, set_aside, cause FROM sync_failures \
         WHERE remote_id = $1 AND kind = 'post' AND item_id = $2",
        &[remote.into(), post.into()],
    )
    .await
}

/// Writes a refusal.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put_failure(tx: &mut Tx, failure: &Failure) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sync_failures (remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause) \
         VALUES ($1, 'post', $2, $3, $4, $5, $6, $7) ON CONFLICT (remote_id, kind, item_id) DO UPDATE SET \
         attempts = excluded.attempts, next_at = excluded.next_at, set_aside = excluded.set_aside, cause = excluded.cause",
        &[
            (&failure.remote_id).into(),
            (&failure.post_id).into(),
            (&failure.channel_id).into(),
            failure.attempts.into(),
            failure.next_at.into(),
            failure.set_aside.into(),
            (&failure.cause).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets a refusal: the post got through, or is no more.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_failure(tx: &mut Tx, remote: &RemoteId, post: &PostId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM sync_failures WHERE remote_id = $1 AND kind = 'post' AND item_id = $2",
        &[remote.into(), post.into()],
    )
    .await
    .map(|_| ())
}
