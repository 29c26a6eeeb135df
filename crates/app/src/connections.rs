//! Secure connections: the records, credentials and states of our peers. What goes over the network is `federation`'s.

use rialto_model::names::{InvalidName, connection_handle};
use rialto_model::{
    Channel, DomainEvent, InviteId, Millis, Origin, PeerProfile, Permission, RemoteCluster, RemoteId, Scope, TeamId,
    UserId,
};
use rialto_store::remotes::{Invite, Secrets};
use rialto_store::{Snapshot, StoreError, Tx, outbox, remotes, teams, users};
use subtle::ConstantTimeEq;

use crate::access::{Denied, RemoteActor, SessionUser};
use crate::audit::{self, About};
use crate::{App, shares};

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
    /// No more to be changed.
    #[error("the connection has ended")]
    Ended(Box<RemoteCluster>),
    /// Codes are for connections nobody has accepted.
    #[error("already accepted")]
    Confirmed,
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

/// Who may look at connections: holders of either permission (behaviour 4.2).
///
/// # Errors
/// [`Denied::Forbidden`].
pub fn require_reader(actor: &SessionUser) -> Result<(), Denied> {
    if actor.may(Permission::ManageSharedChannels) {
        return Ok(());
    }
    actor.require(Permission::ManageSecureConnections)
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

/// Makes another code for a connection nobody has accepted; earlier ones stay valid (ruling 12).
///
/// # Errors
/// [`Error::Confirmed`], [`Error::Ended`].
pub async fn renew_invite(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
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
    keep_invite(app, &mut tx, &fresh).await?;
    note(&mut tx, actor, "renew_invitation", &remote)?;
    tx.commit().await?;
    Ok((remote, fresh))
}

/// What the acceptor's side keeps before it sends its confirmation.
#[derive(Clone)]
pub struct Acceptance {
    /// What the administrator said.
    pub new: NewConnection,
    /// From the code.
    pub remote_id: RemoteId,
    /// From the code, checked.
    pub site_url: String,
    /// From the code: the peer's team for channels we offer, or empty.
    pub remote_team_id: String,
    /// What the peer will present to us.
    pub own_token: String,
    /// What we shall present to the peer.
    pub peer_token: String,
    /// What the code tells of the peer.
    pub profile: PeerProfile,
    /// The code gave no way to rotate its token.
    pub unrotated: bool,
}

/// True if the connection of a code was made here: somebody tries to accept their own invitation (E-004).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn find(app: &App, id: &RemoteId) -> Result<Option<RemoteCluster>, StoreError> {
    remotes::get(&mut app.db.read(app.clock.now()).await?, id).await
}

/// Stores the acceptor's row: it must be there before the confirmation is sent, for the peer calls at once (wire 3.6).
///
/// # Errors
/// [`Error`].
pub async fn begin_acceptance(app: &App, actor: &SessionUser, acceptance: &Acceptance) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(known) = remotes::lock(&mut tx, &acceptance.remote_id).await? {
        return Err(Error::Known(Box::new(known)));
    }
    let mut remote = draft(app, &mut tx, actor, acceptance.new.clone(), acceptance.remote_id).await?;
    let live = remotes::list(&mut tx, false).await?;
    if let Some(same) = live.into_iter().find(|other| other.site_url.as_ref() == Some(&acceptance.site_url)) {
        return Err(Error::SameSite(Box::new(same)));
    }
    remote.site_url = Some(acceptance.site_url.clone());
    remote.remote_team_id = acceptance.remote_team_id.clone();
    remote.profile = acceptance.profile;
    remote.unrotated = acceptance.unrotated;
    let secrets = Secrets {
        token_hash: app.keys.hash_token(&acceptance.own_token),
        remote_token: app.keys.seal(&app.ids, &acceptance.peer_token),
        confirmation: String::new(),
    };
    insert(app, &mut tx, &remote, &secrets).await?;
    tx.commit().await?;
    Ok(remote)
}

/// What the peer's answer to our confirmation said besides OK.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// Presented from now on instead of the token we proposed (ruling 8.3).
    pub issued_token: Option<String>,
    /// What the peer turned out to be.
    pub profile: Option<PeerProfile>,
    /// What it can do.
    pub caps: String,
}

/// The peer has confirmed: the connection is live.
///
/// # Errors
/// [`Error`].
pub async fn finish_acceptance(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
    confirmed: Confirmed,
) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    remote.confirmed_at = Some(tx.now());
    remote.profile = confirmed.profile.unwrap_or(remote.profile);
    remote.caps = confirmed.caps;
    remotes::update(&mut tx, &remote).await?;
    if let (Some(token), Some(mut secrets)) = (confirmed.issued_token, remotes::secrets(&mut tx, id).await?) {
        secrets.remote_token = app.keys.seal(&app.ids, &token);
        remotes::set_secrets(&mut tx, id, &secrets).await?;
    }
    note(&mut tx, actor, "accept_connection", &remote)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(remote)
}

/// The peer refused or cannot be reached: nothing remains on our side, the invitation stays usable.
///
/// # Errors
/// [`Error::Store`].
pub async fn abandon_acceptance(app: &App, id: &RemoteId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    remotes::delete_unconfirmed(&mut tx, id).await?;
    outbox::delete_cursor(&mut tx, &consumer(id)).await?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(())
}

/// Why a confirmation was refused; the texts are for our log, peers hear fixed ones.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// No code of ours has this token.
    #[error("unknown code")]
    Unknown,
    /// The code ran out, by our clock.
    #[error("expired code")]
    Expired,
    /// The code, or another of its connection, was accepted already.
    #[error("used code")]
    Used,
    /// The header names another connection than the code.
    #[error("the code is for another connection")]
    OtherConnection,
    /// The peer wants to present or hand out a token it must not.
    #[error("unusable token")]
    Token,
    /// A live connection to the same site exists.
    #[error("already connected to this site")]
    SameSite,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A confirmation as the inviter received and checked it.
#[derive(Clone)]
pub struct Confirmation {
    /// The peer's address.
    pub site_url: String,
    /// What we shall present to the peer.
    pub peer_token: String,
    /// What the peer will present to us; None: the code's token stays (ruling 8).
    pub own_token: Option<String>,
    /// The peer's team for channels we offer, or empty.
    pub remote_team_id: String,
    /// What the peer is.
    pub profile: PeerProfile,
    /// What it can do.
    pub caps: String,
    /// Digest of the whole payload, to know its exact repetition.
    pub digest: String,
}

/// Applies a peer's confirmation of one of our codes, or answers its exact repetition again (ruling 14).
/// True: applied now. False: it was applied before.
///
/// # Errors
/// [`ConfirmError`]; the code stays usable but where it is used or expired.
pub async fn confirm(
    app: &App,
    code_token: &str,
    header_id: &RemoteId,
    confirmation: Confirmation,
) -> Result<(RemoteCluster, bool), ConfirmError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let hash = app.keys.hash_token(code_token);
    let invite = remotes::get_invite(&mut tx, &hash).await?.ok_or(ConfirmError::Unknown)?;
    if invite.remote_id != *header_id {
        return Err(ConfirmError::OtherConnection);
    }
    let mut remote = remotes::lock(&mut tx, header_id).await?.ok_or(ConfirmError::Unknown)?;
    let mut secrets = remotes::secrets(&mut tx, header_id).await?.ok_or(ConfirmError::Unknown)?;
    if remote.delete_at.is_some() {
        return Err(ConfirmError::Unknown);
    }
    if invite.expires_at <= tx.now() {
        return Err(ConfirmError::Expired);
    }
    if invite.spent_at.is_some() || remote.confirmed_at.is_some() {
        let repeated = secrets.confirmation.as_bytes().ct_eq(confirmation.digest.as_bytes()).into();
        return if repeated { Ok((remote, false)) } else { Err(ConfirmError::Used) };
    }
    let own = confirmation.own_token.as_deref().unwrap_or(code_token);
    // "Confirming with the code's token" is refused whoever would present it (ruling 9, T-4273).
    if confirmation.peer_token.eq_ignore_ascii_case(code_token)
        || confirmation.own_token.as_ref().is_some_and(|token| token.eq_ignore_ascii_case(code_token))
        || confirmation.peer_token.eq_ignore_ascii_case(own)
    {
        return Err(ConfirmError::Token);
    }
    let live = remotes::list(&mut tx, false).await?;
    if live.iter().any(|other| other.id != remote.id && other.site_url.as_ref() == Some(&confirmation.site_url)) {
        return Err(ConfirmError::SameSite);
    }
    secrets.token_hash = app.keys.hash_token(own);
    secrets.remote_token = app.keys.seal(&app.ids, &confirmation.peer_token);
    secrets.confirmation = confirmation.digest;
    remotes::set_secrets(&mut tx, header_id, &secrets).await?;
    let now = tx.now();
    remotes::spend_invites(&mut tx, header_id, now).await?;
    remote.site_url = Some(confirmation.site_url);
    remote.remote_team_id = confirmation.remote_team_id;
    remote.confirmed_at = Some(tx.now());
    remote.profile = confirmation.profile;
    remote.caps = confirmation.caps;
    remote.unrotated = confirmation.own_token.is_none();
    remotes::update(&mut tx, &remote).await?;
    changed(&mut tx, header_id);
    let about = About {
        action: "connection_accepted_by_peer",
        remote: Some(remote.id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(&mut tx, about)?;
    tx.commit().await?;
    Ok((remote, true))
}

/// Looks at a code's token before anything of the request's body is read.
///
/// # Errors
/// [`ConfirmError::Unknown`] or [`ConfirmError::Store`].
pub async fn check_code(app: &App, code_token: &str) -> Result<RemoteId, ConfirmError> {
    let hash = app.keys.hash_token(code_token);
    let mut view = app.db.read(app.clock.now()).await?;
    let invite = remotes::get_invite(&mut view, &hash).await?.ok_or(ConfirmError::Unknown)?;
    Ok(invite.remote_id)
}

/// Who calls: the connection `id`, if `token` is what its peer must present. None in every other case, so that all
/// refusals are alike (ruling 17). A peer that uses its token before its confirmation was answered is let in: only
/// who has opened our confirmation knows it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn authenticate(app: &App, id: &str, token: &str) -> Result<Option<RemoteActor>, StoreError> {
    let hash = app.keys.hash_token(token);
    let Ok(id) = RemoteId::parse(id) else { return Ok(None) };
    let mut view = app.db.read(app.clock.now()).await?;
    let remote = remotes::get(&mut view, &id).await?;
    let secrets = remotes::secrets(&mut view, &id).await?;
    // The comparison is made in any case, so that an unknown id takes as long as a wrong token.
    let expected = secrets.map(|secrets| secrets.token_hash).unwrap_or_default();
    let equal: bool = expected.as_bytes().ct_eq(hash.as_bytes()).into();
    let live = remote.filter(|remote| equal && remote.delete_at.is_none() && remote.site_url.is_some());
    Ok(live.map(RemoteActor::new))
}

/// What we present to a live peer.
///
/// # Errors
/// [`StoreError`]; None if there is nothing to present any more (INV-11).
pub async fn peer_token(app: &App, id: &RemoteId) -> Result<Option<(RemoteCluster, String)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let remote = remotes::get(&mut view, id).await?.filter(|remote| remote.delete_at.is_none());
    let secrets = remotes::secrets(&mut view, id).await?;
    let (Some(remote), Some(secrets)) = (remote, secrets) else { return Ok(None) };
    if secrets.remote_token.is_empty() {
        return Ok(None);
    }
    match app.keys.unseal(&secrets.remote_token) {
        Ok(token) => Ok(Some((remote, token))),
        Err(error) => Err(StoreError::Corrupt(error.to_string())),
    }
}

/// All connections, for those who may look.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &SessionUser, ended: bool) -> Result<Vec<RemoteCluster>, Error> {
    require_reader(actor)?;
    Ok(remotes::list(&mut app.db.read(app.clock.now()).await?, ended).await?)
}

/// One connection, ended or not, for those who may look.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<RemoteCluster, Error> {
    require_reader(actor)?;
    let found = remotes::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(found.ok_or(Denied::Absent("connection"))?)
}

/// All connections that have not ended, for the federation service.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_live(app: &App) -> Result<Vec<RemoteCluster>, StoreError> {
    remotes::list(&mut app.db.read(app.clock.now()).await?, false).await
}

/// A connection as members of a channel shared over it may know it.
///
/// # Errors
/// [`Error::Denied`]: absent for everybody else, so that existence is not revealed (behaviour 4.2).
pub async fn info(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<RemoteCluster, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let absent = || Error::from(Denied::Absent("connection"));
    let remote = remotes::get(&mut view, id).await?.ok_or_else(absent)?;
    let knows = require_reader(actor).is_ok() || remotes::shares_channel_with(&mut view, id, &actor.user_id).await?;
    if knows { Ok(remote) } else { Err(absent()) }
}

/// The name of a destination team, for tables.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn team_name(app: &App, id: &TeamId) -> Result<Option<String>, StoreError> {
    Ok(teams::get(&mut app.db.read(app.clock.now()).await?, id).await?.map(|team| team.display_name))
}

/// When the newest code of a pending connection runs out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn invitation_expiry(app: &App, id: &RemoteId) -> Result<Option<Millis>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(remotes::newest_invite(&mut view, id).await?.map(|invite| invite.expires_at))
}

/// Changes what only we call it, or where its copies go.
///
/// # Errors
/// [`Error`].
pub async fn update(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
    display_name: Option<String>,
    team: Option<TeamId>,
) -> Result<RemoteCluster, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Denied::Absent("connection").into());
    }
    if let Some(name) = display_name {
        if name.chars().count() > 64 {
            return Err(Error::TooLong { field: "display name", max: 64 });
        }
        remote.display_name = if name.trim().is_empty() { remote.name.clone() } else { name };
    }
    if let Some(team) = team {
        remote.default_team_id = destination(&mut tx, Some(&team)).await?;
    }
    remotes::update(&mut tx, &remote).await?;
    note(&mut tx, actor, "update_connection", &remote)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(remote)
}

/// What a removal did.
pub struct Removal {
    /// The connection as it is now.
    pub remote: RemoteCluster,
    /// Channels that were shared over it.
    pub channels: Vec<Channel>,
    /// The credential with which the peer may still be told, from memory only (ruling 8.5).
    pub last_token: Option<String>,
}

/// Removes a connection: tokens destroyed, shares ended, its people inactive, all at once. Nothing is deleted (SC-049, SC-050).
///
/// # Errors
/// [`Error::Ended`] names when and by whom.
pub async fn remove(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<Removal, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let last_token = peer_token(app, id).await?.map(|(_, token)| token);
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    note(&mut tx, actor, "remove_connection", &remote)?;
    let (remote, channels) = end(app, &mut tx, remote, Some(actor.user_id)).await?;
    tx.commit().await?;
    Ok(Removal { remote, channels, last_token })
}

/// The peer says that it has removed the connection (ruling 8.5).
///
/// # Errors
/// [`Error::Store`].
pub async fn sever(app: &App, actor: &RemoteActor) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, &actor.id()).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Ok(remote);
    }
    let about = About { action: "connection_removed_by_peer", result: "ok", detail: &remote.name, ..About::default() };
    audit::by_remote(&mut tx, actor, about)?;
    let (remote, _) = end(app, &mut tx, remote, None).await?;
    tx.commit().await?;
    Ok(remote)
}

async fn end(
    app: &App,
    tx: &mut Tx,
    mut remote: RemoteCluster,
    by: Option<UserId>,
) -> Result<(RemoteCluster, Vec<Channel>), StoreError> {
    let reason = if by.is_some() { shares::Ending::RemovedHere } else { shares::Ending::RemovedThere };
    let channels = shares::end_all_of(app, tx, &remote, reason).await?;
    let now = tx.now();
    for user in users::deactivate_of_remote(tx, &remote.id, now).await? {
        tx.record(Scope::Server, Origin::Remote(remote.id), DomainEvent::UserUpdated { user });
    }
    remote.delete_at = Some(now);
    remote.severed = by.is_none();
    remote.deleted_by = by;
    remote.interrupted_at = None;
    remote.failing_since = None;
    remotes::update(tx, &remote).await?;
    let none = Secrets { token_hash: String::new(), remote_token: String::new(), confirmation: String::new() };
    remotes::set_secrets(tx, &remote.id, &none).await?;
    remotes::delete_invites(tx, &remote.id).await?;
    outbox::delete_cursor(tx, &consumer(&remote.id)).await?;
    outbox::forget(tx, &remote.id, None).await?;
    changed(tx, &remote.id);
    Ok((remote, channels))
}

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
    let Some(before) = remotes::lock(&mut tx, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(None);
    };
    let mut remote = before.clone();
    let now = tx.now();
    if contact.pinged {
        remote.last_ping_at = Some(now);
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
        return Ok(Some(remote));
    }
    remotes::update(&mut tx, &remote).await?;
    let was = before.is_online(Millis(now.0 - 1), offline_after);
    if was != remote.is_online(now, offline_after) || before.profile != remote.profile {
        changed(&mut tx, id);
    }
    tx.commit().await?;
    Ok(Some(remote))
}

/// Gives what earlier connections to the same site owned to this one: the same people, the same copies (E-021). Called
/// only after our own ping over the new connection has been answered at that site: an address in a payload is a claim.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rehome(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    let Some(site) = remote.site_url.as_deref() else { return Ok(()) };
    let earlier = remotes::list_ended_at(&mut tx, site).await?;
    if earlier.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    for old in earlier {
        for user in remotes::rehome(&mut tx, &old.id, id, now).await? {
            tx.record(Scope::Server, Origin::Remote(*id), DomainEvent::UserUpdated { user });
        }
    }
    let about = About {
        action: "connection_rehomed",
        remote: Some(*id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(&mut tx, about)?;
    tx.commit().await
}
