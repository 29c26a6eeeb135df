//! Work that one node does for all of them, and may go on doing for a while without asking again (E-044).

use crate::{StoreError, Tx};

/// Takes or renews the lease for `length` ms; false while another node has it. On PostgreSQL the clock of the database
/// counts, as those of nodes may differ.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(tx: &mut Tx, name: &str, holder: &str, length: i64) -> Result<bool, StoreError> {
    let now: i64 = if tx.is_postgres() {
        tx.fetch_one("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", &[]).await?
    } else {
        tx.now().0
    };
    let taken = tx
        .execute(
            "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
             SET holder = $2, expires_at = $3 WHERE leases.holder = $2 OR leases.expires_at <= $4",
            &[name.into(), holder.into(), (now + length).into(), now.into()],
        )
        .await?;
    Ok(taken > 0)
}

/// Gives the lease up, if it is the holder's.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn release(tx: &mut Tx, name: &str, holder: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM leases WHERE name = $1 AND holder = $2", &[name.into(), holder.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::begin;
    use crate::testing::both;

    /// E-044.
    #[tokio::test]
    async fn one_holds_it_until_it_runs_out_or_is_given_up() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            assert!(take(&mut tx, "work", "one", 60_000).await.unwrap());
            assert!(take(&mut tx, "work", "one", 60_000).await.unwrap(), "renewed");
            assert!(!take(&mut tx, "work", "two", 60_000).await.unwrap());
            assert!(take(&mut tx, "other work", "two", 60_000).await.unwrap());
            release(&mut tx, "work", "two").await.unwrap();
            assert!(!take(&mut tx, "work", "two", 60_000).await.unwrap(), "it is not its to give up");
            release(&mut tx, "work", "one").await.unwrap();
            assert!(take(&mut tx, "work", "two", 0).await.unwrap());
            assert!(take(&mut tx, "work", "one", 60_000).await.unwrap(), "it has run out");
            assert!(!take(&mut tx, "work", "two", 60_000).await.unwrap());
        })
        .await;
    }
}
