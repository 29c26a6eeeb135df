//! The two halves of a handshake: what the acceptor keeps, what the inviter applies. Source: wire 3.6 and 4.1.

use rialto_model::{PeerProfile, RemoteCluster, RemoteId};
use rialto_store::remotes::Secrets;
use rialto_store::{StoreError, installation, outbox, remotes};
use subtle::ConstantTimeEq;

use super::{Error, NewConnection, changed, consumer, credentials, draft, insert, note};
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::{App, notices};

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

/// Stores the acceptor's row: it must be there before the confirmation is sent, for the peer calls at once (wire 3.6).
///
/// # Errors
/// [`Error`].
pub async fn begin_acceptance(app: &App, actor: &SessionUser, acceptance: &Acceptance) -> Result<RemoteCluster, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    // One connection per pair of servers is a rule across rows, so handshakes follow each other.
    installation::lock(&mut tx).await?;
    match remotes::lock(&mut tx, &acceptance.remote_id).await? {
        // Removed before it ever was a connection: nothing is lost with it.
        Some(known) if known.delete_at.is_some() && known.confirmed_at.is_none() => {
            remotes::delete_unconfirmed(&mut tx, &known.id).await?;
        }
        Some(known) => return Err(Error::Known(Box::new(known))),
        None => {}
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

/// An acceptance that is under way takes no longer than this; what is older was interrupted, ms.
const ACCEPTING: i64 = 120_000;

/// Acceptances that were interrupted between our word and the peer's answer, so that neither a repetition nor another code
/// of the same site can succeed (E-013).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn interrupted_acceptances(app: &App) -> Result<Vec<RemoteCluster>, StoreError> {
    let now = app.clock.now();
    let live = remotes::list(&mut app.db.read(now).await?, false).await?;
    let interrupted = |remote: &RemoteCluster| {
        remote.confirmed_at.is_none() && remote.site_url.is_some() && now.since(remote.create_at) > ACCEPTING
    };
    Ok(live.into_iter().filter(interrupted).collect())
}

/// The peer turned out to hold an interrupted acceptance for done.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn settle_acceptance(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut remote) = remotes::lock(&mut tx, id).await?.filter(|remote| remote.confirmed_at.is_none()) else {
        return Ok(());
    };
    remote.confirmed_at = Some(tx.now());
    remotes::update(&mut tx, &remote).await?;
    let about = About {
        action: "accept_connection",
        remote: Some(*id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(&mut tx, about)?;
    changed(&mut tx, id);
    tx.commit().await
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
    installation::lock(&mut tx).await?;
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
        let repeated: bool = secrets.confirmation.as_bytes().ct_eq(confirmation.digest.as_bytes()).into();
        if repeated {
            return Ok((remote, false));
        }
        notices::code_used(&mut tx, &remote, &confirmation.site_url).await?;
        tx.commit().await?;
        return Err(ConfirmError::Used);
    }
    let own = confirmation.own_token.as_deref().unwrap_or(code_token);
    // "Confirming with the code's token" is refused whoever would present it (ruling 9, T-4273).
    if confirmation.peer_token.eq_ignore_ascii_case(code_token)
        || confirmation.own_token.as_ref().is_some_and(|token| token.eq_ignore_ascii_case(code_token))
        || confirmation.peer_token.eq_ignore_ascii_case(own)
    {
        return Err(ConfirmError::Token);
    }
    // Nor may a peer bring a token that opens another connection, or be known by it (ruling 9).
    for token in [own, &confirmation.peer_token] {
        if remotes::is_known_token(&mut tx, &app.keys.hash_token(token), header_id).await? {
            return Err(ConfirmError::Token);
        }
    }
    let live = remotes::list(&mut tx, false).await?;
    for other in live.iter().filter(|other| other.id != remote.id) {
        // What we present to others is sealed, so each is opened and compared.
        let known = credentials::token_of(app, &mut tx, &other.id).await?.map(|(_, token)| token).unwrap_or_default();
        let is_known = |token: &str| !known.is_empty() && bool::from(known.as_bytes().ct_eq(token.as_bytes()));
        if is_known(own) || is_known(&confirmation.peer_token) {
            return Err(ConfirmError::Token);
        }
    }
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
    notices::accepted(app, &mut tx, &remote).await?;
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
