//! Who was asked for across servers and has not come yet, and who of ours is not let write elsewhere (behaviour 4.4.5, 4.5).

use rialto_model::{ChannelId, Millis, RemoteId, UserId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// A wish to have somebody in a channel, not settled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which channel.
    pub channel_id: ChannelId,
    /// Whom.
    pub user_id: UserId,
    /// Who asks.
    pub requested_by: UserId,
    /// Since when.
    pub create_at: Millis,
    /// `asked` and `pending` of people of other servers, whose server adds them; `received` of people here.
    pub state: String,
}

impl FromRow for Request {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            channel_id: row.id()?,
            user_id: row.id()?,
            requested_by: row.id()?,
            create_at: row.millis()?,
            state: row.text()?,
        })
    }
}

/// Notes a wish, or how it stands.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn put(tx: &mut Tx, request: &Request) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO member_requests (channel_id, user_id, requested_by, create_at, state) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (channel_id, user_id) DO UPDATE SET requested_by = excluded.requested_by, \
         create_at = excluded.create_at, state = excluded.state",
        &[
            (&request.channel_id).into(),
            (&request.user_id).into(),
            (&request.requested_by).into(),
            request.create_at.into(),
            (&request.state).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// The wish to have somebody in a channel, if there is one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(view: &mut Snapshot, channel: &ChannelId, user: &UserId) -> Result<Option<Request>, StoreError> {
    view.fetch_optional(
        "SELECT channel_id, user_id, requested_by, create_at, state FROM member_requests \
         WHERE channel_id = $1 AND user_id = $2",
        &[channel.into(), user.into()],
    )
    .await
}

/// Everybody who is wished for in a channel, in order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Request>, StoreError> {
    view.fetch_all(
        "SELECT channel_id, user_id, requested_by, create_at, state FROM member_requests WHERE channel_id = $1 \
         ORDER BY create_at, user_id LIMIT 1000",
        &[channel.into()],
    )
    .await
}

/// The wish is settled; false if there was none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, channel: &ChannelId, user: &UserId) -> Result<bool, StoreError> {
    let gone = tx
        .execute("DELETE FROM member_requests WHERE channel_id = $1 AND user_id = $2", &[channel.into(), user.into()])
        .await?;
    Ok(gone > 0)
}

/// Notes a peer's word on whether somebody here may write in a channel there; false if a later one is known, or the same.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put_block(
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    user: &UserId,
    (blocked, at): (bool, Millis),
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "INSERT INTO blocks_elsewhere (remote_id, channel_id, user_id, blocked, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (remote_id, channel_id, user_id) DO UPDATE SET blocked = excluded.blocked, at = excluded.at \
             WHERE blocks_elsewhere.at < excluded.at",
            &[remote.into(), channel.into(), user.into(), blocked.into(), at.into()],
        )
        .await?;
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    /// Behaviour 4.5: a wish stands until it is settled; of a peer's words on a block the later one counts.
    #[tokio::test]
    async fn wishes_stand_and_later_words_count() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let request = |user, at, state: &str| Request {
                channel_id: id(1),
                user_id: id(user),
                requested_by: id(9),
                create_at: Millis(at),
                state: state.to_owned(),
            };
            put(&mut tx, &request(2, 5, "asked")).await.unwrap();
            put(&mut tx, &request(1, 6, "received")).await.unwrap();
            put(&mut tx, &request(2, 5, "pending")).await.unwrap();
            assert_eq!(list(&mut tx, &id(1)).await.unwrap(), [request(2, 5, "pending"), request(1, 6, "received")]);
            assert_eq!(get(&mut tx, &id(1), &id(2)).await.unwrap(), Some(request(2, 5, "pending")));
            assert!(delete(&mut tx, &id(1), &id(2)).await.unwrap());
            assert!(!delete(&mut tx, &id(1), &id(2)).await.unwrap());
            assert_eq!(get(&mut tx, &id(1), &id(2)).await.unwrap(), None);
            for (blocked, at, counts) in [(true, 5, true), (false, 5, false), (false, 4, false), (false, 6, true)] {
                let noted = put_block(&mut tx, &id(1), &id(1), &id(2), (blocked, Millis(at))).await.unwrap();
                assert_eq!(noted, counts, "{blocked} at {at}");
            }
        })
        .await;
    }
}
