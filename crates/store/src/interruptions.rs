//! Which channels were told of an interruption, so that each is told once and told of its end (behaviour 3.3).

use rialto_model::{ChannelId, Millis, PostId, RemoteId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// What a channel was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// Connection.
    pub remote_id: RemoteId,
    /// Channel.
    pub channel_id: ChannelId,
    /// M-08.
    pub lost_post_id: PostId,
    /// M-09, once it is back.
    pub restored_post_id: Option<PostId>,
    /// Since when it was down.
    pub begin_at: Millis,
    /// When it was back.
    pub end_at: Option<Millis>,
    /// Messages of ours that were delivered late.
    pub sent: i64,
    /// Messages of theirs that came late.
    pub received: i64,
    /// When all of ours were delivered; until then they are counted.
    pub caught_up_at: Option<Millis>,
}

impl FromRow for Interruption {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            channel_id: row.id()?,
            lost_post_id: row.id()?,
            restored_post_id: row.opt_id()?,
            begin_at: row.millis()?,
            end_at: row.opt_millis()?,
            sent: row.int()?,
            received: row.int()?,
            caught_up_at: row.opt_millis()?,
        })
    }
}

/// What the channels of a connection were told last.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Interruption>, StoreError> {
    view.fetch_all(
        "SELECT remote_id, channel_id, lost_post_id, restored_post_id, begin_at, end_at, sent, received, caught_up_at \
         FROM interruption_posts WHERE remote_id = $1 ORDER BY channel_id",
        &[remote.into()],
    )
    .await
}

/// Begins the record of an outage in place of the one before; its numbers begin at 0.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, interruption: &Interruption) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO interruption_posts (remote_id, channel_id, lost_post_id, restored_post_id, begin_at, end_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (remote_id, channel_id) DO UPDATE SET lost_post_id = excluded.lost_post_id, \
         restored_post_id = excluded.restored_post_id, begin_at = excluded.begin_at, end_at = excluded.end_at, sent = 0, \
         received = 0, caught_up_at = 0",
        &[
            (&interruption.remote_id).into(),
            (&interruption.channel_id).into(),
            (&interruption.lost_post_id).into(),
            Arg::opt(&interruption.restored_post_id),
            interruption.begin_at.into(),
            interruption.end_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes how an outage goes on: its end, M-09, and all but the number of what was sent, which [`count_sent`] keeps.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, interruption: &Interruption) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE interruption_posts SET restored_post_id = $3, end_at = $4, received = $5, caught_up_at = $6 \
         WHERE remote_id = $1 AND channel_id = $2",
        &[
            (&interruption.remote_id).into(),
            (&interruption.channel_id).into(),
            Arg::opt(&interruption.restored_post_id),
            interruption.end_at.into(),
            interruption.received.into(),
            interruption.caught_up_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Counts delivered messages of a channel, if it catches up.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count_sent(tx: &mut Tx, remote: &RemoteId, channel: &ChannelId, number: usize) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE interruption_posts SET sent = sent + $3 WHERE remote_id = $1 AND channel_id = $2 AND caught_up_at = 0",
        &[remote.into(), channel.into(), i64::try_from(number).unwrap_or_default().into()],
    )
}

/// How many messages of the peer's were written during an outage and came late: ten seconds or more after they were
/// written. A message's version is the moment it came, until something changes it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn came_late(view: &mut Snapshot, interruption: &Interruption) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM posts WHERE channel_id = $1 AND remote_id = $2 AND create_at >= $3 AND create_at <= $4 \
         AND update_at - create_at >= 10000 AND delete_at = 0",
        &[
            (&interruption.channel_id).into(),
            (&interruption.remote_id).into(),
            interruption.begin_at.into(),
            interruption.end_at.into(),
        ],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn a_channel_was_told_of_one_interruption_of_a_connection() {
        both(async |db: Db| {
            let first = Interruption {
                remote_id: id(1),
                channel_id: id(1),
                lost_post_id: id(10),
                restored_post_id: None,
                begin_at: Millis(5),
                end_at: None,
                sent: 0,
                received: 0,
                caught_up_at: None,
            };
            let other = Interruption { channel_id: id(2), ..first.clone() };
            let over = Interruption {
                lost_post_id: id(11),
                restored_post_id: Some(id(12)),
                begin_at: Millis(6),
                end_at: Some(Millis(7)),
                ..first.clone()
            };
            let mut tx = begin(&db).await;
            for row in [&other, &first, &Interruption { remote_id: id(2), ..first.clone() }] {
                put(&mut tx, row).await.unwrap();
            }
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [first, other.clone()]);
            put(&mut tx, &over).await.unwrap();
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [over, other]);
            assert_eq!(list(&mut tx, &id(3)).await.unwrap(), []);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_sent_counts_until_everything_was() {
        both(async |db: Db| {
            let down = Interruption {
                remote_id: id(1),
                channel_id: id(1),
                lost_post_id: id(10),
                restored_post_id: None,
                begin_at: Millis(5),
                end_at: None,
                sent: 0,
                received: 0,
                caught_up_at: None,
            };
            let back = Interruption { restored_post_id: Some(id(11)), end_at: Some(Millis(9)), ..down.clone() };
            let done = Interruption { received: 4, caught_up_at: Some(Millis(12)), ..back.clone() };
            let row = async || list(&mut crate::samples::read(&db).await, &id(1)).await.unwrap().remove(0);
            for (write, number, sent) in [(None, 3, 3), (Some(&back), 2, 5), (Some(&done), 7, 5)] {
                let mut tx = begin(&db).await;
                match write {
                    None => put(&mut tx, &down).await.unwrap(),
                    Some(row) => update(&mut tx, row).await.unwrap(),
                }
                count_sent(&mut tx, &id(1), &id(1), number).unwrap();
                count_sent(&mut tx, &id(1), &id(2), number).unwrap();
                tx.commit().await.unwrap();
                assert_eq!(row().await.sent, sent);
            }
            assert_eq!(row().await, Interruption { sent: 5, ..done });
            let mut tx = begin(&db).await;
            put(&mut tx, &back).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(row().await, back, "another outage counts anew");
        })
        .await;
    }
}
