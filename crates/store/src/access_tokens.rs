//! Long-lived credentials of programs.

use rialto_model::{AccessToken, SessionId, UserId};

use crate::value::like;
use crate::{FromRow, Row, Snapshot, StoreError, Tx};

impl FromRow for AccessToken {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user_id: row.id()?,
            description: row.text()?,
            is_active: row.bool()?,
            create_at: row.millis()?,
        })
    }
}

/// The one whose token has this keyed hash.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get_by_token(view: &mut Snapshot, token_hash: &str) -> Result<Option<AccessToken>, StoreError> {
    view.fetch_optional(
        "SELECT id, user_id, description, is_active, create_at FROM access_tokens WHERE token_hash = $1",
        &[token_hash.into()],
    )
    .await
}

/// One by its id.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(view: &mut Snapshot, id: &SessionId) -> Result<Option<AccessToken>, StoreError> {
    view.fetch_optional(
        "SELECT id, user_id, description, is_active, create_at FROM access_tokens WHERE id = $1",
        &[id.into()],
    )
    .await
}

/// A person's, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_user(
    view: &mut Snapshot,
    user: &UserId,
    offset: i64,
    limit: i64,
) -> Result<Vec<AccessToken>, StoreError> {
    view.fetch_all(
        "SELECT id, user_id, description, is_active, create_at FROM access_tokens WHERE user_id = $1 \
         ORDER BY create_at DESC, id LIMIT $3 OFFSET $2",
        &[user.into(), offset.into(), limit.into()],
    )
    .await
}

/// Everybody's, newest first; with a `term` those whose id, person's id or person's name begins with it, any case.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, term: &str, offset: i64, limit: i64) -> Result<Vec<AccessToken>, StoreError> {
    let beginning = format!("{}%", like(&term.to_lowercase()));
    view.fetch_all(
        "SELECT t.id, t.user_id, t.description, t.is_active, t.create_at FROM access_tokens t JOIN users u ON u.id = t.user_id \
         WHERE t.id LIKE $1 ESCAPE '\\' OR t.user_id LIKE $1 ESCAPE '\\' OR u.username LIKE $1 ESCAPE '\\' \
         ORDER BY t.create_at DESC, t.id LIMIT $3 OFFSET $2",
        &[(&beginning).into(), offset.into(), limit.into()],
    )
    .await
}

/// Whether somebody has any that can be used.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn any_active(view: &mut Snapshot, user: &UserId) -> Result<bool, StoreError> {
    view.fetch_one("SELECT EXISTS (SELECT 1 FROM access_tokens WHERE user_id = $1 AND is_active)", &[user.into()]).await
}

/// Adds one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, token: &AccessToken, token_hash: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO access_tokens (id, token_hash, user_id, description, is_active, create_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            (&token.id).into(),
            token_hash.into(),
            (&token.user_id).into(),
            (&token.description).into(),
            token.is_active.into(),
            token.create_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Says whether one can be used; true if that is new.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_active(tx: &mut Tx, id: &SessionId, active: bool) -> Result<bool, StoreError> {
    let sql = "UPDATE access_tokens SET is_active = $2 WHERE id = $1 AND is_active <> $2";
    Ok(tx.execute(sql, &[id.into(), active.into()]).await? > 0)
}

/// Forgets one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &SessionId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM access_tokens WHERE id = $1", &[id.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;

    use super::*;
    use crate::samples::{begin, id, user};
    use crate::testing::both;
    use crate::{Db, users};

    #[tokio::test]
    async fn tokens_are_found_by_their_hash_and_listed() {
        both(async |db: Db| {
            let token = |n: u128, of: u128| AccessToken {
                id: id(n),
                user_id: id(of),
                description: format!("token {n}"),
                is_active: true,
                create_at: Millis(i64::try_from(n).unwrap()),
            };
            let mut tx = begin(&db).await;
            for n in [1, 2] {
                users::insert(&mut tx, &user(n), "").await.unwrap();
            }
            for (n, of) in [(11, 1), (12, 1), (13, 2)] {
                insert(&mut tx, &token(n, of), &format!("hash {n}")).await.unwrap();
            }
            assert_eq!(get_by_token(&mut tx, "hash 12").await.unwrap(), Some(token(12, 1)));
            assert_eq!(get_by_token(&mut tx, "").await.unwrap(), None);
            assert_eq!(get(&mut tx, &id(13)).await.unwrap(), Some(token(13, 2)));
            assert_eq!(list_of_user(&mut tx, &id(1), 0, 9).await.unwrap(), [token(12, 1), token(11, 1)]);
            assert_eq!(list_of_user(&mut tx, &id(1), 1, 9).await.unwrap(), [token(11, 1)]);
            assert_eq!(list(&mut tx, "", 0, 2).await.unwrap(), [token(13, 2), token(12, 1)]);
            let name = user(2).username.to_uppercase();
            assert_eq!(list(&mut tx, &name, 0, 9).await.unwrap(), [token(13, 2)]);
            assert_eq!(list(&mut tx, "%", 0, 9).await.unwrap(), []);

            assert!(set_active(&mut tx, &id(13), false).await.unwrap());
            assert!(!set_active(&mut tx, &id(13), false).await.unwrap());
            assert!(!any_active(&mut tx, &id(2)).await.unwrap() && any_active(&mut tx, &id(1)).await.unwrap());
            delete(&mut tx, &id(11)).await.unwrap();
            assert_eq!(get(&mut tx, &id(11)).await.unwrap(), None);
            let twice = insert(&mut tx, &token(14, 1), "hash 12").await.unwrap_err();
            assert!(twice.is_unique_on("token_hash"), "{twice}");
        })
        .await;
    }
}
