//! Long-lived credentials that people make for programs. Source: client-api 1.2, 7.5.

use rialto_model::{AccessToken, DomainEvent, Origin, Permission, Scope, SessionId, UserId};
use rialto_store::{Snapshot, StoreError, Tx, access_tokens as rows, bots as bot_rows, users};

use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::{App, bots};

/// Characters a description has at most.
const DESCRIPTION: usize = 255;

/// Why something about a token was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or none this actor may know of.
    #[error("no such token")]
    Absent,
    /// Only bots have tokens here.
    #[error("tokens are switched off")]
    Disabled,
    /// It says nothing, or too much.
    #[error("the description is empty or longer than {DESCRIPTION} characters")]
    Description,
    /// Somebody else's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<bots::Error> for Error {
    fn from(error: bots::Error) -> Self {
        match error {
            bots::Error::Store(error) => error.into(),
            bots::Error::Account(crate::users::Error::Denied(denied)) => denied.into(),
            _ => Error::Absent,
        }
    }
}

/// Demands that the actor holds `needs` for their own tokens, may change the account of a person whose token it is, or
/// looks after the bot.
async fn access(view: &mut Snapshot, actor: &SessionUser, user: &UserId, needs: Permission) -> Result<bool, Error> {
    if bot_rows::get(view, user).await?.is_some() {
        bots::managed(view, actor, user).await?;
        return Ok(true);
    }
    actor.require(needs)?;
    if actor.user_id != *user {
        actor.require(Permission::EditOtherUsers)?;
        let other = users::get(view, user).await?.filter(|other| other.is_local()).ok_or(Error::Absent)?;
        let target = rialto_model::PermissionSet::of_roles(other.system_roles());
        if target.allows(Permission::ManageSystem) {
            actor.require(Permission::ManageSystem)?;
        }
    }
    Ok(false)
}

/// Makes a token for somebody; its text is told this once.
///
/// # Errors
/// [`Error`].
pub async fn create(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    description: &str,
) -> Result<(AccessToken, String), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let for_bot = access(&mut tx, actor, user, Permission::CreateUserAccessToken).await?;
    if !for_bot && !app.settings.get().access_tokens {
        return Err(Error::Disabled);
    }
    if description.trim().is_empty() || description.chars().count() > DESCRIPTION {
        return Err(Error::Description);
    }
    let text = app.ids.token();
    let token = AccessToken {
        id: app.ids.id(SessionId::from_random),
        user_id: *user,
        description: description.to_owned(),
        is_active: true,
        create_at: tx.now(),
    };
    rows::insert(&mut tx, &token, &app.keys.hash_token(&text)).await?;
    note(&mut tx, actor, "create_access_token", &token)?;
    tx.commit().await?;
    Ok((token, text))
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, token: &AccessToken) -> Result<(), StoreError> {
    let detail = format!("{} of {}", token.id, token.user_id);
    audit::by_user(tx, actor, About { action, result: "ok", detail: &detail, ..About::default() })
}

/// One token.
///
/// # Errors
/// [`Error::Absent`], [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &SessionId) -> Result<AccessToken, Error> {
    actor.require(Permission::ReadUserAccessToken)?;
    let mut view = app.db.read(app.clock.now()).await?;
    let token = rows::get(&mut view, id).await?.ok_or(Error::Absent)?;
    access(&mut view, actor, &token.user_id, Permission::ReadUserAccessToken).await?;
    Ok(token)
}

/// Somebody's tokens, newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_of_user(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    offset: i64,
    limit: i64,
) -> Result<Vec<AccessToken>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access(&mut view, actor, user, Permission::ReadUserAccessToken).await?;
    Ok(rows::list_of_user(&mut view, user, offset, limit).await?)
}

/// Everybody's tokens, newest first; with a `term` those whose id, person's id or person's name begins with it.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`.
pub async fn list(
    app: &App,
    actor: &SessionUser,
    term: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<AccessToken>, Error> {
    actor.require(Permission::ManageSystem)?;
    Ok(rows::list(&mut app.db.read(app.clock.now()).await?, term, offset, limit).await?)
}

/// What is to become of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It can be used.
    On,
    /// It cannot be used for now.
    Off,
    /// It is no more.
    Gone,
}

/// Switches a token on or off, or ends it. What is connected with it is disconnected at once.
///
/// # Errors
/// [`Error`].
pub async fn decide(app: &App, actor: &SessionUser, id: &SessionId, fate: Fate) -> Result<(), Error> {
    let needs = match fate {
        Fate::On => Permission::CreateUserAccessToken,
        Fate::Off | Fate::Gone => Permission::RevokeUserAccessToken,
    };
    let mut tx = app.db.begin(app.clock.now()).await?;
    let found = rows::get(&mut tx, id).await?;
    // Nobody learns from the answer which tokens there are.
    let Some(token) = found else {
        actor.require(needs)?;
        return Err(Error::Absent);
    };
    access(&mut tx, actor, &token.user_id, needs).await?;
    let action = match fate {
        Fate::On => "enable_access_token",
        Fate::Off => "disable_access_token",
        Fate::Gone => "revoke_access_token",
    };
    match fate {
        Fate::Gone => rows::delete(&mut tx, id).await?,
        Fate::On | Fate::Off => drop(rows::set_active(&mut tx, id, fate == Fate::On).await?),
    }
    if fate != Fate::On {
        let event = DomainEvent::SessionsRevoked { user: token.user_id, session: Some(*id) };
        tx.record(Scope::User(token.user_id), Origin::Local, event);
    }
    note(&mut tx, actor, action, &token)?;
    tx.commit().await?;
    app.sessions.forget_user(&token.user_id);
    Ok(())
}
