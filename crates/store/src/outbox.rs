//! What senders remember of their peers: position, who was announced, what is believed there.

use std::collections::BTreeSet;

use rialto_model::{ChannelId, Millis, Reaction, RemoteId, Seq, UserId, names};

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
/// without any: nothing behind it may be pruned. A connection that nobody has accepted and over which nothing is shared
/// needs nothing of the past.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn slowest_cursor(view: &mut Snapshot) -> Result<Option<Seq>, StoreError> {
    let lowest: i64 = view
        .fetch_one(
            "SELECT COALESCE(MIN(seq), -1) FROM (SELECT seq FROM cursors WHERE NOT EXISTS \
             (SELECT 1 FROM remote_clusters r WHERE 'sender:' || r.remote_id = consumer AND r.confirmed_at = 0 \
             AND NOT EXISTS (SELECT 1 FROM shares s WHERE s.remote_id = r.remote_id AND s.live)) UNION ALL \
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

/// The peers that know any of these people from a channel, as long as anything is shared with them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn who_knows(view: &mut Snapshot, people: &BTreeSet<UserId>) -> Result<Vec<RemoteId>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT s.remote_id FROM (SELECT DISTINCT remote_id FROM shares WHERE live) AS s WHERE EXISTS (SELECT 1 FROM \
         announced_users a WHERE a.remote_id = s.remote_id AND a.user_id IN (SELECT value FROM json_each($1)))",
        "SELECT s.remote_id FROM (SELECT DISTINCT remote_id FROM shares WHERE live) AS s WHERE EXISTS (SELECT 1 FROM \
         announced_users a WHERE a.remote_id = s.remote_id AND a.user_id IN (SELECT json_array_elements_text($1::json)))",
    );
    let rows: Vec<crate::Id<RemoteId>> = view.fetch_all(LIST, &[(&json_list(people)).into()]).await?;
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
        // People are offered over a connection, not in a channel.
        "DELETE FROM offered_people WHERE remote_id = $1 AND $2 = ''",
    ] {
        tx.execute(sql, &[remote.into(), channel]).await?;
    }
    Ok(())
}

/// What a toggling peer is believed to hold of a reaction, aliases being one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    /// It shows.
    pub present: bool,
    /// The name it was given under, by which it is to be taken back.
    pub sent_name: String,
}

impl FromRow for Believed {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { present: row.bool()?, sent_name: row.text()? })
    }
}

/// What a toggling peer is believed to hold; None if it was never told of the reaction.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn believed(
    view: &mut Snapshot,
    remote: &RemoteId,
    reaction: &Reaction,
) -> Result<Option<Believed>, StoreError> {
    let emoji = names::canonical_emoji(&reaction.emoji_name);
    view.fetch_optional(
        "SELECT present, sent_name FROM peer_reactions WHERE remote_id = $1 AND post_id = $2 AND user_id = $3 AND emoji_name = $4",
        &[remote.into(), (&reaction.post_id).into(), (&reaction.user_id).into(), emoji.into()],
    )
    .await
}

/// Notes what a toggling peer is believed to hold from now on. The name under which it was given stays when it does not
/// show any more, for that may be taken back.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_believed(
    tx: &mut Tx,
    remote: &RemoteId,
    reaction: &Reaction,
    believed: &Believed,
) -> Result<(), StoreError> {
    let emoji = names::canonical_emoji(&reaction.emoji_name);
    tx.execute(
        "INSERT INTO peer_reactions (remote_id, post_id, user_id, emoji_name, present, sent_name) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (remote_id, post_id, user_id, emoji_name) \
         DO UPDATE SET present = excluded.present, sent_name = excluded.sent_name",
        &[
            remote.into(),
            (&reaction.post_id).into(),
            (&reaction.user_id).into(),
            emoji.into(),
            believed.present.into(),
            (&believed.sent_name).into(),
        ],
    )
    .await
    .map(|_| ())
}
