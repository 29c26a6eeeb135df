//! Whom urgent messages call again, and when next (E-148).

use rialto_model::{Millis, PostId, UserId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// One person who is called again by one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// By which message.
    pub post_id: PostId,
    /// Who.
    pub user_id: UserId,
    /// When next.
    pub next_at: Millis,
    /// How many times more.
    pub remaining: i64,
}

impl FromRow for Reminder {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { post_id: row.id()?, user_id: row.id()?, next_at: row.millis()?, remaining: row.int()? })
    }
}

/// Writes a reminder, new or changed.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn put(tx: &mut Tx, reminder: &Reminder) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO reminders (post_id, user_id, next_at, remaining) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (post_id, user_id) DO UPDATE SET next_at = excluded.next_at, remaining = excluded.remaining",
        &[(&reminder.post_id).into(), (&reminder.user_id).into(), reminder.next_at.into(), reminder.remaining.into()],
    )
    .await
    .map(|_| ())
}

/// Those whose time has come, the longest overdue first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, now: Millis, limit: i64) -> Result<Vec<Reminder>, StoreError> {
    view.fetch_all(
        "SELECT post_id, user_id, next_at, remaining FROM reminders WHERE next_at <= $1 \
         ORDER BY next_at, post_id, user_id LIMIT $2",
        &[now.into(), limit.into()],
    )
    .await
}

/// Somebody is not called by a message any more. Queued: most messages remind nobody, and their answers do not wait for it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn delete(tx: &mut Tx, post: &PostId, user: &UserId) -> Result<(), StoreError> {
    tx.queue("DELETE FROM reminders WHERE post_id = $1 AND user_id = $2", &[post.into(), user.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, read};
    use crate::testing::both;

    #[tokio::test]
    async fn reminders_are_due_in_order_until_they_go() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let reminder =
                |post, user, at| Reminder { post_id: id(post), user_id: id(user), next_at: Millis(at), remaining: 3 };
            for row in [reminder(1, 1, 20), reminder(1, 2, 10), reminder(2, 1, 31)] {
                put(&mut tx, &row).await.unwrap();
            }
            assert_eq!(due(&mut tx, Millis(30), 9).await.unwrap(), [reminder(1, 2, 10), reminder(1, 1, 20)]);
            assert_eq!(due(&mut tx, Millis(30), 1).await.unwrap(), [reminder(1, 2, 10)]);
            let later = Reminder { remaining: 2, ..reminder(1, 2, 40) };
            put(&mut tx, &later).await.unwrap();
            delete(&mut tx, &id(1), &id(1)).unwrap();
            tx.commit().await.unwrap();
            assert_eq!(due(&mut read(&db).await, Millis(40), 9).await.unwrap(), [reminder(2, 1, 31), later]);
        })
        .await;
    }
}
