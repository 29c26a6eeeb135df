//! The audit log: every administrative action and every refused remote item, with actor and result, never content.

use rialto_model::{Channel, ChannelId, Millis, Permission, RemoteCluster, RemoteId, UserId};
pub use rialto_store::audit::Line;
use rialto_store::{StoreError, Tx, audit};

use crate::App;
use crate::access::{Denied, RemoteActor, SessionUser};

/// The same refused attempt of the same person is noted once in this time, ms: nobody fills the log by repeating one.
const SAME_ATTEMPT: i64 = 60_000;
/// What a refused attempt results in.
const FAIL: &str = "fail";

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

/// Notes that somebody signed in tried something that was refused (SC-106), in a transaction of its own: that of the
/// attempt is gone.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused(app: &App, actor: &SessionUser, about: About<'_>) -> Result<(), StoreError> {
    let About { action, remote, channel, detail, .. } = about;
    once(app, audit::Entry { actor: actor.user_id.as_str(), action, remote, channel, result: FAIL, detail }).await
}

/// Notes that the peer of one connection called as that of another (E-127).
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn impostor(app: &App, caller: &RemoteId, claimed: &RemoteId) -> Result<(), StoreError> {
    let actor = format!("remote:{caller}");
    let (action, detail) = ("other_connection", claimed.as_str());
    let entry = audit::Entry { actor: &actor, action, remote: Some(*caller), channel: None, result: FAIL, detail };
    once(app, entry).await
}

async fn once(app: &App, entry: audit::Entry<'_>) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    if audit::was_written(&mut tx, Millis(now.0 - SAME_ATTEMPT), &entry).await? {
        return Ok(());
    }
    audit::append(&mut tx, now, &entry)?;
    tx.commit().await
}

/// Lines of the audit log, newest first: all of them for those who may read it, or one's own.
///
/// # Errors
/// [`Denied`] without `read_audits` for others' lines.
pub async fn list(
    app: &App,
    actor: &SessionUser,
    of: Option<&UserId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Line>, Denied> {
    if of != Some(&actor.user_id) {
        actor.require(Permission::ReadAudits)?;
    }
    Ok(audit::list(&mut app.db.read(app.clock.now()).await?, of, offset, limit).await?)
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
