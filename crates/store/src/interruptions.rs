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
        })
    }
}

/// What the channels of a connection were told last.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Interruption>, StoreError> {
    view.fetch_all(
        "SELECT remote_id, channel_id, lost_post_id, restored_post_id, begin_at, end_at FROM interruption_posts \
         WHERE remote_id = $1 ORDER BY channel_id",
        &[remote.into()],
    )
    .await
}

/// Writes what a channel was told.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, interruption: &Interruption) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO interruption_posts (remote_id, channel_id, lost_post_id, restored_post_id, begin_at, end_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (remote_id, channel_id) DO UPDATE SET lost_post_id = excluded.lost_post_id, \
         restored_post_id = excluded.restored_post_id, begin_at = excluded.begin_at, end_at = excluded.end_at",
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
}
