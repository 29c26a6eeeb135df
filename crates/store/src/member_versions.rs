//! The last word of a peer on who belongs to a channel, so that one that comes late or twice undoes nothing (E-126).

use rialto_model::{ChannelId, Millis, UserId};

use crate::{Snapshot, StoreError, Tx};

/// Notes a word of version `version` on somebody's membership; false if a later one is known. Equal ones pass: they say
/// the same, or a clock stood still between two.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn advance(tx: &mut Tx, channel: &ChannelId, user: &UserId, version: Millis) -> Result<bool, StoreError> {
    let noted = tx
        .execute(
            "INSERT INTO member_versions (channel_id, user_id, version) VALUES ($1, $2, $3) \
             ON CONFLICT (channel_id, user_id) DO UPDATE SET version = excluded.version \
             WHERE member_versions.version <= excluded.version",
            &[channel.into(), user.into(), version.into()],
        )
        .await?;
    Ok(noted > 0)
}

/// The version of our next word on a membership: the time, or just above the last one where a clock was set back.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(tx: &mut Tx, channel: &ChannelId, user: &UserId, now: Millis) -> Result<Millis, StoreError> {
    let version: i64 = tx
        .fetch_one(
            "INSERT INTO member_versions (channel_id, user_id, version) VALUES ($1, $2, $3) \
         ON CONFLICT (channel_id, user_id) DO UPDATE SET version = CASE \
         WHEN member_versions.version >= excluded.version THEN member_versions.version + 1 ELSE excluded.version END \
         RETURNING version",
            &[channel.into(), user.into(), now.into()],
        )
        .await?;
    Ok(Millis(version))
}

/// The last version of a membership, if anybody ever said one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(view: &mut Snapshot, channel: &ChannelId, user: &UserId) -> Result<Option<Millis>, StoreError> {
    let sql = "SELECT version FROM member_versions WHERE channel_id = $1 AND user_id = $2";
    let version: Option<i64> = view.fetch_optional(sql, &[channel.into(), user.into()]).await?;
    Ok(version.map(Millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    /// E-126: of two words on a membership the later one stands, in whatever order they come.
    #[tokio::test]
    async fn versions_only_grow() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for (channel, user, version, passes) in
                [(1, 1, 5, true), (1, 1, 4, false), (1, 1, 5, true), (1, 2, 4, true), (2, 1, 4, true), (1, 1, 6, true)]
            {
                let passed = advance(&mut tx, &id(channel), &id(user), Millis(version)).await.unwrap();
                assert_eq!(passed, passes, "{channel} {user} {version}");
            }
            // A clock that was set back.
            let (channel, user) = (id(1), id(1));
            for (now, version) in [(9, 9), (7, 10), (10, 11), (20, 20)] {
                assert_eq!(next(&mut tx, &channel, &user, Millis(now)).await.unwrap(), Millis(version));
                assert_eq!(get(&mut tx, &channel, &user).await.unwrap(), Some(Millis(version)));
            }
            assert_eq!(get(&mut tx, &channel, &id(9)).await.unwrap(), None);
        })
        .await;
    }
}
