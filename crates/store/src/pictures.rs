//! Which picture of whom is in force, and which one each peer has.

use rialto_model::{Millis, RemoteId, UserId};

use crate::{Id, Snapshot, StoreError, Tx};

/// Sets the time of a person's picture and the version of their record.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn set(tx: &mut Tx, user: &UserId, picture_at: Millis, update_at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET picture_at = $2, update_at = $3 WHERE id = $1",
        &[user.into(), picture_at.into(), update_at.into()],
    )
    .await
    .map(|_| ())
}

/// People a peer knows, with a picture it does not have, oldest change first. Nobody the peer owns.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, remote: &RemoteId, limit: i64) -> Result<Vec<(UserId, Millis)>, StoreError> {
    let rows: Vec<(Id<UserId>, i64)> = view
        .fetch_all(
            "SELECT u.id, u.picture_at FROM users u WHERE u.picture_at > 0 AND u.remote_id <> $1 AND u.delete_at = 0 \
             AND (EXISTS (SELECT 1 FROM announced_users a WHERE a.remote_id = $1 AND a.user_id = u.id) \
                  OR EXISTS (SELECT 1 FROM offered_people o WHERE o.remote_id = $1 AND o.user_id = u.id)) \
             AND NOT EXISTS (SELECT 1 FROM told_pictures t WHERE t.remote_id = $1 AND t.user_id = u.id \
                             AND t.picture_at >= u.picture_at) \
             ORDER BY u.picture_at, u.id LIMIT $2",
            &[remote.into(), limit.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|(id, at)| (id.0, Millis(at))).collect())
}

/// Notes which picture of a person a peer has, or has refused.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_told(tx: &mut Tx, remote: &RemoteId, user: &UserId, picture_at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO told_pictures (remote_id, user_id, picture_at) VALUES ($1, $2, $3) \
         ON CONFLICT (remote_id, user_id) DO UPDATE SET picture_at = excluded.picture_at",
        &[remote.into(), user.into(), picture_at.into()],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{begin, id, remote_user, user};
    use crate::testing::both;
    use crate::{Db, outbox, users};

    #[tokio::test]
    async fn a_peer_is_owed_the_pictures_of_whom_it_knows_once_each() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let plain = rialto_model::User { picture_at: Millis(0), ..user(2) };
            for person in [user(1), plain, remote_user(3, id(9)), remote_user(4, id(8)), user(5)] {
                users::insert(&mut tx, &person, "").await.unwrap();
            }
            for known in 1..=4 {
                outbox::set_announced(&mut tx, &id(9), &id(20), &id(known), Millis(1)).await.unwrap();
                outbox::set_announced(&mut tx, &id(9), &id(21), &id(known), Millis(1)).await.unwrap();
            }
            let all = [(id(1), Millis(1005)), (id(4), Millis(1005))];
            assert_eq!(due(&mut tx, &id(9), 10).await.unwrap(), all);
            assert_eq!(due(&mut tx, &id(9), 1).await.unwrap(), all[..1]);
            assert_eq!(due(&mut tx, &id(8), 10).await.unwrap(), []);
            set_told(&mut tx, &id(9), &id(1), Millis(1005)).await.unwrap();
            assert_eq!(due(&mut tx, &id(9), 10).await.unwrap(), all[1..]);
            set(&mut tx, &id(1), Millis(2000), Millis(2001)).await.unwrap();
            assert_eq!(due(&mut tx, &id(9), 10).await.unwrap(), [all[1], (id(1), Millis(2000))]);
            set_told(&mut tx, &id(9), &id(1), Millis(2000)).await.unwrap();
            assert_eq!(due(&mut tx, &id(9), 10).await.unwrap(), all[1..]);
            let row = users::get(&mut tx, &id(1)).await.unwrap().unwrap();
            assert_eq!((row.picture_at, row.update_at), (Millis(2000), Millis(2001)));
        })
        .await;
    }
}
