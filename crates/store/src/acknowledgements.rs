//! Acknowledgements of posts. One taken back keeps its row, so that peers can be told (client-api 5.5, wire 5.9).

use rialto_model::{Acknowledgement, Millis, PostId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

impl FromRow for Acknowledgement {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Acknowledgement {
            user_id: row.id()?,
            post_id: row.id()?,
            channel_id: row.id()?,
            acknowledged_at: row.opt_millis()?,
            remote_id: row.opt_id()?,
        })
    }
}

/// One person's acknowledgement of a post, taken back or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, post: &PostId, user: &UserId) -> Result<Option<Acknowledgement>, StoreError> {
    view.fetch_optional(
        "SELECT user_id, post_id, channel_id, acknowledged_at, remote_id FROM acknowledgements \
         WHERE post_id = $1 AND user_id = $2",
        &[post.into(), user.into()],
    )
    .await
}

/// Acknowledgements of these posts that were not taken back, in the order they were made.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<Acknowledgement>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT user_id, post_id, channel_id, acknowledged_at, remote_id FROM acknowledgements WHERE acknowledged_at > 0 \
         AND post_id IN (SELECT value FROM json_each($1)) ORDER BY acknowledged_at, user_id",
        "SELECT user_id, post_id, channel_id, acknowledged_at, remote_id FROM acknowledgements WHERE acknowledged_at > 0 \
         AND post_id IN (SELECT json_array_elements_text($1::json)) ORDER BY acknowledged_at, user_id",
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into()]).await
}

/// Writes an acknowledgement, new or changed, and gives the post a new version, so that clients fetching "since" see it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, ack: &Acknowledgement) -> Result<(), StoreError> {
    let now: Millis = tx.now();
    tx.execute(
        "INSERT INTO acknowledgements (post_id, user_id, channel_id, acknowledged_at, remote_id) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (post_id, user_id) DO UPDATE SET acknowledged_at = excluded.acknowledged_at",
        &[
            (&ack.post_id).into(),
            (&ack.user_id).into(),
            (&ack.channel_id).into(),
            ack.acknowledged_at.into(),
            Arg::opt(&ack.remote_id),
        ],
    )
    .await?;
    tx.queue(
        "UPDATE posts SET update_at = CASE WHEN update_at >= $2 THEN update_at + 1 ELSE $2 END WHERE id = $1",
        &[(&ack.post_id).into(), now.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{begin, id, post};
    use crate::testing::both;
    use crate::{Db, posts};

    #[tokio::test]
    async fn an_acknowledgement_is_kept_when_it_is_taken_back_and_moves_its_post() {
        both(async |db: Db| {
            let on = post(1, id(1), id(1));
            let ack = |user, at| Acknowledgement {
                user_id: id(user),
                post_id: on.id,
                channel_id: on.channel_id,
                acknowledged_at: Some(Millis(at)),
                remote_id: None,
            };
            let mut tx = begin(&db).await;
            posts::insert(&mut tx, &on, "").unwrap();
            put(&mut tx, &ack(2, 20)).await.unwrap();
            put(&mut tx, &ack(3, 10)).await.unwrap();
            put(&mut tx, &Acknowledgement { post_id: id(9), ..ack(3, 5) }).await.unwrap();
            assert_eq!(list(&mut tx, &[on.id]).await.unwrap(), [ack(3, 10), ack(2, 20)]);
            // The owner is not for a later write to change (INV-2).
            let back = Acknowledgement { acknowledged_at: None, remote_id: Some(id(7)), ..ack(3, 0) };
            put(&mut tx, &back).await.unwrap();
            assert_eq!(list(&mut tx, &[on.id]).await.unwrap(), [ack(2, 20)]);
            let kept = get(&mut tx, &on.id, &id(3)).await.unwrap().unwrap();
            assert_eq!((kept.acknowledged_at, kept.remote_id), (None, None));
            assert_eq!(get(&mut tx, &on.id, &id(4)).await.unwrap(), None);
            tx.commit().await.unwrap();
            let moved = posts::get(&mut crate::samples::read(&db).await, &on.id).await.unwrap().unwrap();
            assert!(moved.update_at > on.update_at);
        })
        .await;
    }
}
