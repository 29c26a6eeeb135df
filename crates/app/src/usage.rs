//! How much there is on this server, as clients show it. Source: client-api 8.

use rialto_store::{StoreError, usage};

use crate::App;

/// Numbers about the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Messages people have written.
    pub messages: i64,
    /// Bytes of files.
    pub bytes: i64,
    /// Teams.
    pub teams: i64,
}

/// What there is now.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(app: &App) -> Result<Usage, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let messages = usage::messages(&mut view).await?;
    Ok(Usage { messages, bytes: usage::bytes(&mut view).await?, teams: usage::teams(&mut view).await? })
}
