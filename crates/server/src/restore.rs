//! `rialto restore`: says to this installation, and by it to the servers it is connected with, that its database came from a
//! backup (rulings 66 and 8.1).

use rialto_app::recovery::{self, Declared};
use rialto_app::{Clock, IdSource};

use crate::config::Config;
use crate::key_file::{self, NAME};
use crate::serve::{ServeError, is_installed, open_database};

/// Why nothing was declared.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no database or no key file, so there was no server.
    #[error("there is no server in {0}: the database and the key file have to be restored first")]
    NoServer(String),
    /// As when the server starts.
    #[error(transparent)]
    Open(#[from] ServeError),
}

/// Declares the restore; returns what is to be told.
///
/// # Errors
/// [`RestoreError`].
pub async fn declare(config: &Config) -> Result<String, RestoreError> {
    let folder = &config.data_dir;
    let no_server = || RestoreError::NoServer(folder.display().to_string());
    // Without its key the database is of no use, and a fresh one would be refused anyway.
    if !is_installed(config) || !folder.join(NAME).exists() {
        return Err(no_server());
    }
    let ids = IdSource::System;
    let keys = key_file::load(folder, &ids).map_err(ServeError::from)?;
    let db = open_database(config).await.map_err(ServeError::from)?;
    let declared = recovery::declare(&db, &keys, &Clock::System, &ids).await.map_err(ServeError::from)?;
    Ok(in_words(&declared.ok_or_else(no_server)?))
}

fn in_words(declared: &Declared) -> String {
    let Declared { connections, fetched, asked, .. } = *declared;
    let mut text = format!(
        "The restore is declared. Start the server now: it tells {connections} connected servers, which send again what was \
         lost here.\nOf {fetched} channels of others, messages written here after the backup are fetched back by themselves."
    );
    if asked > 0 {
        text.push_str(&format!(
            "\nOf {asked} channels of this server an administrator decides with /secure-connection recover."
        ));
    }
    text
}
