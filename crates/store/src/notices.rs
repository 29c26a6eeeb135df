//! What people are told apart from the channels: news for administrators that wait for others of their kind, and who was
//! told that an organisation cannot be reached. Source: behaviour 3.1 (M-06, M-10, M-20).

use rialto_model::{ChannelId, Millis, RemoteId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// One piece of news for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// About which connection.
    pub remote_id: RemoteId,
    /// About which channel, if about one.
    pub channel_id: Option<ChannelId>,
    /// What else is to be told.
    pub detail: String,
    /// When it was learnt.
    pub at: Millis,
    /// When it is told at the latest.
    pub due_at: Millis,
}

impl FromRow for Notice {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            remote_id: row.id()?,
            channel_id: row.opt_id()?,
            detail: row.text()?,
            at: row.millis()?,
            due_at: row.millis()?,
        })
    }
}

/// Keeps a piece of news until it is told; one of the same kind about the same thing that waits already stays.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn queue(tx: &mut Tx, kind: &str, notice: &Notice) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO admin_notices (kind, remote_id, channel_id, detail, at, due_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (kind, remote_id, channel_id) DO NOTHING",
        &[
            kind.into(),
            (&notice.remote_id).into(),
            Arg::opt(&notice.channel_id),
            (&notice.detail).into(),
            notice.at.into(),
            notice.due_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Kinds of which something is to be told now.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, now: Millis) -> Result<Vec<String>, StoreError> {
    view.fetch_all("SELECT DISTINCT kind FROM admin_notices WHERE due_at <= $1 ORDER BY kind", &[now.into()]).await
}

/// Takes all news of a kind out, due or not, oldest first. Of two that take them at once one gets nothing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(tx: &mut Tx, kind: &str) -> Result<Vec<Notice>, StoreError> {
    let mut taken: Vec<Notice> = tx
        .fetch_all(
            "DELETE FROM admin_notices WHERE kind = $1 RETURNING remote_id, channel_id, detail, at, due_at",
            &[kind.into()],
        )
        .await?;
    taken.sort_by_key(|notice| (notice.at, notice.remote_id, notice.channel_id));
    Ok(taken)
}

/// Notes that an author was told that an organisation does not get the messages of a channel; false if they knew.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert_hint(
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    user: &UserId,
) -> Result<bool, StoreError> {
    let told = tx
        .execute(
            "INSERT INTO offline_hints (remote_id, channel_id, user_id) VALUES ($1, $2, $3) \
             ON CONFLICT (remote_id, channel_id, user_id) DO NOTHING",
            &[remote.into(), channel.into(), user.into()],
        )
        .await?;
    Ok(told > 0)
}

/// The organisation gets messages of the channel again: who writes during its next outage is told again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn clear_hints(tx: &mut Tx, remote: &RemoteId, channel: &ChannelId) -> Result<(), StoreError> {
    tx.queue("DELETE FROM offline_hints WHERE remote_id = $1 AND channel_id = $2", &[remote.into(), channel.into()])
}

/// Notes since when a peer refuses our credential; false if that was noted before.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_credential_trouble(tx: &mut Tx, remote: &RemoteId, since: Millis) -> Result<bool, StoreError> {
    let begun = tx
        .execute(
            "UPDATE remote_clusters SET credential_trouble_at = $2 WHERE remote_id = $1 AND credential_trouble_at = 0",
            &[remote.into(), since.into()],
        )
        .await?;
    Ok(begun > 0)
}

/// The peer takes our credential; false if there was no trouble with it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn end_credential_trouble(tx: &mut Tx, remote: &RemoteId) -> Result<bool, StoreError> {
    let ended = tx
        .execute(
            "UPDATE remote_clusters SET credential_trouble_at = 0 WHERE remote_id = $1 AND credential_trouble_at <> 0",
            &[remote.into()],
        )
        .await?;
    Ok(ended > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, read};
    use crate::testing::both;

    fn notice(remote: u128, channel: Option<u128>, at: i64) -> Notice {
        Notice {
            remote_id: id(remote),
            channel_id: channel.map(id),
            detail: format!("detail {at}"),
            at: Millis(at),
            due_at: Millis(at + 60),
        }
    }

    #[tokio::test]
    async fn news_wait_for_their_time_and_are_taken_once() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let (first, second, other) = (notice(1, Some(1), 5), notice(1, None, 9), notice(1, Some(1), 7));
            queue(&mut tx, "ended", &second).await.unwrap();
            queue(&mut tx, "ended", &first).await.unwrap();
            queue(&mut tx, "ended", &notice(1, Some(1), 8)).await.unwrap();
            queue(&mut tx, "used", &other).await.unwrap();
            tx.commit().await.unwrap();
            let due_at = async |now| due(&mut read(&db).await, Millis(now)).await.unwrap();
            assert_eq!(due_at(64).await, Vec::<String>::new());
            assert_eq!(due_at(65).await, ["ended"]);
            assert_eq!(due_at(70).await, ["ended", "used"]);
            let mut tx = begin(&db).await;
            assert_eq!(take(&mut tx, "ended").await.unwrap(), [first, second], "the first word stays");
            assert_eq!(take(&mut tx, "ended").await.unwrap(), []);
            assert_eq!(take(&mut tx, "used").await.unwrap(), [other]);
        })
        .await;
    }

    #[tokio::test]
    async fn an_author_is_told_once_until_messages_flow_again() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for (remote, channel, user, told) in
                [(1, 1, 1, true), (1, 1, 1, false), (1, 1, 2, true), (1, 2, 1, true), (2, 1, 1, true)]
            {
                let fresh = insert_hint(&mut tx, &id(remote), &id(channel), &id(user)).await.unwrap();
                assert_eq!(fresh, told, "{remote} {channel} {user}");
            }
            clear_hints(&mut tx, &id(1), &id(1)).unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            for (remote, channel, user, told) in [(1, 1, 1, true), (1, 1, 2, true), (1, 2, 1, false), (2, 1, 1, false)]
            {
                let fresh = insert_hint(&mut tx, &id(remote), &id(channel), &id(user)).await.unwrap();
                assert_eq!(fresh, told, "{remote} {channel} {user}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn trouble_with_a_credential_begins_once_and_ends_once() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let acme = crate::samples::remote(1);
            crate::remotes::insert(&mut tx, &acme, &crate::samples::secrets(1)).await.unwrap();
            assert!(!end_credential_trouble(&mut tx, &acme.id).await.unwrap());
            assert!(begin_credential_trouble(&mut tx, &acme.id, Millis(5)).await.unwrap());
            assert!(!begin_credential_trouble(&mut tx, &acme.id, Millis(6)).await.unwrap());
            assert!(end_credential_trouble(&mut tx, &acme.id).await.unwrap());
            assert!(!end_credential_trouble(&mut tx, &acme.id).await.unwrap());
            assert!(!begin_credential_trouble(&mut tx, &id(9), Millis(6)).await.unwrap(), "nobody's");
        })
        .await;
    }
}
