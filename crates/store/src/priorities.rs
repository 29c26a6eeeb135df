//! Priorities of posts; a post without a row is a standard one.

use rialto_model::{PostId, Priority};

use crate::{FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list};

impl FromRow for Priority {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Priority { level: row.text()?, requested_ack: row.bool()?, persistent_notifications: row.bool()? })
    }
}

/// The priorities of those of these posts that have one.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<(PostId, Priority)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT post_id, level, requested_ack, persistent_notifications FROM post_priorities \
         WHERE post_id IN (SELECT value FROM json_each($1))",
        "SELECT post_id, level, requested_ack, persistent_notifications FROM post_priorities \
         WHERE post_id IN (SELECT json_array_elements_text($1::json))",
    );
    let rows: Vec<(Id<PostId>, Priority)> = view.fetch_all(LIST, &[(&json_list(posts)).into()]).await?;
    Ok(rows.into_iter().map(|(id, priority)| (id.0, priority)).collect())
}

/// Sets the priority of a post; true if that changed anything.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set(tx: &mut Tx, post: &PostId, priority: &Priority) -> Result<bool, StoreError> {
    let changed = if priority.is_standard() {
        tx.execute("DELETE FROM post_priorities WHERE post_id = $1", &[post.into()]).await?
    } else {
        tx.execute(
            "INSERT INTO post_priorities (post_id, level, requested_ack, persistent_notifications) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (post_id) DO UPDATE SET level = excluded.level, requested_ack = excluded.requested_ack, \
             persistent_notifications = excluded.persistent_notifications \
             WHERE post_priorities.level <> excluded.level OR post_priorities.requested_ack <> excluded.requested_ack \
             OR post_priorities.persistent_notifications <> excluded.persistent_notifications",
            &[
                post.into(),
                (&priority.level).into(),
                priority.requested_ack.into(),
                priority.persistent_notifications.into(),
            ],
        )
        .await?
    };
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn only_a_change_counts_and_standard_is_no_row() {
        both(async |db: Db| {
            let urgent = Priority { level: "urgent".to_owned(), requested_ack: true, persistent_notifications: false };
            let mut tx = begin(&db).await;
            assert!(!set(&mut tx, &id(1), &Priority::default()).await.unwrap());
            assert!(set(&mut tx, &id(1), &urgent).await.unwrap());
            assert!(!set(&mut tx, &id(1), &urgent).await.unwrap());
            assert_eq!(list(&mut tx, &[id(1), id(2)]).await.unwrap(), [(id(1), urgent.clone())]);
            let calmer = Priority { requested_ack: false, ..urgent };
            assert!(set(&mut tx, &id(1), &calmer).await.unwrap());
            assert_eq!(list(&mut tx, &[id(1)]).await.unwrap(), [(id(1), calmer)]);
            assert!(set(&mut tx, &id(1), &Priority::default()).await.unwrap());
            assert_eq!(list(&mut tx, &[id(1)]).await.unwrap(), []);
        })
        .await;
    }
}
