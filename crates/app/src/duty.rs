//! What only one of an installation's nodes does at a time: it holds a lease, and another takes over when it falls silent
//! (E-044).

use rialto_store::{StoreError, leases};

use crate::App;

/// A lease lasts so long after it was last renewed, ms.
pub const LENGTH: i64 = 15_000;

/// Takes the duty called `name` for `node`, or renews it; false while it is another node's.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(app: &App, name: &str, node: &str) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let taken = leases::take(&mut tx, name, node, LENGTH).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Leaves the duty to whoever asks next.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn leave(app: &App, name: &str, node: &str) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    leases::release(&mut tx, name, node).await?;
    tx.commit().await
}
