//! Our emoji on their way to other Rialtos: what was used where a peer sees it, once, and again what replaced it or that
//! it is gone. Nothing is queued: what a peer is owed follows from the rows. Source: behaviour 8.2, ruling 8.8.

use std::collections::BTreeSet;

use rialto_model::{CustomEmoji, RemoteId, UserId};
use rialto_store::{StoreError, Tx, emoji as rows, shares, users};

use crate::App;
use crate::ledger::{self, Batch};

/// The capability of a peer that takes emoji now.
pub const CAPABILITY: &str = "emoji";

/// Notes which of these names a peer has seen that are emoji here. True if there are any.
pub(crate) async fn used(tx: &mut Tx, remote: &RemoteId, names: &BTreeSet<String>) -> Result<bool, StoreError> {
    if names.is_empty() {
        return Ok(false);
    }
    let found = rows::by_names(tx, names).await?;
    rows::offer(tx, remote, found.iter().map(|emoji| &emoji.name))?;
    Ok(!found.is_empty())
}

/// What a peer is to be told of a name.
#[derive(Debug, Clone)]
pub enum Due {
    /// This picture has the name now.
    Picture {
        /// The emoji.
        emoji: CustomEmoji,
        /// Its creator by the id on the wire.
        creator: UserId,
        /// Its picture.
        bytes: Vec<u8>,
    },
    /// Nothing has it any more.
    Gone {
        /// The name.
        name: String,
    },
}

impl Due {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Due::Picture { emoji, .. } => &emoji.name,
            Due::Gone { name } => name,
        }
    }
}

/// The next thing a peer is to be told, while a channel is shared with it.
///
/// # Errors
/// As database and disk say.
pub async fn due(app: &App, remote: &RemoteId) -> Result<Option<Due>, super::Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some(found) = rows::due(&mut view, remote).await? else { return Ok(None) };
    if shares::list_of_remote(&mut view, remote, false).await?.is_empty() {
        return Ok(None);
    }
    let Some(emoji) = found.emoji else { return Ok(Some(Due::Gone { name: found.name })) };
    let creator = users::wire_id(&mut view, &emoji.creator_id).await?.unwrap_or(emoji.creator_id);
    drop(view);
    // Taken away this moment: the next look says so.
    let Some(bytes) = app.disk.emoji(&emoji.id).await? else { return Ok(None) };
    Ok(Some(Due::Picture { emoji, creator, bytes }))
}

/// Notes that a peer was told, or does not want to hear it.
///
/// # Errors
/// As the database says.
pub async fn told(app: &App, remote: &RemoteId, due: &Due, left: &Batch) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    ledger::append(&mut tx, left).await?;
    let id = match due {
        Due::Picture { emoji, .. } => Some(&emoji.id),
        Due::Gone { .. } => None,
    };
    rows::set_told(&mut tx, remote, due.name(), id).await?;
    tx.commit().await
}
