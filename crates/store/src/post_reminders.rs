//! Of which messages people have asked to be reminded, and when.

use rialto_model::{Millis, PostId, UserId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// Somebody's wish to be reminded of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostReminder {
    /// Whose.
    pub user_id: UserId,
    /// Of what.
    pub post_id: PostId,
    /// When.
    pub due_at: Millis,
}

impl FromRow for PostReminder {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { user_id: row.id()?, post_id: row.id()?, due_at: row.millis()? })
    }
}

/// Writes one; a later wish of the same person about the same message takes its place.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn put(tx: &mut Tx, reminder: &PostReminder) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO post_reminders (user_id, post_id, due_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, post_id) DO UPDATE SET due_at = excluded.due_at",
        &[(&reminder.user_id).into(), (&reminder.post_id).into(), reminder.due_at.into()],
    )
    .await
    .map(|_| ())
}

/// Those whose time has come, the longest overdue first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, now: Millis, limit: i64) -> Result<Vec<PostReminder>, StoreError> {
    view.fetch_all(
        "SELECT user_id, post_id, due_at FROM post_reminders WHERE due_at <= $1 \
         ORDER BY due_at, post_id, user_id LIMIT $2",
        &[now.into(), limit.into()],
    )
    .await
}

/// Removes one that was not put off meanwhile; true if it was there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, reminder: &PostReminder) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM post_reminders WHERE user_id = $1 AND post_id = $2 AND due_at = $3",
            &[(&reminder.user_id).into(), (&reminder.post_id).into(), reminder.due_at.into()],
        )
        .await?;
    Ok(gone > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn the_last_wish_counts_and_is_due_in_order() {
        both(async |db: Db| {
            let of = |user, post, at| PostReminder { user_id: id(user), post_id: id(post), due_at: Millis(at) };
            let mut tx = begin(&db).await;
            for one in [of(1, 1, 30), of(1, 2, 20), of(2, 1, 10), of(1, 1, 15)] {
                put(&mut tx, &one).await.unwrap();
            }
            assert_eq!(due(&mut tx, Millis(15), 9).await.unwrap(), [of(2, 1, 10), of(1, 1, 15)]);
            assert_eq!(due(&mut tx, Millis(99), 1).await.unwrap(), [of(2, 1, 10)]);
            assert!(!delete(&mut tx, &of(1, 1, 30)).await.unwrap(), "it was put off");
            assert!(delete(&mut tx, &of(1, 1, 15)).await.unwrap());
            assert!(!delete(&mut tx, &of(1, 1, 15)).await.unwrap());
            assert_eq!(due(&mut tx, Millis(99), 9).await.unwrap(), [of(2, 1, 10), of(1, 2, 20)]);
        })
        .await;
    }
}
