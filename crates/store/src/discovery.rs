//! Our people as peers are offered them outside shared channels: who was, in which version, and who is owed (AT-23).

use rialto_model::{Millis, RemoteId, UserId};

use crate::{Id, Snapshot, Sql, StoreError, Tx, json_list};

/// People a peer is owed: active ones of ours whose present version it has neither been offered nor told of in a channel.
/// Whoever it was offered and is deactivated since, too, where `ends` says that the peer can be told.
macro_rules! owed {
    ($which:literal) => {
        concat!(
            "SELECT u.id FROM users u WHERE u.remote_id = '' AND u.is_bot = FALSE AND ",
            $which,
            " AND (u.delete_at = 0 OR ($3 AND EXISTS \
             (SELECT 1 FROM offered_people o WHERE o.remote_id = $1 AND o.user_id = u.id))) \
             AND NOT EXISTS (SELECT 1 FROM offered_people o WHERE o.remote_id = $1 AND o.user_id = u.id \
                             AND o.version >= u.update_at) \
             AND NOT EXISTS (SELECT 1 FROM announced_users a WHERE a.remote_id = $1 AND a.user_id = u.id \
                             AND a.version >= u.update_at) \
             ORDER BY u.id LIMIT $4"
        )
    };
}

/// The first of all our people behind `after`, by id, whom a peer is owed; None: from the first on.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn owed_after(
    view: &mut Snapshot,
    remote: &RemoteId,
    after: Option<&UserId>,
    ends: bool,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let args = [remote.into(), crate::Arg::opt(&after), ends.into(), limit.into()];
    let rows: Vec<Id<UserId>> = view.fetch_all(owed!("u.id > $2"), &args).await?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// Those of `people` whom a peer is owed, by id.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owed_of(
    view: &mut Snapshot,
    remote: &RemoteId,
    people: &[UserId],
    ends: bool,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    const OWED: Sql = Sql::per(
        owed!("u.id IN (SELECT value FROM json_each($2))"),
        owed!("u.id IN (SELECT json_array_elements_text($2::json))"),
    );
    let list = json_list(people);
    let args = [remote.into(), (&list).into(), ends.into(), limit.into()];
    let rows: Vec<Id<UserId>> = view.fetch_all(OWED, &args).await?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// Notes which version of somebody a peer has been offered.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_offered(tx: &mut Tx, remote: &RemoteId, user: &UserId, version: Millis) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO offered_people (remote_id, user_id, version) VALUES ($1, $2, $3) \
         ON CONFLICT (remote_id, user_id) DO UPDATE SET version = excluded.version",
        &[remote.into(), user.into(), version.into()],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::User;

    use super::*;
    use crate::samples::{begin, id, remote_user, user};
    use crate::testing::both;
    use crate::{Db, outbox, peer_positions, users};

    /// AT-23: the position of an offer, whom it is about, and what makes it begin anew.
    #[tokio::test]
    async fn a_peer_is_owed_our_active_people_once_in_each_version() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let remote = id(90);
            let bot = User { is_bot: true, ..user(4) };
            let gone = User { delete_at: Some(Millis(7)), ..user(5) };
            // All of one millisecond: the edge of a page lies between them.
            let same = |n| User { update_at: Millis(5_000), ..user(n) };
            for person in [same(1), same(2), same(3), bot, gone, remote_user(6, id(91)), remote_user(7, remote)] {
                users::insert(&mut tx, &person, "").await.unwrap();
            }
            assert_eq!(owed_after(&mut tx, &remote, None, true, 2).await.unwrap(), [id(1), id(2)]);
            assert_eq!(owed_after(&mut tx, &remote, Some(&id(2)), true, 2).await.unwrap(), [id(3)]);
            assert_eq!(owed_of(&mut tx, &remote, &[id(2), id(4), id(6)], true, 9).await.unwrap(), [id(2)]);
            for person in [id(1), id(2)] {
                set_offered(&mut tx, &remote, &person, Millis(5_000)).await.unwrap();
            }
            // Whom it knows in that version from a channel it is not offered.
            outbox::set_announced(&mut tx, &remote, &id(50), &id(3), Millis(5_000)).await.unwrap();
            assert_eq!(owed_after(&mut tx, &remote, None, true, 9).await.unwrap(), []);
            assert_eq!(owed_after(&mut tx, &id(91), None, true, 9).await.unwrap(), [id(1), id(2), id(3)]);
            let changed = User { update_at: Millis(5_001), ..user(1) };
            let left = User { update_at: Millis(5_002), delete_at: Some(Millis(5_002)), ..user(2) };
            users::update(&mut tx, &changed).await.unwrap();
            users::update(&mut tx, &left).await.unwrap();
            assert_eq!(owed_after(&mut tx, &remote, None, false, 9).await.unwrap(), [id(1)]);
            assert_eq!(owed_after(&mut tx, &remote, None, true, 9).await.unwrap(), [id(1), id(2)]);
            set_offered(&mut tx, &remote, &id(1), Millis(5_001)).await.unwrap();
            assert_eq!(owed_of(&mut tx, &remote, &[id(1), id(2)], true, 9).await.unwrap(), [id(2)]);
            // The end of a share leaves it as it is; the end of the connection, or a peer's restore, does not.
            outbox::forget(&mut tx, &remote, Some(&id(50))).await.unwrap();
            assert_eq!(owed_after(&mut tx, &remote, None, true, 9).await.unwrap(), [id(2), id(3)]);
            outbox::forget(&mut tx, &remote, None).await.unwrap();
            assert_eq!(owed_after(&mut tx, &remote, None, true, 9).await.unwrap(), [id(1), id(3)]);
            set_offered(&mut tx, &remote, &id(1), Millis(5_001)).await.unwrap();
            peer_positions::forget_given(&mut tx, &remote, Millis(0)).await.unwrap();
            assert_eq!(owed_after(&mut tx, &remote, None, true, 9).await.unwrap(), [id(1), id(3)]);
        })
        .await;
    }
}
