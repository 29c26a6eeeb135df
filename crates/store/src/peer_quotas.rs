//! How much of what is counted by days a peer has brought, and when it was last asked to slow down.

use rialto_model::{Millis, RemoteId, UserId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// What a peer may bring only so much of in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// People nobody here knew.
    Users,
    /// Channels nobody here knew.
    Channels,
    /// Wishes to have somebody of ours in a channel.
    Requests,
}

/// What one peer brought on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brought {
    /// People.
    pub users: i64,
    /// Channels.
    pub channels: i64,
    /// When it was last asked to slow down.
    pub slowed_at: Option<Millis>,
    /// Administrators were told that it has brought as much as it may.
    pub told: bool,
}

impl FromRow for Brought {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { users: row.int()?, channels: row.int()?, slowed_at: row.opt_millis()?, told: row.bool()? })
    }
}

/// What a peer brought on `day`, counted from 1970.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId, day: i64) -> Result<Brought, StoreError> {
    let found = view
        .fetch_optional(
            "SELECT users, channels, slowed_at, told FROM peer_quotas WHERE remote_id = $1 AND day = $2",
            &[remote.into(), day.into()],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// Counts one more; false, and nothing is counted, if that would be more than `most`. Days before this one go.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(tx: &mut Tx, remote: &RemoteId, day: i64, what: Counted, most: i64) -> Result<bool, StoreError> {
    if most <= 0 {
        return Ok(false);
    }
    let sql = match what {
        Counted::Users => {
            "INSERT INTO peer_quotas (remote_id, day, users) VALUES ($1, $2, 1) ON CONFLICT (remote_id, day) \
             DO UPDATE SET users = peer_quotas.users + 1 WHERE peer_quotas.users < $3"
        }
        Counted::Channels => {
            "INSERT INTO peer_quotas (remote_id, day, channels) VALUES ($1, $2, 1) ON CONFLICT (remote_id, day) \
             DO UPDATE SET channels = peer_quotas.channels + 1 WHERE peer_quotas.channels < $3"
        }
        Counted::Requests => {
            "INSERT INTO peer_quotas (remote_id, day, requests) VALUES ($1, $2, 1) ON CONFLICT (remote_id, day) \
             DO UPDATE SET requests = peer_quotas.requests + 1 WHERE peer_quotas.requests < $3"
        }
    };
    Ok(tx.execute(sql, &[remote.into(), day.into(), most.into()]).await? > 0)
}

/// Notes that a peer was asked to slow down. True: administrators were not told of it today.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn slow(tx: &mut Tx, remote: &RemoteId, day: i64, tell: bool) -> Result<bool, StoreError> {
    let now = tx.now();
    let before = get(tx, remote, day).await?;
    tx.execute(
        "INSERT INTO peer_quotas (remote_id, day, slowed_at, told) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (remote_id, day) DO UPDATE SET slowed_at = excluded.slowed_at, told = $5",
        &[remote.into(), day.into(), now.into(), tell.into(), (before.told || tell).into()],
    )
    .await?;
    tx.execute("DELETE FROM peer_quotas WHERE remote_id = $1 AND day < $2", &[remote.into(), day.into()]).await?;
    Ok(tell && !before.told)
}

/// How many of these people, by their ids on the wire, nobody here knows.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn unknown_people(view: &mut Snapshot, ids: &[UserId]) -> Result<i64, StoreError> {
    const KNOWN: Sql = Sql::per(
        "SELECT COUNT(*) FROM users WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT COUNT(*) FROM users WHERE id IN (SELECT json_array_elements_text($1::json))",
    );
    let known: i64 = view.fetch_one(KNOWN, &[(&json_list(ids)).into()]).await?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX) - known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{begin, id, read, user};
    use crate::testing::both;
    use crate::{Db, users};

    #[tokio::test]
    async fn a_day_has_so_much_and_no_more() {
        both(async |db: Db| {
            let one = id(1);
            let mut tx = begin(&db).await;
            for expected in [true, true, false, false] {
                assert_eq!(count(&mut tx, &one, 5, Counted::Users, 2).await.unwrap(), expected);
            }
            assert!(count(&mut tx, &one, 5, Counted::Channels, 1).await.unwrap(), "each kind by itself");
            assert!(!count(&mut tx, &one, 5, Counted::Channels, 0).await.unwrap());
            assert!(count(&mut tx, &id(2), 5, Counted::Users, 1).await.unwrap(), "each peer by itself");
            assert!(slow(&mut tx, &one, 5, true).await.unwrap());
            assert!(!slow(&mut tx, &one, 5, true).await.unwrap(), "told once a day");
            assert!(!slow(&mut tx, &one, 5, false).await.unwrap());
            let brought = get(&mut tx, &one, 5).await.unwrap();
            assert_eq!((brought.users, brought.channels, brought.told), (2, 1, true));
            assert!(brought.slowed_at.is_some());
            assert!(count(&mut tx, &one, 6, Counted::Users, 2).await.unwrap(), "another day");
            assert!(slow(&mut tx, &one, 6, true).await.unwrap());
            assert_eq!(get(&mut tx, &one, 5).await.unwrap(), Brought::default(), "old days go");
        })
        .await;
    }

    #[tokio::test]
    async fn people_nobody_knows_are_counted() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            users::insert(&mut tx, &user(1), "").await.unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(unknown_people(&mut view, &[id(1), id(2), id(3)]).await.unwrap(), 2);
            assert_eq!(unknown_people(&mut view, &[]).await.unwrap(), 0);
        })
        .await;
    }
}
