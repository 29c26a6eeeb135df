//! Secure connections: the records, credentials and states of our peers. What goes over the network is `federation`'s.

mod credentials;
#[cfg(test)]
mod edit_tests;
mod ending;
mod handshake;
pub mod health;
mod lists;
mod moving;
pub mod policies;
pub mod positions;
pub mod quotas;
mod rotation;
pub mod settled;
#[cfg(test)]
mod tests;

pub(crate) use credentials::token_of;
pub use credentials::{authenticate, peer_token};
pub use ending::{Removal, awaits_rehoming, rehome, remove, sever};
pub use handshake::{
    Acceptance, ConfirmError, Confirmation, Confirmed, abandon_acceptance, begin_acceptance, check_code, confirm,
    finish_acceptance, interrupted_acceptances, settle_acceptance,
};
pub use lists::{ENDED_LISTED, find, get, info, invitation_expiry, list, list_live, require_reader, team_name};
pub use moving::{moved, note_peer_server, peer_server};
pub use rotation::{
    Offer, Standing, Urgency, begin_rotation, due_rotation, former_token, note_offered, return_to_former,
    rotation_standing, take_token,
};

use rialto_model::names::{InvalidName, connection_handle};
use rialto_model::{
    DomainEvent, InviteId, Millis, Origin, PeerProfile, Permission, RemoteCluster, RemoteId, Scope, TeamId,
};
use rialto_store::remotes::{Invite, Secrets};
use rialto_store::{Snapshot, StoreError, Tx, outbox, remotes, sync_failures, teams};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};

/// Why something about a connection was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The name has a form it must not have.
    #[error("the name {0}")]
    Name(InvalidName),
    /// Another live connection has the handle.
    #[error("the name is taken by {}", .0.name)]
    NameTaken(Box<RemoteCluster>),
    /// A text is too long.
    #[error("{field} is longer than {max} characters")]
    TooLong {
        /// Which.
        field: &'static str,
        /// The limit.
        max: usize,
    },
    /// The destination team does not exist or is archived.
    #[error("no such team")]
    Team,
    /// As many codes wait as may.
    #[error("{0} invitations wait already")]
    TooManyPending(usize),
    /// The code's connection is known here.
    #[error("already accepted as {}", .0.name)]
    Known(Box<RemoteCluster>),
    /// A live connection to the same site exists: one per pair of servers (E-026).
    #[error("already connected as {}", .0.name)]
    SameSite(Box<RemoteCluster>),
    /// Somebody has changed it since it was looked at (E-158).
    #[error("the connection was changed meanwhile")]
    ChangedMeanwhile {
        /// As it is now.
        remote: Box<RemoteCluster>,
        /// Shown name of the team copies go to now.
        team: String,
    },
    /// No more to be changed.
    #[error("the connection has ended")]
    Ended(Box<RemoteCluster>),
    /// The peer has no word for taking another token.
    #[error("the peer cannot be given another token")]
    CannotRotate(Box<RemoteCluster>),
    /// A token that cannot be used.
    #[error("unusable token")]
    Token,
    /// Codes are for connections nobody has accepted.
    #[error("already accepted")]
    Confirmed,
    /// A rule that cannot be so, by its name (behaviour 8.6).
    #[error("the rule {0} cannot be so")]
    Policy(String),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an administrator says of a new connection.
#[derive(Debug, Clone, Default)]
pub struct NewConnection {
    /// As typed.
    pub name: String,
    /// Shown name; empty: the name.
    pub display_name: String,
    /// Free text.
    pub description: String,
    /// Destination team for copies; None: the oldest open team.
    pub team: Option<TeamId>,
}

/// A code that can be sealed: who made it has the only copy of the token.
#[derive(Clone)]
pub struct FreshInvite {
    /// The connection it is for.
    pub remote_id: RemoteId,
    /// Bearer token inside the code.
    pub token: String,
    /// When it stops opening anything.
    pub expires_at: Millis,
}

/// How a consumer of the log is called that sends to `remote`.
pub fn consumer(remote: &RemoteId) -> String {
    format!("sender:{remote}")
}

/// Finds the destination team: a given one must live, else the oldest open one; None if there is none at all.
///
/// # Errors
/// [`Error::Team`].
pub async fn destination(view: &mut Snapshot, team: Option<&TeamId>) -> Result<Option<TeamId>, Error> {
    match team {
        Some(id) => {
            let team = teams::get(view, id).await?.filter(|team| team.delete_at.is_none());
            team.map(|team| Some(team.id)).ok_or(Error::Team)
        }
        None => Ok(teams::oldest_open(view).await?.map(|team| team.id)),
    }
}

/// Checks everything about a new connection that does not need the network, and completes the record.
async fn draft(
    app: &App,
    view: &mut Snapshot,
    actor: &SessionUser,
    new: NewConnection,
    id: RemoteId,
) -> Result<RemoteCluster, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let handle = connection_handle(&new.name).map_err(Error::Name)?;
    for (field, text, max) in [("display name", &new.display_name, 64), ("description", &new.description, 256)] {
        if text.chars().count() > max {
            return Err(Error::TooLong { field, max });
        }
    }
    if let Some(holder) = remotes::get_by_handle(view, &handle).await? {
        return Err(Error::NameTaken(Box::new(holder)));
    }
    let team = destination(view, new.team.as_ref()).await?;
    let display_name = if new.display_name.trim().is_empty() { new.name.clone() } else { new.display_name };
    Ok(RemoteCluster {
        id,
        name: new.name,
        handle,
        display_name,
        description: new.description,
        site_url: None,
        default_team_id: team,
        remote_team_id: String::new(),
        creator_id: actor.user_id,
        create_at: app.clock.now(),
        confirmed_at: None,
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: None,
        profile: PeerProfile::Unknown,
        caps: String::new(),
        unrotated: false,
        interrupted_at: None,
        failing_since: None,
        last_error: String::new(),
    })
}

/// Checks a connection before it is made, so that nothing is sealed or sent in vain.
///
/// # Errors
/// As [`create`].
pub async fn check_new(app: &App, actor: &SessionUser, new: &NewConnection) -> Result<(), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    draft(app, &mut view, actor, new.clone(), app.ids.id(RemoteId::from_random)).await.map(|_| ())
}

/// A token and id for a connection that [`create`] may then keep.
pub fn fresh_invite(app: &App, remote_id: RemoteId) -> FreshInvite {
    let hours = app.settings.get().workspaces.invitation_hours;
    let expires_at = Millis(app.clock.now().0 + hours * 3_600_000);
    FreshInvite { remote_id, token: app.ids.token(), expires_at }
}

async fn keep_invite(app: &App, tx: &mut Tx, fresh: &FreshInvite) -> Result<(), StoreError> {
    let invite = Invite {
        id: app.ids.id(InviteId::from_random),
        remote_id: fresh.remote_id,
        token_hash: app.keys.hash_token(&fresh.token),
        create_at: tx.now(),
        expires_at: fresh.expires_at,
        spent_at: None,
    };
    remotes::insert_invite(tx, &invite).await
}

/// Keeps a pending connection and its first code (behaviour 2.4 create).
///
/// # Errors
/// [`Error`]; nothing is kept then.
pub async fn create(
    app: &App,
    actor: &SessionUser,
    new: NewConnection,
    fresh: &FreshInvite,
) -> Result<RemoteCluster, Error> {
    let max = app.settings.get().workspaces.max_pending;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = draft(app, &mut tx, actor, new, fresh.remote_id).await?;
    let pending = remotes::list(&mut tx, false).await?.iter().filter(|remote| remote.confirmed_at.is_none()).count();
    if pending >= max {
        return Err(Error::TooManyPending(max));
    }
    insert(
        app,
        &mut tx,
        &remote,
        &Secrets { token_hash: String::new(), remote_token: String::new(), confirmation: String::new() },
    )
    .await?;
    keep_invite(app, &mut tx, fresh).await?;
    note(&mut tx, actor, "create_connection", &remote)?;
    tx.commit().await?;
    Ok(remote)
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, remote: &RemoteCluster) -> Result<(), StoreError> {
    let about = About { action, remote: Some(remote.id), result: "ok", detail: &remote.name, ..About::default() };
    audit::by_user(tx, actor, about)
}

async fn insert(app: &App, tx: &mut Tx, remote: &RemoteCluster, secrets: &Secrets) -> Result<(), Error> {
    remotes::insert(tx, remote, secrets).await?;
    // Everything recorded from now on lies beyond the settled head, so the sender will find it.
    let head = *app.bus.settled().borrow();
    outbox::move_cursor(tx, &consumer(&remote.id), None, head).await?;
    changed(tx, &remote.id);
    Ok(())
}

pub(crate) fn changed(tx: &mut Tx, remote: &RemoteId) {
    tx.record(Scope::Server, Origin::Local, DomainEvent::RemoteChanged { remote: *remote });
}

/// What becomes of the codes made before when another is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierCodes {
    /// They open what they opened, each until it runs out.
    Keep,
    /// They run out at once, and whoever tries one is told that.
    Invalidate,
}

/// Makes another code for a connection nobody has accepted; earlier ones stay valid unless it is asked otherwise
/// (ruling 12).
///
/// # Errors
/// [`Error::Confirmed`], [`Error::Ended`].
pub async fn renew_invite(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
    earlier: EarlierCodes,
) -> Result<(RemoteCluster, FreshInvite), Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let fresh = fresh_invite(app, *id);
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    if remote.confirmed_at.is_some() {
        return Err(Error::Confirmed);
    }
    if earlier == EarlierCodes::Invalidate {
        let now = tx.now();
        remotes::expire_invites(&mut tx, id, now).await?;
    }
    keep_invite(app, &mut tx, &fresh).await?;
    note(&mut tx, actor, "renew_invitation", &remote)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok((remote, fresh))
}

/// What an administrator saw of a connection before changing it; None: not looked at.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What we call it.
    pub display_name: Option<String>,
    /// Where its copies go; empty for nowhere.
    pub team: Option<String>,
}

/// Changes to a connection; None leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionChange {
    /// What only we call it; empty for its name.
    pub display_name: Option<String>,
    /// Where its copies go.
    pub team: Option<TeamId>,
    /// What the change was made to.
    pub seen: Seen,
}

/// Changes what only we call it, or where its copies go. Of two administrators who saw the same and both change it, the
/// second is told what the first has made of it (E-158).
///
/// # Errors
/// [`Error`]; [`Error::ChangedMeanwhile`] if it is not as it was seen.
pub async fn update(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
    change: ConnectionChange,
) -> Result<RemoteCluster, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Denied::Absent("connection").into());
    }
    check_unchanged(&mut tx, &remote, &change.seen).await?;
    if let Some(name) = change.display_name {
        if name.chars().count() > 64 {
            return Err(Error::TooLong { field: "display name", max: 64 });
        }
        remote.display_name = if name.trim().is_empty() { remote.name.clone() } else { name };
    }
    if let Some(team) = change.team {
        remote.default_team_id = destination(&mut tx, Some(&team)).await?;
    }
    remotes::update(&mut tx, &remote).await?;
    crate::shares::let_in_waiting(app, &mut tx, &remote).await?;
    note(&mut tx, actor, "update_connection", &remote)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(remote)
}

async fn check_unchanged(tx: &mut Tx, remote: &RemoteCluster, seen: &Seen) -> Result<(), Error> {
    let shown = if remote.display_name.is_empty() { &remote.name } else { &remote.display_name };
    let team = remote.default_team_id.map_or_else(String::new, |team| team.to_string());
    let same = seen.display_name.as_ref().is_none_or(|name| name == shown)
        && seen.team.as_ref().is_none_or(|seen| *seen == team);
    if same {
        return Ok(());
    }
    let team = match &remote.default_team_id {
        Some(team) => teams::get(tx, team).await?.map(|team| team.display_name).unwrap_or_default(),
        None => String::new(),
    };
    Err(Error::ChangedMeanwhile { remote: Box::new(remote.clone()), team })
}

/// A ping this soon after the last one, while nothing fails, is not written down: it would say nothing new, ms.
const SAME_PING: i64 = 3_000;

/// What an exchange with a peer showed.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// Our ping got through.
    pub pinged: bool,
    /// What the peer is.
    pub profile: Option<PeerProfile>,
    /// What it can do; None: not said this time.
    pub caps: Option<String>,
    /// The failure in plain words; None: success.
    pub error: Option<String>,
}

/// Notes the outcome of an exchange; records an event only when the peer went on- or offline or changed its nature.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_contact(app: &App, id: &RemoteId, contact: Contact) -> Result<Option<RemoteCluster>, StoreError> {
    let offline_after = app.settings.get().offline_after_ms();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some((remote, changed)) = contact_within(&mut tx, offline_after, id, contact).await? else { return Ok(None) };
    if changed {
        tx.commit().await?;
    }
    Ok(Some(remote))
}

/// The same in a transaction. Returns whether anything changed.
async fn contact_within(
    tx: &mut Tx,
    offline_after: i64,
    id: &RemoteId,
    contact: Contact,
) -> Result<Option<(RemoteCluster, bool)>, StoreError> {
    let Some(before) = remotes::lock(tx, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(None);
    };
    let mut remote = before.clone();
    let now = tx.now();
    if contact.pinged {
        let again = before.last_ping_at.is_some_and(|last| (0..SAME_PING).contains(&now.since(last)));
        if !again || before.failing_since.is_some() {
            remote.last_ping_at = Some(now);
        }
        remote.failing_since = None;
        remote.last_error = String::new();
    }
    if let Some(error) = contact.error {
        remote.failing_since = remote.failing_since.or(Some(now));
        remote.last_error = error;
    }
    remote.profile = contact.profile.unwrap_or(remote.profile);
    remote.caps = contact.caps.unwrap_or(remote.caps);
    if remote == before {
        return Ok(Some((remote, false)));
    }
    remotes::update(tx, &remote).await?;
    if before.profile != remote.profile || before.caps != remote.caps {
        // It is not what it was when it refused them (E-031).
        sync_failures::retry(tx, id, &sync_failures::Which::All).await?;
    }
    let was = before.is_online(Millis(now.0 - 1), offline_after);
    if was != remote.is_online(now, offline_after) || before.profile != remote.profile {
        changed(tx, id);
    }
    Ok(Some((remote, true)))
}
