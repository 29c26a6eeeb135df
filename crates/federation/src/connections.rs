//! Making, accepting and removing secure connections: the half of it that talks to the peer or works on codes.

use std::time::Duration;

use rialto_app::StoreError;
use rialto_app::access::{Denied, SessionUser};
use rialto_app::connections::{self as records, Acceptance, Confirmed, FreshInvite, NewConnection};
use rialto_app::settings::Policy;
use rialto_model::{Channel, Millis, PeerProfile, Permission, RemoteCluster, RemoteId};
use rialto_wire::federation::confirm::{Confirm, ConfirmAnswer};
use rialto_wire::federation::extension::ConnectionNote;
use rialto_wire::federation::{frame::Frame, topic};
use rialto_wire::invitation::{self, InvalidInvitation, Invitation, Kdf, OpenError};
use rialto_wire::site_url::SiteUrl;

use crate::transport::{Request, Step, TransportError};
use crate::{Federation, redirect};

/// Failed openings after which an administrator has to wait, and how long, ms.
const MAX_FAILED_OPENINGS: usize = 10;
const FAILED_OPENINGS_WINDOW: i64 = 300_000;
/// The longest password of a code, bytes (behaviour 2.2 rule 17).
const MAX_PASSWORD: usize = 256;
/// How long a peer has to answer a confirmation.
pub const CONFIRM_TIMEOUT: Duration = Duration::from_secs(15);
/// The id with which every known server refuses a code that ran out (ruling 13).
const EXPIRED: &str = "api.context.invitation_expired.error";

/// Why a connection was not made, accepted or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records do not allow it.
    #[error(transparent)]
    Record(#[from] records::Error),
    /// `ServiceSettings.SiteURL` is not set, or nothing a peer can call.
    #[error("no site URL")]
    NoSiteUrl,
    /// Shorter than `MinInvitationPasswordLength`, or empty.
    #[error("the password needs at least {0} characters")]
    PasswordTooShort(usize),
    /// Longer than a command takes.
    #[error("the password is longer than {0} bytes")]
    PasswordTooLong(usize),
    /// The code could not be made.
    #[error("the code could not be made")]
    Seal,
    /// The code does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The code opened, but holds nothing to connect with.
    #[error(transparent)]
    Content(InvalidInvitation),
    /// Too many wrong passwords; wait until then.
    #[error("too many failed attempts")]
    Throttled {
        /// When the next attempt is possible.
        until: Millis,
    },
    /// The code was made by this server (E-004).
    #[error("our own invitation")]
    Own,
    /// The peer cannot rotate its token, which `LegacyPeers` refuses (ruling 8).
    #[error("the peer cannot rotate its token")]
    Legacy,
    /// No protocol number in common (SC-031).
    #[error("incompatible protocols")]
    Incompatible {
        /// The peer's lowest and highest.
        theirs: (i64, i64),
    },
    /// No answer from the peer.
    #[error("{url}: {error}")]
    Unreachable {
        /// What was called.
        url: String,
        /// At which step it failed.
        error: TransportError,
    },
    /// The peer says that the code ran out.
    #[error("the invitation has expired")]
    Expired {
        /// When, as far as the code says so; by the peer's clock (ruling 12).
        at: Option<Millis>,
    },
    /// Another server answers at the address than the connection was made with (E-015).
    #[error("{url} is another server")]
    NotThePeer {
        /// What was called.
        url: String,
    },
    /// Nobody has accepted the connection yet.
    #[error("not accepted yet")]
    NotAccepted,
    /// It was probed a moment ago (ruling 8.11).
    #[error("probed a moment ago")]
    TooSoon {
        /// When it may be probed again.
        until: Millis,
    },
    /// The address leads elsewhere (E-017).
    #[error("{url} leads to {target}")]
    Redirected {
        /// What was called.
        url: String,
        /// Where it leads, for people.
        target: String,
        /// The encrypted address of the same host, which may be called instead.
        encrypted: Option<SiteUrl>,
    },
    /// The peer answered with a refusal.
    #[error("the peer refused with {status}")]
    Refused {
        /// What was called.
        url: String,
        /// HTTP status.
        status: u16,
        /// The id in Mattermost's error object, if it had one.
        id: String,
    },
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Error::Record(denied.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Record(error.into())
    }
}

/// A new code.
pub struct CreatedInvitation {
    /// The connection it is for.
    pub remote: RemoteCluster,
    /// One unbroken run of base64url.
    pub code: String,
    /// When it stops opening anything.
    pub expires_at: Millis,
    /// The address in it.
    pub site_url: String,
}

/// An accepted invitation.
pub struct Accepted {
    /// The connection.
    pub remote: RemoteCluster,
    /// Whether the peer has called us back yet; if not, nothing will arrive until it can (E-014).
    pub called_back: bool,
}

/// A removed connection.
pub struct Removed {
    /// As it is now.
    pub remote: RemoteCluster,
    /// Channels that were shared over it.
    pub channels: Vec<Channel>,
    /// Whether the peer knows; None: it cannot be told, or was never there.
    pub told: Option<bool>,
}

impl Federation {
    fn check_password(&self, password: &str) -> Result<(), Error> {
        let least = self.app.settings.get().workspaces.min_invitation_password.max(1);
        if password.chars().count() < least {
            return Err(Error::PasswordTooShort(least));
        }
        if password.len() > MAX_PASSWORD {
            return Err(Error::PasswordTooLong(MAX_PASSWORD));
        }
        Ok(())
    }

    /// Seals a code in the form every known server opens (ruling 7).
    async fn seal(&self, fresh: &FreshInvite, site: &SiteUrl, team: &str, password: &str) -> Result<String, Error> {
        let content = Invitation {
            remote_id: fresh.remote_id.to_string(),
            remote_team_id: team.to_owned(),
            site_url: site.as_str().to_owned(),
            token: fresh.token.clone(),
            refreshed_token: String::new(),
            version: 2,
            expires_at: Some(fresh.expires_at.0),
            rialto: Some(self.short_advert()),
        };
        let (salt, nonce, password) = (self.app.ids.bytes(), self.app.ids.bytes(), password.to_owned());
        let _turn = self.derivations.acquire().await.map_err(|_| Error::Seal)?;
        tokio::task::spawn_blocking(move || invitation::seal(&content, &password, Kdf::Scrypt, salt, nonce))
            .await
            .map_err(|_| Error::Seal)?
            .map_err(|_| Error::Seal)
    }

    async fn unseal(&self, code: &str, password: &str) -> Result<Invitation, Error> {
        let (code, password) = (code.to_owned(), password.to_owned());
        let _turn = self.derivations.acquire().await.map_err(|_| Error::Seal)?;
        let opened = tokio::task::spawn_blocking(move || invitation::open(&code, &password)).await;
        Ok(opened.map_err(|_| Error::Seal)??)
    }
}

/// Makes a pending connection and its code (behaviour 2.4 create). Nothing is kept unless the code exists.
///
/// # Errors
/// [`Error`].
pub async fn create_invitation(
    fed: &Federation,
    actor: &SessionUser,
    new: NewConnection,
    password: &str,
) -> Result<CreatedInvitation, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    fed.check_password(password)?;
    let site = fed.own_site().ok_or(Error::NoSiteUrl)?;
    records::check_new(&fed.app, actor, &new).await?;
    let fresh = records::fresh_invite(&fed.app, fed.app.ids.id(RemoteId::from_random));
    let team = new.team.map_or_else(String::new, |team| team.to_string());
    let code = fed.seal(&fresh, &site, &team, password).await?;
    let remote = records::create(&fed.app, actor, new, &fresh).await?;
    Ok(CreatedInvitation { remote, code, expires_at: fresh.expires_at, site_url: site.as_str().to_owned() })
}

/// Makes another code for a connection nobody has accepted, and decides about those made before.
///
/// # Errors
/// [`Error`].
pub async fn renew_invitation(
    fed: &Federation,
    actor: &SessionUser,
    id: &RemoteId,
    password: &str,
    earlier: records::EarlierCodes,
) -> Result<CreatedInvitation, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    fed.check_password(password)?;
    let site = fed.own_site().ok_or(Error::NoSiteUrl)?;
    let (remote, fresh) = records::renew_invite(&fed.app, actor, id, earlier).await?;
    let team = remote.default_team_id.map_or_else(String::new, |team| team.to_string());
    let code = fed.seal(&fresh, &site, &team, password).await?;
    Ok(CreatedInvitation { remote, code, expires_at: fresh.expires_at, site_url: site.as_str().to_owned() })
}

/// Accepts a peer's invitation: opens the code, tells the peer, goes live. On any failure nothing remains here and
/// the code stays usable (behaviour 2.4 accept).
///
/// # Errors
/// [`Error`].
pub async fn accept_invitation(
    fed: &Federation,
    actor: &SessionUser,
    new: NewConnection,
    password: &str,
    code: &str,
) -> Result<Accepted, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let own = fed.own_site().ok_or(Error::NoSiteUrl)?;
    records::check_new(&fed.app, actor, &new).await?;
    check_throttle(fed, actor)?;
    let content = match fed.unseal(code, password).await {
        Err(Error::Open(OpenError::CannotDecrypt)) => {
            note_failed_opening(fed, actor);
            return Err(OpenError::CannotDecrypt.into());
        }
        other => other?,
    };
    let checked = content.check().map_err(Error::Content)?;
    let own_code = content.rialto.as_ref().is_some_and(|peer| peer.server_id == Some(fed.app.installation.server_id));
    if own_code || checked.site_url == own {
        return Err(Error::Own);
    }
    let known = records::find(&fed.app, &checked.remote_id).await?;
    if let Some(known) = known.filter(|known| known.delete_at.is_none() || known.confirmed_at.is_some()) {
        return Err(records::Error::Known(Box::new(known)).into());
    }
    if let Some(peer) = content.rialto.as_ref().filter(|peer| !peer.is_compatible()) {
        return Err(Error::Incompatible { theirs: (peer.min_protocol, peer.protocol) });
    }
    if !content.rotates() && fed.app.settings.get().workspaces.legacy_peers == Policy::Refuse {
        return Err(Error::Legacy);
    }

    let id = checked.remote_id;
    // Derived, so that a repetition after a lost answer is the same to the byte (ruling 14).
    let derive = |purpose| fed.app.keys.derive_token(purpose, &[id.as_str(), &content.token]);
    let own_token = derive("accept: inbound token");
    let refreshed = content.rotates().then(|| derive("accept: outbound token"));
    let acceptance = Acceptance {
        new,
        remote_id: id,
        site_url: checked.site_url.as_str().to_owned(),
        remote_team_id: checked.remote_team_id.map_or_else(String::new, |team| team.to_string()),
        own_token: own_token.clone(),
        peer_token: refreshed.clone().unwrap_or_else(|| content.token.clone()),
        profile: match (&content.rialto, content.version) {
            (Some(_), _) => PeerProfile::Rialto,
            (None, 3..) => PeerProfile::Mattermost11,
            (None, _) => PeerProfile::Unknown,
        },
        unrotated: refreshed.is_none(),
    };
    let exchange = Exchange {
        site: checked.site_url,
        code_token: content.token,
        own_token,
        refreshed: refreshed.unwrap_or_default(),
        own_site: own.as_str().to_owned(),
        advertise: content.rialto.is_some(),
        expires_at: content.expires_at.map(Millis),
    };
    // A task of its own: whoever asked may hang up in the middle, and half an acceptance would stand in everybody's way.
    let (owned, who) = (fed.clone(), actor.clone());
    let work = tokio::spawn(async move {
        match carry_out(&owned, &who, &acceptance, &exchange).await {
            Err(Error::Redirected { encrypted: Some(site), .. }) if site != own => {
                // A new beginning: everything is checked of that address as well.
                let acceptance = Acceptance { site_url: site.as_str().to_owned(), ..acceptance };
                carry_out(&owned, &who, &acceptance, &Exchange { site, ..exchange }).await
            }
            other => other,
        }
    });
    let remote = work.await.map_err(|_| StoreError::Failed("an acceptance broke off".to_owned()))??;
    Ok(Accepted { called_back: called_back(fed, &id).await, remote })
}

/// What is said to the peer when a code is accepted.
struct Exchange {
    site: SiteUrl,
    code_token: String,
    own_token: String,
    refreshed: String,
    own_site: String,
    advertise: bool,
    expires_at: Option<Millis>,
}

async fn carry_out(
    fed: &Federation,
    actor: &SessionUser,
    acceptance: &Acceptance,
    exchange: &Exchange,
) -> Result<RemoteCluster, Error> {
    let id = acceptance.remote_id;
    let remote = records::begin_acceptance(&fed.app, actor, acceptance).await?;
    let confirm = Confirm {
        remote_id: id.to_string(),
        remote_team_id: remote.default_team_id.map_or_else(String::new, |team| team.to_string()),
        site_url: exchange.own_site.clone(),
        token: exchange.own_token.clone(),
        refreshed_token: exchange.refreshed.clone(),
        version: 3,
        expires_at: None,
        rialto: exchange.advertise.then(|| fed.advert()),
    };
    match confirm_with(fed, &exchange.site, &id, &exchange.code_token, &acceptance.peer_token, &confirm).await {
        Ok(confirmed) => Ok(records::finish_acceptance(&fed.app, actor, &id, confirmed).await?),
        Err(error) => {
            records::abandon_acceptance(&fed.app, &id).await?;
            Err(match error {
                Error::Refused { id, .. } if id == EXPIRED => Error::Expired { at: exchange.expires_at },
                other => other,
            })
        }
    }
}

/// Finds out what became of acceptances that were interrupted, by a crash say: if the peer answers to the token it would
/// have accepted, the connection lives (ruling 15); otherwise nothing remains and the code can be tried again, which
/// succeeds also where the peer has applied it, for a repetition is the same to the byte (ruling 14).
///
/// # Errors
/// [`Error::Record`] if storage fails.
pub async fn settle_interrupted(fed: &Federation) -> Result<(), Error> {
    for remote in records::interrupted_acceptances(&fed.app).await? {
        let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
        let token = records::peer_token(&fed.app, &remote.id).await?.map(|(_, token)| token);
        let answers = match (site, token) {
            (Some(site), Some(token)) => crate::send::ping_with(fed, &site, &remote.id, &token).await.is_ok(),
            _ => false,
        };
        if answers {
            records::settle_acceptance(&fed.app, &remote.id).await?;
        } else {
            records::abandon_acceptance(&fed.app, &remote.id).await?;
        }
    }
    Ok(())
}

/// Whether the peer has reached us within a moment: it calls at once after a handshake (ruling 16).
async fn called_back(fed: &Federation, id: &RemoteId) -> bool {
    let mut contacts = fed.app.bus.contacts();
    if fed.app.bus.has_called(id) {
        return true;
    }
    let wait = async {
        while let Ok(caller) = contacts.recv().await {
            if caller == *id {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::time::timeout(Duration::from_secs(3), wait).await.is_ok()
}

fn check_throttle(fed: &Federation, actor: &SessionUser) -> Result<(), Error> {
    let now = fed.app.clock.now();
    let mut failed = fed.failed_openings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(times) = failed.get_mut(&actor.user_id) else { return Ok(()) };
    while times.front().is_some_and(|at| now.since(*at) >= FAILED_OPENINGS_WINDOW) {
        times.pop_front();
    }
    match times.front() {
        Some(first) if times.len() >= MAX_FAILED_OPENINGS => {
            Err(Error::Throttled { until: Millis(first.0 + FAILED_OPENINGS_WINDOW) })
        }
        _ => Ok(()),
    }
}

fn note_failed_opening(fed: &Federation, actor: &SessionUser) {
    let now = fed.app.clock.now();
    let mut failed = fed.failed_openings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    failed.entry(actor.user_id).or_default().push_back(now);
}

/// Sends the confirmation with the code's token. An exchange that broke off after sending is ambiguous: another Rialto
/// is asked again in the same words, a Mattermost is pinged with the token that holds if it had accepted (ruling 15).
async fn confirm_with(
    fed: &Federation,
    site: &SiteUrl,
    id: &RemoteId,
    code_token: &str,
    peer_token: &str,
    confirm: &Confirm,
) -> Result<Confirmed, Error> {
    let request = |path, topic, token: &str, payload: &Confirm| Request {
        site_url: site.clone(),
        path,
        remote_id: *id,
        token: token.to_owned(),
        body: Frame::new(
            *id,
            fed.app.ids.id(rialto_model::MessageId::from_random),
            topic,
            fed.app.clock.now(),
            payload,
        )
        .to_json(),
        timeout: CONFIRM_TIMEOUT,
    };
    let path = "/api/v4/remotecluster/confirm_invite";
    let url = site.join(path);
    let mut outcome = fed.transport.send(request(path, topic::CONFIRM, code_token, confirm)).await;
    if let Err(error) = &outcome
        && !error.surely_unsent()
    {
        if confirm.rialto.is_some() {
            outcome = fed.transport.send(request(path, topic::CONFIRM, code_token, confirm)).await;
        } else if crate::send::ping_with(fed, site, id, peer_token).await.is_ok() {
            return Ok(Confirmed::default());
        }
    }
    let answer = outcome.map_err(|error| Error::Unreachable { url: url.clone(), error })?;
    if let Some(target) = redirect::target(site, path, &answer) {
        return Err(Error::Redirected { url, target, encrypted: redirect::encrypted(site, path, &answer) });
    }
    if answer.status != 200 {
        return Err(Error::Refused { url, status: answer.status, id: error_id(&answer.body) });
    }
    let broken = || TransportError {
        step: Step::Exchange,
        detail: "the answer is not that of a chat server that shares channels".to_owned(),
    };
    let answer =
        ConfirmAnswer::decode(&answer.body).map_err(|_| Error::Unreachable { url: url.clone(), error: broken() })?;
    Ok(match answer.rialto {
        None => Confirmed::default(),
        Some(peer) => Confirmed {
            issued_token: Some(peer.token).filter(|token| rialto_model::id::is_valid(token)),
            profile: Some(PeerProfile::Rialto),
            caps: peer.advert.caps_text(),
        },
    })
}

/// The id of an error object, empty if there is none to be read.
fn error_id(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct ErrorId {
        #[serde(default)]
        id: String,
    }
    serde_json::from_slice::<ErrorId>(body).map(|error| error.id.chars().take(100).collect()).unwrap_or_default()
}

/// Removes a connection and tells the peer, as far as it can be told (SC-048 to SC-050, ruling 8.5).
///
/// # Errors
/// [`Error`].
pub async fn remove(fed: &Federation, actor: &SessionUser, id: &RemoteId) -> Result<Removed, Error> {
    let removal = records::remove(&fed.app, actor, id).await?;
    let site = removal.remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let told = match (site, removal.last_token) {
        (Some(site), Some(token)) if removal.remote.has(rialto_wire::federation::capability::CONNECTION) => {
            // Whoever asked may hang up at once; the peer is told all the same.
            let fed = fed.clone();
            let id = *id;
            Some(tokio::spawn(async move { tell_removed(&fed, site, id, token).await }).await.unwrap_or(false))
        }
        _ => None,
    };
    Ok(Removed { remote: removal.remote, channels: removal.channels, told })
}

/// Tries at once; if that fails, goes on for a minute in the background with the credential held in memory only.
async fn tell_removed(fed: &Federation, site: SiteUrl, id: RemoteId, token: String) -> bool {
    let note = ConnectionNote::Removed { at: fed.app.clock.now().0 };
    let frame = Frame::new(
        id,
        fed.app.ids.id(rialto_model::MessageId::from_random),
        topic::RIALTO_CONNECTION,
        fed.app.clock.now(),
        &note,
    );
    let request = Request {
        site_url: site,
        path: "/api/v4/remotecluster/msg",
        remote_id: id,
        token,
        body: frame.to_json(),
        timeout: Duration::from_secs(5),
    };
    let told = |answer: Result<crate::transport::Response, TransportError>| answer.is_ok_and(|a| a.status == 200);
    if told(fed.transport.send(request.clone()).await) {
        return true;
    }
    let transport = std::sync::Arc::clone(&fed.transport);
    tokio::spawn(async move {
        for _ in 0..11 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            if told(transport.send(request.clone()).await) {
                return;
            }
        }
    });
    false
}
