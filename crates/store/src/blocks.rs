//! What people here decided about people of other servers: removed from a channel, or deactivated here (behaviour 4.4.5, 4.5).

use rialto_model::{ChannelId, Millis, UserId};

use crate::{Snapshot, StoreError, Tx};

/// Notes that somebody was removed from a channel and is not to return by their server's word.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn insert(tx: &mut Tx, channel: &ChannelId, user: &UserId) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO member_blocks (channel_id, user_id, create_at) VALUES ($1, $2, $3) ON CONFLICT (channel_id, user_id) DO NOTHING",
        &[channel.into(), user.into(), now.into()],
    )
    .await
    .map(|_| ())
}

/// Lets somebody in again; false if nobody had removed them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, channel: &ChannelId, user: &UserId) -> Result<bool, StoreError> {
    let gone = tx
        .execute("DELETE FROM member_blocks WHERE channel_id = $1 AND user_id = $2", &[channel.into(), user.into()])
        .await?;
    Ok(gone > 0)
}

/// Whether somebody was removed from a channel, or deactivated here.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_blocked(view: &mut Snapshot, channel: &ChannelId, user: &UserId) -> Result<bool, StoreError> {
    view.fetch_one(
        "SELECT EXISTS (SELECT 1 FROM member_blocks WHERE channel_id = $1 AND user_id = $2) \
         OR EXISTS (SELECT 1 FROM users WHERE id = $2 AND blocked_at <> 0)",
        &[channel.into(), user.into()],
    )
    .await
}

/// Deactivates a person of another server here, or lifts that: then they are as active as their home says.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_deactivated(tx: &mut Tx, user: &UserId, at: Option<Millis>) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET blocked_at = $2 WHERE id = $1", &[user.into(), at.into()]).await?;
    settle(tx, user).await
}

/// Notes whether a person is deactivated at home. What was decided here stays.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_deactivated_at_home(tx: &mut Tx, user: &UserId, at: Option<Millis>) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET home_delete_at = $2 WHERE id = $1", &[user.into(), at.into()]).await?;
    settle(tx, user).await
}

async fn settle(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET delete_at = CASE WHEN blocked_at <> 0 THEN blocked_at ELSE home_delete_at END WHERE id = $1",
        &[user.into()],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;

    use super::*;
    use crate::samples::{begin, id, remote_user};
    use crate::testing::both;
    use crate::{Db, users};

    #[tokio::test]
    async fn what_was_decided_here_outlasts_what_the_home_says() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            users::insert(&mut tx, &remote_user(1, id(9)), "").await.unwrap();
            let gone = async |tx: &mut Tx| users::get(tx, &id(1)).await.unwrap().unwrap().delete_at;
            set_deactivated_at_home(&mut tx, &id(1), Some(Millis(5))).await.unwrap();
            assert_eq!(gone(&mut tx).await, Some(Millis(5)));
            set_deactivated(&mut tx, &id(1), Some(Millis(7))).await.unwrap();
            set_deactivated_at_home(&mut tx, &id(1), None).await.unwrap();
            assert_eq!(gone(&mut tx).await, Some(Millis(7)));
            assert!(is_blocked(&mut tx, &id(3), &id(1)).await.unwrap());
            set_deactivated(&mut tx, &id(1), None).await.unwrap();
            assert_eq!(gone(&mut tx).await, None);
            assert!(!is_blocked(&mut tx, &id(3), &id(1)).await.unwrap());
            insert(&mut tx, &id(3), &id(1)).await.unwrap();
            insert(&mut tx, &id(3), &id(1)).await.unwrap();
            assert!(is_blocked(&mut tx, &id(3), &id(1)).await.unwrap());
            assert!(!is_blocked(&mut tx, &id(4), &id(1)).await.unwrap());
            assert!(delete(&mut tx, &id(3), &id(1)).await.unwrap());
            assert!(!delete(&mut tx, &id(3), &id(1)).await.unwrap());
        })
        .await;
    }
}
