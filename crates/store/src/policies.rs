//! What administrators allow over each connection.

use rialto_model::{ConnectionPolicy, RemoteId};

use crate::{Snapshot, StoreError, Tx};

/// The rules of a connection; the default where nobody has set any.
///
/// # Errors
/// [`StoreError`] as the database says, also for rules that cannot be read: nothing is allowed by mistake.
pub async fn get(view: &mut Snapshot, remote: &RemoteId) -> Result<ConnectionPolicy, StoreError> {
    let found: Option<String> =
        view.fetch_optional("SELECT policy FROM connection_policies WHERE remote_id = $1", &[remote.into()]).await?;
    match found {
        None => Ok(ConnectionPolicy::default()),
        Some(text) => serde_json::from_str(&text)
            .map_err(|error| StoreError::Failed(format!("the policy of {remote} cannot be read: {error}"))),
    }
}

/// Sets the rules of a connection. The caller holds the lock of its row.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, remote: &RemoteId, policy: &ConnectionPolicy) -> Result<(), StoreError> {
    let text = serde_json::to_string(policy).map_err(|error| StoreError::Failed(error.to_string()))?;
    let now = tx.now();
    tx.execute(
        "INSERT INTO connection_policies (remote_id, policy, update_at) VALUES ($1, $2, $3) \
         ON CONFLICT (remote_id) DO UPDATE SET policy = excluded.policy, update_at = excluded.update_at",
        &[remote.into(), (&text).into(), now.into()],
    )
    .await
    .map(|_| ())
}

/// Gives the rules of an ended connection to the one that takes its place, unless that has rules of its own.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn inherit(tx: &mut Tx, old: &RemoteId, new: &RemoteId) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connection_policies (remote_id, policy, update_at) \
         SELECT $2, policy, update_at FROM connection_policies WHERE remote_id = $1 \
         ON CONFLICT (remote_id) DO NOTHING",
        &[old.into(), new.into()],
    )
    .await
    .map(|_| ())
}

/// People a connection has brought, deactivated ones included.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_people(view: &mut Snapshot, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM users WHERE remote_id = $1", &[remote.into()]).await
}

/// Channels of teams that are shared over a connection, of either home.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_channels(view: &mut Snapshot, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM shares s JOIN channels c ON c.id = s.channel_id \
         WHERE s.remote_id = $1 AND s.live AND c.kind IN ('O', 'P')",
        &[remote.into()],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn each_connection_has_its_last_rules_or_the_default() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let closed = ConnectionPolicy { files: false, max_users: Some(3), ..ConnectionPolicy::default() };
            put(&mut tx, &id(1), &ConnectionPolicy { emoji: false, ..closed.clone() }).await.unwrap();
            put(&mut tx, &id(1), &closed).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), closed);
            assert_eq!(get(&mut tx, &id(2)).await.unwrap(), ConnectionPolicy::default());
            put(&mut tx, &id(3), &ConnectionPolicy { emoji: false, ..closed.clone() }).await.unwrap();
            inherit(&mut tx, &id(1), &id(3)).await.unwrap();
            inherit(&mut tx, &id(1), &id(4)).await.unwrap();
            inherit(&mut tx, &id(2), &id(5)).await.unwrap();
            assert!(!get(&mut tx, &id(3)).await.unwrap().emoji, "its own rules stand");
            assert_eq!(get(&mut tx, &id(4)).await.unwrap(), closed);
            assert_eq!(get(&mut tx, &id(5)).await.unwrap(), ConnectionPolicy::default());
            tx.execute("UPDATE connection_policies SET policy = '{\"files\":7}'", &[]).await.unwrap();
            assert!(get(&mut tx, &id(1)).await.is_err(), "what cannot be read allows nothing");
        })
        .await;
    }
}
