//! How far the renewal of a connection's tokens has come, in both directions.

use rialto_model::{Millis, RemoteId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// The renewal of one connection's tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Keyed hash of the token that was offered to the peer and that it has not used yet; empty: none.
    pub next_hash: String,
    /// When the last offer was made; only grows.
    pub next_at: Option<Millis>,
    /// When the peer said that it had stored it.
    pub told_at: Option<Millis>,
    /// When the peer first used a renewed token.
    pub rotated_at: Option<Millis>,
    /// What we presented before the present one, sealed; empty: nothing.
    pub former_token: String,
    /// The version of the peer's last offer to us, by its clock, ms.
    pub taken_at: i64,
}

impl FromRow for Rotation {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            next_hash: row.text()?,
            next_at: row.opt_millis()?,
            told_at: row.opt_millis()?,
            rotated_at: row.opt_millis()?,
            former_token: row.text()?,
            taken_at: row.int()?,
        })
    }
}

/// How far the renewal has come; nothing if there never was one.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId) -> Result<Rotation, StoreError> {
    let found = view
        .fetch_optional(
            "SELECT next_hash, next_at, told_at, rotated_at, former_token, taken_at FROM token_rotations \
             WHERE remote_id = $1",
            &[remote.into()],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// Writes it. The caller holds the lock of the connection's row.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, remote: &RemoteId, rotation: &Rotation) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO token_rotations (remote_id, next_hash, next_at, told_at, rotated_at, former_token, taken_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (remote_id) DO UPDATE SET next_hash = excluded.next_hash, \
         next_at = excluded.next_at, told_at = excluded.told_at, rotated_at = excluded.rotated_at, \
         former_token = excluded.former_token, taken_at = excluded.taken_at",
        &[
            remote.into(),
            (&rotation.next_hash).into(),
            rotation.next_at.into(),
            rotation.told_at.into(),
            rotation.rotated_at.into(),
            (&rotation.former_token).into(),
            rotation.taken_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets it, secrets included: the connection has ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM token_rotations WHERE remote_id = $1", &[remote.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{begin, id, read};
    use crate::testing::both;
    use crate::{Db, remotes};

    #[tokio::test]
    async fn a_renewal_is_kept_changed_and_forgotten() {
        both(async |db: Db| {
            let (one, other) = (id(1), id(2));
            assert_eq!(get(&mut read(&db).await, &one).await.unwrap(), Rotation::default());
            let mut rotation = Rotation {
                next_hash: "hash".to_owned(),
                next_at: Some(Millis(7)),
                told_at: Some(Millis(8)),
                rotated_at: Some(Millis(6)),
                former_token: "sealed".to_owned(),
                taken_at: 5,
            };
            for round in 0..2 {
                rotation.taken_at += round;
                let mut tx = begin(&db).await;
                put(&mut tx, &one, &rotation).await.unwrap();
                tx.commit().await.unwrap();
                assert_eq!(get(&mut read(&db).await, &one).await.unwrap(), rotation);
            }
            let mut view = read(&db).await;
            assert!(remotes::is_known_token(&mut view, "hash", &other).await.unwrap(), "it opens the first connection");
            assert!(!remotes::is_known_token(&mut view, "hash", &one).await.unwrap());
            drop(view);
            let mut tx = begin(&db).await;
            delete(&mut tx, &one).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(get(&mut read(&db).await, &one).await.unwrap(), Rotation::default());
        })
        .await;
    }
}
