//! The audit log: every administrative action and every refused remote item, with actor and result, never content.

use rialto_model::{Channel, ChannelId, RemoteCluster, RemoteId};
use rialto_store::{StoreError, Tx, audit};

use crate::access::{RemoteActor, SessionUser};

/// What a line is about, besides its actor.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// What was done or tried.
    pub action: &'a str,
    /// Connection concerned.
    pub remote: Option<RemoteId>,
    /// Channel concerned.
    pub channel: Option<ChannelId>,
    /// `ok`, or the code of a refusal.
    pub result: &'a str,
    /// Names and ids; never secrets or message text (SC-105).
    pub detail: &'a str,
}

fn append(tx: &mut Tx, actor: &str, about: About<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    let About { action, remote, channel, result, detail } = about;
    audit::append(tx, now, &audit::Entry { actor, action, remote, channel, result, detail })
}

/// Notes what somebody signed in did to the share of a channel with a connection (SC-106).
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) fn on_share(
    tx: &mut Tx,
    actor: &SessionUser,
    action: &str,
    channel: &Channel,
    remote: &RemoteCluster,
) -> Result<(), StoreError> {
    let about =
        About { action, remote: Some(remote.id), channel: Some(channel.id), result: "ok", detail: &channel.name };
    by_user(tx, actor, about)
}

/// Notes what somebody signed in did (SC-106).
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn by_user(tx: &mut Tx, actor: &SessionUser, about: About<'_>) -> Result<(), StoreError> {
    append(tx, actor.user_id.as_str(), about)
}

/// Notes what a peer did or was refused.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn by_remote(tx: &mut Tx, actor: &RemoteActor, about: About<'_>) -> Result<(), StoreError> {
    append(tx, &format!("remote:{}", actor.id()), About { remote: Some(actor.id()), ..about })
}

/// Notes what the server did by itself.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn by_system(tx: &mut Tx, about: About<'_>) -> Result<(), StoreError> {
    append(tx, "system", about)
}
