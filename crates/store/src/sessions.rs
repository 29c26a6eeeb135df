//! Sign-ins.

use rialto_model::{Millis, Session, SessionId, UserId};

use crate::{FromRow, Id, Row, Snapshot, StoreError, Tx};

impl FromRow for Session {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Session {
            id: row.id()?,
            user_id: row.id()?,
            create_at: row.millis()?,
            expires_at: row.millis()?,
            csrf: row.text()?,
            device_id: row.text()?,
            last_activity_at: row.millis()?,
        })
    }
}

const COLUMNS: &str =
    "SELECT id, user_id, create_at, expires_at, csrf, device_id, last_activity_at FROM sessions WHERE token_hash = $1";

/// The session whose token has this keyed hash.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get_by_token(view: &mut Snapshot, token_hash: &str) -> Result<Option<Session>, StoreError> {
    view.fetch_optional(COLUMNS, &[token_hash.into()]).await
}

/// A person's sessions, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, user: &UserId) -> Result<Vec<Session>, StoreError> {
    view.fetch_all(
        "SELECT id, user_id, create_at, expires_at, csrf, device_id, last_activity_at FROM sessions \
         WHERE user_id = $1 ORDER BY last_activity_at DESC, id",
        &[user.into()],
    )
    .await
}

/// Adds a session.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, session: &Session, token_hash: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sessions (id, token_hash, user_id, create_at, expires_at, csrf, device_id, last_activity_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&session.id).into(),
            token_hash.into(),
            (&session.user_id).into(),
            session.create_at.into(),
            session.expires_at.into(),
            (&session.csrf).into(),
            (&session.device_id).into(),
            session.last_activity_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Notes use and a later end.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn touch(tx: &mut Tx, id: &SessionId, now: Millis, expires_at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE sessions SET last_activity_at = $2, expires_at = $3 WHERE id = $1",
        &[id.into(), now.into(), expires_at.into()],
    )
    .await
    .map(|_| ())
}

/// Ends a session; true if there was one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &SessionId) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM sessions WHERE id = $1 AND user_id = $2", &[id.into(), user.into()]).await? > 0)
}

/// Ends all sessions of a person; returns which.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_all(tx: &mut Tx, user: &UserId) -> Result<Vec<SessionId>, StoreError> {
    let ids: Vec<Id<SessionId>> =
        tx.fetch_all("DELETE FROM sessions WHERE user_id = $1 RETURNING id", &[user.into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Ends everybody's sessions; returns whose there were.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_of_everybody(tx: &mut Tx) -> Result<Vec<UserId>, StoreError> {
    let found: Vec<Id<UserId>> = tx.fetch_all("SELECT DISTINCT user_id FROM sessions ORDER BY user_id", &[]).await?;
    tx.execute("DELETE FROM sessions", &[]).await?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Removes sessions that have ended by themselves.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_expired(tx: &mut Tx, now: Millis) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM sessions WHERE expires_at < $1", &[now.into()]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    fn session(n: u128, user: u128, at: i64) -> Session {
        Session {
            id: id(n),
            user_id: id(user),
            create_at: Millis(1),
            expires_at: Millis(at + 100),
            csrf: format!("csrf-{n}"),
            device_id: "device".to_owned(),
            last_activity_at: Millis(at),
        }
    }

    #[tokio::test]
    async fn sessions_are_found_by_token_used_and_ended() {
        both(async |db: Db| {
            let list_of = [session(1, 1, 10), session(2, 1, 20), session(3, 2, 30)];
            let mut tx = begin(&db).await;
            for (session, token) in list_of.iter().zip(["a", "b", "c"]) {
                insert(&mut tx, session, token).await.unwrap();
            }
            assert_eq!(get_by_token(&mut tx, "a").await.unwrap(), Some(list_of[0].clone()));
            assert_eq!(get_by_token(&mut tx, "").await.unwrap(), None);
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [list_of[1].clone(), list_of[0].clone()]);
            touch(&mut tx, &id(1), Millis(50), Millis(500)).await.unwrap();
            let used = Session { last_activity_at: Millis(50), expires_at: Millis(500), ..list_of[0].clone() };
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [used, list_of[1].clone()]);

            assert!(!delete(&mut tx, &id(2), &id(1)).await.unwrap(), "somebody else's");
            assert_eq!(delete_expired(&mut tx, Millis(130)).await.unwrap(), 1);
            assert_eq!(get_by_token(&mut tx, "b").await.unwrap(), None);
            assert!(delete(&mut tx, &id(2), &id(3)).await.unwrap());
            assert_eq!(delete_all(&mut tx, &id(1)).await.unwrap(), [id(1)]);
            assert_eq!(delete_all(&mut tx, &id(1)).await.unwrap(), []);
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            insert(&mut tx, &session(4, 1, 1), "d").await.unwrap();
            let error = insert(&mut tx, &session(5, 1, 1), "d").await.unwrap_err();
            assert!(error.is_unique_on("token"), "{error}");
        })
        .await;
    }
}
