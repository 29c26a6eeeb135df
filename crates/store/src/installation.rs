//! What identifies this installation.

use rialto_model::{Millis, ServerId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// The one row every installation has.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Made once.
    pub server_id: ServerId,
    /// New after a restored backup (ruling 8.1).
    pub epoch: String,
    /// Tells whether the key file is the one the secrets were sealed with.
    pub key_check: String,
    /// When it was installed.
    pub create_at: Millis,
}

impl FromRow for Installation {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { server_id: row.id()?, epoch: row.text()?, key_check: row.text()?, create_at: row.millis()? })
    }
}

/// The row, None on a database that was never used.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this crate.
pub async fn get(view: &mut Snapshot) -> Result<Option<Installation>, StoreError> {
    view.fetch_optional("SELECT server_id, epoch, key_check, create_at FROM installation WHERE id = 1", &[]).await
}

/// Writes the row unless another node was first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, row: &Installation) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO installation (id, server_id, epoch, key_check, create_at) VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
        &[(&row.server_id).into(), (&row.epoch).into(), (&row.key_check).into(), row.create_at.into()],
    )
    .await
    .map(|_| ())
}

/// A restore from a backup that was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// When it was declared.
    pub at: Millis,
    /// Up to when the backup reaches.
    pub backup_at: Millis,
}

impl FromRow for Restored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { at: row.millis()?, backup_at: row.millis()? })
    }
}

/// The last restore that was declared, None if there never was one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn restored(view: &mut Snapshot) -> Result<Option<Restored>, StoreError> {
    view.fetch_optional("SELECT restored_at, backup_at FROM installation WHERE id = 1 AND restored_at > 0", &[]).await
}

/// Declares a restore: from now on this is another epoch of the installation (ruling 8.1).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_restored(tx: &mut Tx, epoch: &str, restored: Restored) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE installation SET epoch = $1, restored_at = $2, backup_at = $3 WHERE id = 1",
        &[epoch.into(), restored.at.into(), restored.backup_at.into()],
    )
    .await
    .map(|_| ())
}

/// Makes other transactions that do the same wait for the end of this one: what may happen once in the life of an
/// installation, such as its first account, happens under this lock. On SQLite writers are one at a time anyway.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("UPDATE installation SET id = 1 WHERE id = 1", &[]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, read};
    use crate::testing::both;

    #[tokio::test]
    async fn the_first_node_writes_the_row() {
        both(async |db: Db| {
            assert!(get(&mut read(&db).await).await.unwrap().is_none());
            for n in [1, 2] {
                let row = Installation {
                    server_id: id(n),
                    epoch: format!("epoch-{n}"),
                    key_check: format!("check-{n}"),
                    create_at: Millis(7),
                };
                let mut tx = begin(&db).await;
                insert(&mut tx, &row).await.unwrap();
                tx.commit().await.unwrap();
            }
            let row = get(&mut read(&db).await).await.unwrap().unwrap();
            assert_eq!((row.server_id, row.epoch.as_str(), row.key_check.as_str()), (id(1), "epoch-1", "check-1"));
            assert_eq!(row.create_at, Millis(7));
            lock(&mut begin(&db).await).await.unwrap();
        })
        .await;
    }
}
