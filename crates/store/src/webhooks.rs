//! Addresses at which programs leave messages.

use rialto_model::{IncomingWebhook, ItemId, TeamId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "id, user_id, channel_id, team_id, display_name, description, username, icon_url, channel_locked, create_at, \
         update_at"
    };
}

impl FromRow for IncomingWebhook {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user_id: row.id()?,
            channel_id: row.id()?,
            team_id: row.id()?,
            display_name: row.text()?,
            description: row.text()?,
            username: row.text()?,
            icon_url: row.text()?,
            channel_locked: row.bool()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
        })
    }
}

/// One by its id.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<IncomingWebhook>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM incoming_webhooks WHERE id = $1"), &[id.into()]).await
}

/// Those of a team, a person, or all, by name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    team: Option<&TeamId>,
    user: Option<&UserId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<IncomingWebhook>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM incoming_webhooks WHERE ($1 = '' OR team_id = $1) AND ($2 = '' OR user_id = $2) \
             ORDER BY display_name, id LIMIT $4 OFFSET $3"
        ),
        &[Arg::opt(&team), Arg::opt(&user), offset.into(), limit.into()],
    )
    .await
}

/// How many [`list`] would give without a limit.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, team: Option<&TeamId>, user: Option<&UserId>) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM incoming_webhooks WHERE ($1 = '' OR team_id = $1) AND ($2 = '' OR user_id = $2)";
    view.fetch_one(sql, &[Arg::opt(&team), Arg::opt(&user)]).await
}

/// Writes one, new or changed; maker and times of making stay.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, hook: &IncomingWebhook) -> Result<(), StoreError> {
    tx.execute(
        concat!(
            "INSERT INTO incoming_webhooks (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET \
             channel_id = excluded.channel_id, team_id = excluded.team_id, display_name = excluded.display_name, \
             description = excluded.description, username = excluded.username, icon_url = excluded.icon_url, \
             channel_locked = excluded.channel_locked, update_at = excluded.update_at"
        ),
        &[
            (&hook.id).into(),
            (&hook.user_id).into(),
            (&hook.channel_id).into(),
            (&hook.team_id).into(),
            (&hook.display_name).into(),
            (&hook.description).into(),
            (&hook.username).into(),
            (&hook.icon_url).into(),
            hook.channel_locked.into(),
            hook.create_at.into(),
            hook.update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM incoming_webhooks WHERE id = $1", &[id.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;

    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn webhooks_are_listed_by_team_and_maker() {
        both(async |db: Db| {
            let hook = |n: u128, team: u128, user: u128| IncomingWebhook {
                id: id(n),
                user_id: id(user),
                channel_id: id(50),
                team_id: id(team),
                display_name: format!("hook {n}"),
                description: "what for".to_owned(),
                username: "Gull".to_owned(),
                icon_url: "https://icons.example/gull.png".to_owned(),
                channel_locked: n == 2,
                create_at: Millis(5),
                update_at: Millis(6),
            };
            let mut tx = begin(&db).await;
            let all = [hook(1, 10, 20), hook(2, 10, 21), hook(3, 11, 20)];
            for one in all.iter().rev() {
                put(&mut tx, one).await.unwrap();
            }
            assert_eq!(get(&mut tx, &id(2)).await.unwrap().as_ref(), Some(&all[1]));
            assert_eq!(list(&mut tx, None, None, 0, 9).await.unwrap(), all);
            assert_eq!(list(&mut tx, Some(&id(10)), None, 1, 9).await.unwrap(), all[1..2]);
            let (team, user) = (id(10), id(20));
            assert_eq!(list(&mut tx, Some(&team), Some(&user), 0, 9).await.unwrap(), all[..1]);
            assert_eq!(count(&mut tx, None, Some(&user)).await.unwrap(), 2);
            let other = IncomingWebhook { user_id: id(99), display_name: "other".to_owned(), ..all[0].clone() };
            put(&mut tx, &other).await.unwrap();
            let kept = IncomingWebhook { user_id: id(20), ..other };
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(kept));
            delete(&mut tx, &id(1)).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), None);
        })
        .await;
    }
}
