//! The last word of a peer on who belongs to a channel, so that one that comes late or twice undoes nothing (E-126).

use rialto_model::{ChannelId, Millis, UserId};

use crate::{StoreError, Tx};

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
        })
        .await;
    }
}
