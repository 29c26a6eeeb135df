//! Our people offered to peers outside shared channels, so that they can be found there and written to (AT-23, E-106).
//!
//! What a peer is owed follows from which version of whom it was given: a change while it is away goes once, in its last
//! version, and nobody is passed over because of the time at which something happened. Source: behaviour 6.2, wire 6.12.

use rialto_model::{Millis, PeerProfile, RemoteCluster, RemoteId, User, UserId};
use rialto_store::{StoreError, discovery, users};

use crate::App;
use crate::ledger::{self, Batch};
use crate::outbox::ITEMS;

/// The capability of another Rialto that takes people outside shared channels at present.
pub const CAPABILITY: &str = "discovery";

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Everybody behind this person, by id; None: everybody.
    After(Option<&'a UserId>),
    /// Only some of these.
    Of(&'a [UserId]),
}

/// Whether a peer may take people outside shared channels. A Mattermost says so only when it is offered some.
pub fn takes_people(remote: &RemoteCluster) -> bool {
    match remote.profile {
        PeerProfile::Rialto => remote.has(CAPABILITY),
        PeerProfile::Mattermost11 => true,
        PeerProfile::Mattermost5 | PeerProfile::Unknown => false,
    }
}

/// The next people a peer is owed, by id: active ones of ours, no integrations, nobody whose present version it has. Who
/// was offered and is deactivated since is among them where the peer reads that.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owed(app: &App, remote: &RemoteCluster, which: Which<'_>, limit: usize) -> Result<Vec<User>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ends = remote.has(ITEMS);
    let mut view = app.db.read(app.clock.now()).await?;
    let ids = match which {
        Which::After(after) => discovery::owed_after(&mut view, &remote.id, after, ends, limit).await?,
        Which::Of(people) => discovery::owed_of(&mut view, &remote.id, people, ends, limit).await?,
    };
    let mut found = users::list_by_ids(&mut view, &ids).await?;
    found.sort_by_key(|person| ids.iter().position(|id| *id == person.id));
    Ok(found)
}

/// Notes what a peer has answered to: whatever it did with them, only their next version is offered again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn offered(
    app: &App,
    remote: &RemoteId,
    people: &[(UserId, Millis)],
    left: &Batch,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    ledger::append(&mut tx, left).await?;
    for (user, version) in people {
        discovery::set_offered(&mut tx, remote, user, *version).await?;
    }
    tx.commit().await?;
    app.bus.queue_pictures(*remote);
    Ok(())
}
