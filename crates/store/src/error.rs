//! What can go wrong in storage.

/// A storage failure. Callers act on the variants; the texts are for the log only.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Too many writers wait, or the database asked for a retry. Nothing was written; try again later (503).
    #[error("the database is busy: {0}")]
    Busy(String),
    /// There is no room left where the data is. Nothing was written; the same works once there is room (E-045).
    #[error("no room left: {0}")]
    Full(String),
    /// A unique constraint refused the write; the text names constraint or column.
    #[error("already exists: {0}")]
    Unique(String),
    /// The database refuses these values, and will whenever they are tried: a constraint, a text it cannot hold.
    #[error("refused by the database: {0}")]
    Rejected(String),
    /// A row holds something this version cannot read.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The database cannot be reached, or refused a statement.
    #[error("database failure: {0}")]
    Failed(String),
}

impl StoreError {
    /// True if the values themselves are at fault: trying again changes nothing.
    pub fn is_about_values(&self) -> bool {
        matches!(self, StoreError::Rejected(_) | StoreError::Unique(_))
    }

    /// True if the refusal came from a unique constraint over `column`.
    pub fn is_unique_on(&self, column: &str) -> bool {
        matches!(self, StoreError::Unique(what) if what.contains(column))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, DatabaseBusy, DatabaseLocked, DiskFull, TooBig, TypeMismatch};
        match error.sqlite_error_code() {
            Some(ConstraintViolation) if error.to_string().contains("UNIQUE") => StoreError::Unique(error.to_string()),
            Some(ConstraintViolation | TooBig | TypeMismatch) => StoreError::Rejected(error.to_string()),
            Some(DatabaseBusy | DatabaseLocked) => StoreError::Busy(error.to_string()),
            Some(DiskFull) => StoreError::Full(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else { return StoreError::Failed(error.to_string()) };
        let text = format!("{} {}", db.message(), db.constraint().unwrap_or_default());
        match *db.code() {
            SqlState::UNIQUE_VIOLATION => StoreError::Unique(text),
            SqlState::DISK_FULL => StoreError::Full(text),
            SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE | SqlState::LOCK_NOT_AVAILABLE => {
                StoreError::Busy(text)
            }
            // Class 22 is bad data, class 23 a constraint.
            _ if db.code().code().starts_with("22") || db.code().code().starts_with("23") => StoreError::Rejected(text),
            _ => StoreError::Failed(text),
        }
    }
}

impl From<std::io::Error> for StoreError {
    /// What went wrong with files beside the database.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Timeout(_) => StoreError::Busy("no free connection".to_owned()),
            other => StoreError::Failed(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::begin;
    use crate::testing::both;

    /// E-045: a full disk is told from other failures, and what did not fit goes in once there is room.
    #[tokio::test]
    async fn no_room_is_known_as_such() {
        both(async |db: Db| {
            let (fill, relieve) = if db.is_postgres() {
                (
                    "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
                     'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END'",
                    "DROP TRIGGER no_room ON settings",
                )
            } else {
                ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000")
            };
            let mut tx = begin(&db).await;
            if db.is_postgres() {
                tx.execute(fill, &[]).await.unwrap();
                let trigger = "CREATE TRIGGER no_room BEFORE INSERT ON settings EXECUTE FUNCTION no_room()";
                tx.execute(trigger, &[]).await.unwrap();
            } else {
                let _: i64 = tx.fetch_one(fill, &[]).await.unwrap();
            }
            tx.commit().await.unwrap();
            let large = "x".repeat(100_000);
            let write = async || {
                let mut tx = begin(&db).await;
                let sql = "INSERT INTO settings (section, name, value) VALUES ('a', 'b', $1)";
                tx.execute(sql, &[(&large).into()]).await?;
                tx.commit().await
            };
            let error = write().await.unwrap_err();
            assert!(matches!(error, StoreError::Full(_)), "{error}");
            let mut tx = begin(&db).await;
            if db.is_postgres() {
                tx.execute(relieve, &[]).await.unwrap();
            } else {
                let _: i64 = tx.fetch_one(relieve, &[]).await.unwrap();
            }
            tx.commit().await.unwrap();
            write().await.unwrap();
        })
        .await;
    }
}
