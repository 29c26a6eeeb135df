//! Presence.

use rialto_model::{Millis, RemoteId, UserId};

use crate::{FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// A person's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whose.
    pub user_id: UserId,
    /// `online`, `away`, `dnd` or `offline`.
    pub status: String,
    /// Chosen by the person rather than derived.
    pub manual: bool,
    /// Last sign of life.
    pub last_activity_at: Millis,
    /// End of do-not-disturb, in seconds; 0: open.
    pub dnd_end_time: i64,
}

impl FromRow for Status {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.id()?,
            status: row.text()?,
            manual: row.bool()?,
            last_activity_at: row.millis()?,
            dnd_end_time: row.int()?,
        })
    }
}

/// Known presences of these people.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, users: &[UserId]) -> Result<Vec<Status>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT user_id, status, manual, last_activity_at, dnd_end_time FROM statuses \
         WHERE user_id IN (SELECT value FROM json_each($1))",
        "SELECT user_id, status, manual, last_activity_at, dnd_end_time FROM statuses \
         WHERE user_id IN (SELECT json_array_elements_text($1::json))",
    );
    view.fetch_all(LIST, &[(&json_list(users)).into()]).await
}

/// Writes a presence.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set(tx: &mut Tx, status: &Status) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO statuses (user_id, status, manual, last_activity_at, dnd_end_time) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (user_id) DO UPDATE SET status = excluded.status, manual = excluded.manual, \
         last_activity_at = excluded.last_activity_at, dnd_end_time = excluded.dnd_end_time",
        &[
            (&status.user_id).into(),
            (&status.status).into(),
            status.manual.into(),
            status.last_activity_at.into(),
            status.dnd_end_time.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Takes everybody of this server for gone whose presence came from being connected, after a stop nobody could announce;
/// returns whom.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_connected(tx: &mut Tx) -> Result<Vec<UserId>, StoreError> {
    let gone: Vec<Id<UserId>> = tx
        .fetch_all(
            "UPDATE statuses SET status = 'offline' WHERE manual = FALSE AND status IN ('online', 'away') \
             AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = statuses.user_id AND u.remote_id <> '') RETURNING user_id",
            &[],
        )
        .await?;
    Ok(gone.into_iter().map(|id| id.0).collect())
}

/// Those of these people who live on another server, and over which connection they are known.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn remote_people(view: &mut Snapshot, users: &[UserId]) -> Result<Vec<(UserId, RemoteId)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT id, remote_id FROM users WHERE remote_id <> '' AND id IN (SELECT value FROM json_each($1))",
        "SELECT id, remote_id FROM users WHERE remote_id <> '' AND id IN (SELECT json_array_elements_text($1::json))",
    );
    let rows: Vec<(Id<UserId>, Id<RemoteId>)> = view.fetch_all(LIST, &[(&json_list(users)).into()]).await?;
    Ok(rows.into_iter().map(|(user, remote)| (user.0, remote.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn a_presence_replaces_the_one_before() {
        both(async |db: Db| {
            let away = Status {
                user_id: id(1),
                status: "away".to_owned(),
                manual: true,
                last_activity_at: Millis(5),
                dnd_end_time: 6,
            };
            let online = Status {
                status: "online".to_owned(),
                manual: false,
                last_activity_at: Millis(7),
                dnd_end_time: 0,
                ..away.clone()
            };
            let mut tx = begin(&db).await;
            set(&mut tx, &away).await.unwrap();
            set(&mut tx, &Status { user_id: id(2), ..away.clone() }).await.unwrap();
            assert_eq!(list(&mut tx, &[id(1), id(3)]).await.unwrap(), std::slice::from_ref(&away));
            set(&mut tx, &online).await.unwrap();
            assert_eq!(list(&mut tx, &[id(1)]).await.unwrap(), [online]);
            assert_eq!(list(&mut tx, &[]).await.unwrap(), []);

            crate::users::insert(&mut tx, &crate::samples::remote_user(3, id(9)), "").await.unwrap();
            set(&mut tx, &Status { user_id: id(3), status: "online".to_owned(), manual: false, ..away.clone() })
                .await
                .unwrap();
            assert_eq!(remote_people(&mut tx, &[id(1), id(3)]).await.unwrap(), [(id(3), id(9))]);
            assert_eq!(forget_connected(&mut tx).await.unwrap(), [id(1)]);
            assert_eq!(list(&mut tx, &[id(3)]).await.unwrap()[0].status, "online", "their own server says it");
            let mut now = list(&mut tx, &[id(1), id(2)]).await.unwrap();
            now.sort_by_key(|status| status.user_id);
            let words: Vec<_> = now.iter().map(|status| status.status.as_str()).collect();
            assert_eq!(words, ["offline", "away"], "what somebody chose stays");
        })
        .await;
    }
}
