//! Accounts of programs, and who looks after them.

use rialto_model::{Bot, UserId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx, users};

impl FromRow for Bot {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { user: FromRow::from_row(row)?, owner_id: row.id()? })
    }
}

/// A bot of this server.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &UserId) -> Result<Option<Bot>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", users::columns!(), ", u.bot_owner FROM users u WHERE u.id = $1 AND u.bot_owner <> ''"),
        &[id.into()],
    )
    .await
}

/// Which bots are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Find<'a> {
    /// Those of this person.
    pub owner: Option<&'a UserId>,
    /// Also those that are switched off.
    pub inactive: bool,
    /// Only those whose owner's account is deactivated.
    pub orphaned: bool,
}

/// Bots in the order they were made.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, find: Find<'_>, offset: i64, limit: i64) -> Result<Vec<Bot>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            users::columns!(),
            ", u.bot_owner FROM users u WHERE u.bot_owner <> '' AND ($1 = '' OR u.bot_owner = $1) \
             AND ($2 OR u.delete_at = 0) AND (NOT $3 OR EXISTS (SELECT 1 FROM users o WHERE o.id = u.bot_owner \
             AND o.delete_at <> 0)) ORDER BY u.create_at, u.username LIMIT $5 OFFSET $4"
        ),
        &[
            find.owner.map_or("", |owner| owner.as_str()).into(),
            find.inactive.into(),
            find.orphaned.into(),
            offset.into(),
            limit.into(),
        ],
    )
    .await
}

/// Makes an account a bot's that `owner` looks after, or with None a person's.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set(tx: &mut Tx, id: &UserId, owner: Option<&UserId>) -> Result<(), StoreError> {
    let sql = "UPDATE users SET bot_owner = $2, is_bot = $3 WHERE id = $1";
    let name = owner.map_or("", |owner| owner.as_str());
    tx.execute(sql, &[id.into(), name.into(), owner.is_some().into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::User;

    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id, user};
    use crate::testing::both;

    #[tokio::test]
    async fn bots_are_listed_with_their_owners() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let rows = [user(1), User { delete_at: Some(NOW), ..user(2) }, user(3), user(4)];
            for row in &rows {
                users::insert(&mut tx, row, "").await.unwrap();
            }
            let off = User { delete_at: Some(NOW), ..user(5) };
            users::insert(&mut tx, &off, "").await.unwrap();
            set(&mut tx, &id(3), Some(&id(1))).await.unwrap();
            set(&mut tx, &id(4), Some(&id(2))).await.unwrap();
            set(&mut tx, &id(5), Some(&id(1))).await.unwrap();
            let found = get(&mut tx, &id(3)).await.unwrap().unwrap();
            assert_eq!((found.owner_id, found.user), (id(1), User { is_bot: true, ..user(3) }));
            assert!(get(&mut tx, &id(1)).await.unwrap().is_none());
            let mut names = async |find| -> Vec<UserId> {
                list(&mut tx, find, 0, 9).await.unwrap().into_iter().map(|bot| bot.user.id).collect()
            };
            let one = id(1);
            assert_eq!(names(Find::default()).await, [id(3), id(4)]);
            assert_eq!(names(Find { inactive: true, ..Find::default() }).await, [id(3), id(4), id(5)]);
            assert_eq!(names(Find { owner: Some(&one), ..Find::default() }).await, [id(3)]);
            assert_eq!(names(Find { orphaned: true, ..Find::default() }).await, [id(4)]);
            assert_eq!(list(&mut tx, Find::default(), 1, 9).await.unwrap().len(), 1);
            set(&mut tx, &id(3), None).await.unwrap();
            assert!(get(&mut tx, &id(3)).await.unwrap().is_none());
            assert_eq!(users::get(&mut tx, &id(3)).await.unwrap(), Some(user(3)));
        })
        .await;
    }
}
