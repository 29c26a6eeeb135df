//! Signing in and out, and who is behind a token.

mod cache;
#[cfg(test)]
mod tests;

use rialto_model::{
    AccessToken, DomainEvent, Millis, Origin, Permission, Recorded, Scope, Session, SessionId, User, UserId,
};
use rialto_store::{StoreError, Tx, access_tokens, sessions, users};

pub use cache::Cache;

use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::passwords::Overloaded;
use crate::{App, Settings};

/// How long an account is held after too many failures: long enough against guessing, short enough that a stranger
/// cannot lock anybody out for good (G-29).
pub const HOLD_MS: i64 = 15 * 60 * 1000;

/// Use of a session is noted, and its end moved, at most this often.
const TOUCH_MS: i64 = 5 * 60 * 1000;

/// When a personal access token ends by itself: the end of the year 9999.
pub(crate) const NEVER: Millis = Millis(253_402_300_799_000);

/// Why somebody is not signed in, or a session not ended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No password was given.
    #[error("the password is missing")]
    BlankPassword,
    /// No such account, wrong password, or an account nobody can sign in to: all alike (G-31, behaviour 4.5).
    #[error("wrong name or password")]
    BadCredentials,
    /// Too many failures; see [`HOLD_MS`].
    #[error("too many failed attempts")]
    TooManyAttempts,
    /// The password is right, the account deactivated.
    #[error("the account is deactivated")]
    Inactive,
    /// Too many people sign in at once.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// There is no such session.
    #[error("no such session")]
    Absent,
    /// Somebody else's sessions.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// Username or address, in any case.
    pub login: String,
    /// The password.
    pub password: String,
    /// Device id of a mobile app, or empty.
    pub device_id: String,
}

/// A fresh sign-in. The token exists here and with the client, nowhere else.
pub struct SignedIn {
    /// What the client presents from now on.
    pub token: String,
    /// The session.
    pub session: Session,
    /// Who.
    pub user: User,
}

/// Somebody whose token was checked.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The actor.
    pub actor: SessionUser,
    /// The session, as of the last look at the database.
    pub session: Session,
    /// It is no sign-in but a personal access token.
    by_access_token: bool,
}

/// Signs somebody in. Remote people and integrations have no password, so for them no password is right.
///
/// # Errors
/// [`Error`]. The order in which they are found out is client-api 1.2.
pub async fn sign_in(app: &App, request: SignIn) -> Result<SignedIn, Error> {
    if request.password.is_empty() {
        return Err(Error::BlankPassword);
    }
    let settings = app.settings.get();
    let login = request.login.trim().to_lowercase();
    let found = users::credentials(&mut app.db.read(app.clock.now()).await?, &login).await?;
    let Some(found) = found.filter(|found| found.user.is_local() && !found.password_hash.is_empty()) else {
        app.passwords.verify(&request.password, None).await?;
        return Err(Error::BadCredentials);
    };
    let user = found.user;
    let _turn = app.passwords.turn(&user.id).await?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    if !users::begin_attempt(&mut tx, &user.id, now, settings.max_login_attempts, HOLD_MS).await? {
        return Err(Error::TooManyAttempts);
    }
    tx.commit().await?;
    if !app.passwords.verify(&request.password, Some(&found.password_hash)).await? {
        return Err(Error::BadCredentials);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    // The account may have changed while the password was being checked.
    let current = users::get_for_update(&mut tx, &user.id).await?.ok_or(Error::BadCredentials)?;
    if current.last_password_update != user.last_password_update {
        return Err(Error::BadCredentials);
    }
    users::clear_attempts(&mut tx, &current.id).await?;
    if current.delete_at.is_some() {
        tx.commit().await?;
        return Err(Error::Inactive);
    }
    let (token, session) = start(app, &mut tx, &settings, &current, request.device_id).await?;
    tx.commit().await?;
    Ok(SignedIn { token, session, user: current })
}

async fn start(
    app: &App,
    tx: &mut Tx,
    settings: &Settings,
    user: &User,
    device_id: String,
) -> Result<(String, Session), StoreError> {
    let token = app.ids.token();
    let session = Session {
        id: app.ids.id(SessionId::from_random),
        user_id: user.id,
        create_at: tx.now(),
        expires_at: expiry(settings, tx.now()),
        csrf: app.ids.token(),
        device_id,
        last_activity_at: tx.now(),
    };
    sessions::insert(tx, &session, &app.keys.hash_token(&token)).await?;
    Ok((token, session))
}

fn expiry(settings: &Settings, now: Millis) -> Millis {
    Millis(now.0 + settings.session_hours * 60 * 60 * 1000)
}

/// Who presents `token`; None if nobody may with it. Answers from memory where it can; what ends a session or changes
/// an account ends what is remembered at once in this process, and through the log in others (INV-11).
///
/// # Errors
/// [`StoreError`].
pub async fn authenticate(app: &App, token: &str) -> Result<Option<Authenticated>, StoreError> {
    if !rialto_model::id::is_valid(token) {
        return Ok(None);
    }
    let now = app.clock.now();
    let hash = app.keys.hash_token(token);
    let found = match app.sessions.get(&hash) {
        Some(found) => found,
        None => {
            let mark = app.sessions.mark();
            let Some(found) = look_up(app, &hash).await? else { return Ok(None) };
            app.sessions.insert(mark, &hash, &found);
            found
        }
    };
    if found.session.expires_at <= now {
        return Ok(None);
    }
    if found.by_access_token {
        // Bots may always use theirs (client-api 1.2).
        let usable = found.actor.is_bot || app.settings.get().access_tokens;
        return Ok(usable.then_some(found));
    }
    if now.since(found.session.last_activity_at) > TOUCH_MS {
        return Ok(Some(touch(app, &hash, found).await));
    }
    Ok(Some(found))
}

async fn look_up(app: &App, hash: &str) -> Result<Option<Authenticated>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let (session, by_access_token) = match sessions::get_by_token(&mut view, hash).await? {
        Some(session) => (session, false),
        None => match access_tokens::get_by_token(&mut view, hash).await?.filter(|token| token.is_active) {
            Some(token) => (session_of(&token), true),
            None => return Ok(None),
        },
    };
    let user = users::get(&mut view, &session.user_id).await?;
    Ok(user.filter(|user| user.is_local() && user.delete_at.is_none()).map(|user| {
        let actor = SessionUser::new(&user, session.id);
        Authenticated { actor, session, by_access_token }
    }))
}

/// What is done with a personal access token is done in one sign-in that never ends by itself.
fn session_of(token: &AccessToken) -> Session {
    Session {
        id: token.id,
        user_id: token.user_id,
        create_at: token.create_at,
        expires_at: NEVER,
        csrf: String::new(),
        device_id: String::new(),
        last_activity_at: token.create_at,
    }
}

/// Notes that a session is in use. Failing to is no reason to refuse the request.
async fn touch(app: &App, hash: &str, mut found: Authenticated) -> Authenticated {
    let now = app.clock.now();
    found.session.last_activity_at = now;
    found.session.expires_at = expiry(&app.settings.get(), now);
    // First in memory, so that of many requests at once one writes.
    app.sessions.replace(hash, &found);
    let written = async {
        let mut tx = app.db.begin(now).await?;
        sessions::touch(&mut tx, &found.session.id, now, found.session.expires_at).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "could not note the use of a session");
    }
    found
}

/// Ends the session of `token`. Without one there is nothing to do.
///
/// # Errors
/// [`Error::Store`].
pub async fn sign_out(app: &App, token: &str) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(session) = sessions::get_by_token(&mut tx, &app.keys.hash_token(token)).await? else {
        return Ok(());
    };
    end(&mut tx, &session.user_id, &session.id).await?;
    tx.commit().await?;
    app.sessions.forget_user(&session.user_id);
    Ok(())
}

/// Ends one session; true if there was one. The caller forgets the user's sessions after its commit.
async fn end(tx: &mut Tx, user: &UserId, session: &SessionId) -> Result<bool, StoreError> {
    let gone = sessions::delete(tx, user, session).await?;
    if gone {
        let event = DomainEvent::SessionsRevoked { user: *user, session: Some(*session) };
        tx.record(Scope::User(*user), Origin::Local, event);
    }
    Ok(gone)
}

/// Somebody's sessions, newest first, expired ones left out.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn list(app: &App, actor: &SessionUser, user: &UserId) -> Result<Vec<Session>, Error> {
    own_or_administered(actor, user)?;
    let now = app.clock.now();
    let mut list = sessions::list(&mut app.db.read(now).await?, user).await?;
    list.retain(|session| session.expires_at > now);
    Ok(list)
}

/// Ends one session of somebody.
///
/// # Errors
/// [`Error::Absent`]; [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn revoke(app: &App, actor: &SessionUser, user: &UserId, session: &SessionId) -> Result<(), Error> {
    own_or_administered(actor, user)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    if !end(&mut tx, user, session).await? {
        return Err(Error::Absent);
    }
    tx.commit().await?;
    app.sessions.forget_user(user);
    Ok(())
}

/// Ends all sessions of somebody.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn revoke_all(app: &App, actor: &SessionUser, user: &UserId) -> Result<(), Error> {
    own_or_administered(actor, user)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    end_all(&mut tx, user, None).await?;
    tx.commit().await?;
    app.sessions.forget_user(user);
    Ok(())
}

/// Ends everybody's sessions, the actor's among them. Personal access tokens stay: nobody would give them again.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`. Source: API v4 `POST /users/sessions/revoke/all`.
pub async fn revoke_everybody(app: &App, actor: &SessionUser) -> Result<(), Error> {
    actor.require(Permission::ManageSystem)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let people = sessions::delete_of_everybody(&mut tx).await?;
    for user in &people {
        let event = DomainEvent::SessionsRevoked { user: *user, session: None };
        tx.record(Scope::User(*user), Origin::Local, event);
    }
    let about = About { action: "revoke_all_sessions", result: "ok", ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    people.iter().for_each(|user| app.sessions.forget_user(user));
    Ok(())
}

/// Lets somebody who failed to sign in too often try again at once.
///
/// # Errors
/// [`Error::Denied`] without `sysconsole_write_user_management_users`. Source: API v4
/// `POST /users/{user_id}/reset_failed_attempts`.
pub async fn reset_attempts(app: &App, actor: &SessionUser, user: &UserId) -> Result<(), Error> {
    actor.require(Permission::SysconsoleWriteUserManagementUsers)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    users::get(&mut tx, user).await?.ok_or(Error::Absent)?;
    users::clear_attempts(&mut tx, user).await?;
    let detail = user.to_string();
    let about = About { action: "reset_failed_attempts", result: "ok", detail: &detail, ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(())
}

/// Ends all sessions of somebody but `keep`, inside a transaction that has another purpose. The caller calls
/// [`Cache::forget_user`] after its commit.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn end_all(tx: &mut Tx, user: &UserId, keep: Option<SessionId>) -> Result<(), StoreError> {
    match keep {
        Some(keep) => {
            for session in sessions::list(tx, user).await? {
                if session.id != keep {
                    end(tx, user, &session.id).await?;
                }
            }
        }
        None if !sessions::delete_all(tx, user).await?.is_empty() || access_tokens::any_active(tx, user).await? => {
            let event = DomainEvent::SessionsRevoked { user: *user, session: None };
            tx.record(Scope::User(*user), Origin::Local, event);
        }
        None => {}
    }
    Ok(())
}

fn own_or_administered(actor: &SessionUser, user: &UserId) -> Result<(), Denied> {
    if actor.user_id == *user { Ok(()) } else { actor.require(Permission::EditOtherUsers) }
}

/// Forgets what the log says has changed, on whichever node it happened.
pub fn forget(app: &App, events: &[Recorded]) {
    for recorded in events {
        match &recorded.event {
            DomainEvent::SessionsRevoked { user, .. }
            | DomainEvent::UserUpdated { user }
            | DomainEvent::UserRolesChanged { user } => app.sessions.forget_user(user),
            _ => {}
        }
    }
}
