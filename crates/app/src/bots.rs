//! Accounts of programs, and who looks after them. Source: client-api 7.5.

use rialto_model::{Bot, DomainEvent, Origin, Permission, Scope, User, UserId};
pub use rialto_store::bots::Find;
use rialto_store::{Snapshot, StoreError, Tx, bots as rows, users as user_rows};

use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::users::{self, NewUser, account, profile};
use crate::{App, passwords, sessions};

/// Characters a description has at most.
pub(crate) const MAX_DESCRIPTION: usize = 1_024;

/// Why something about a bot was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or none this actor may see.
    #[error("no such bot")]
    Absent,
    /// Bots are not made here.
    #[error("bots cannot be made")]
    Disabled,
    /// The description is too long.
    #[error("the description is longer than {MAX_DESCRIPTION} characters")]
    Description,
    /// Whoever is to look after it cannot.
    #[error("no such owner")]
    Owner,
    /// As with any account.
    #[error(transparent)]
    Account(#[from] users::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Error::Account(denied.into())
    }
}

/// What can be said of a bot; None leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// In any case; kept in lower case.
    pub username: Option<String>,
    /// Shown name.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// Makes a bot that the actor looks after.
///
/// # Errors
/// [`Error`].
pub async fn create(app: &App, actor: &SessionUser, new: Change) -> Result<Bot, Error> {
    actor.require(Permission::CreateBot)?;
    if !app.settings.get().bots {
        return Err(Error::Disabled);
    }
    let username = new.username.clone().unwrap_or_default();
    let draft = NewUser { email: address(&username), username, ..NewUser::default() };
    let mut user = users::draft(app, &draft);
    user.is_bot = true;
    describe(&mut user, new)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    (user.create_at, user.update_at) = (tx.now(), tx.now());
    user_rows::insert(&mut tx, &user, "").await.map_err(users::Error::from)?;
    rows::set(&mut tx, &user.id, Some(&actor.user_id)).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserCreated { user: user.id });
    note(&mut tx, actor, "create_bot", &user)?;
    tx.commit().await?;
    Ok(Bot { user, owner_id: actor.user_id })
}

fn address(username: &str) -> String {
    format!("{}@localhost", username.trim())
}

fn describe(user: &mut User, change: Change) -> Result<(), Error> {
    if let Some(name) = change.username {
        user.username = name.trim().to_lowercase();
        user.email = address(&user.username);
    }
    if let Some(name) = change.display_name {
        user.first_name = name.trim().to_owned();
    }
    if let Some(description) = change.description {
        if description.chars().count() > MAX_DESCRIPTION {
            return Err(Error::Description);
        }
        user.bot_description = description;
    }
    profile::check(user).map_err(users::Error::from)?;
    Ok(())
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, user: &User) -> Result<(), StoreError> {
    audit::by_user(tx, actor, About { action, result: "ok", detail: &user.username, ..About::default() })
}

/// A bot, one that is switched off only if asked for.
///
/// # Errors
/// [`Error::Absent`], also for bots the actor may not see.
pub async fn get(app: &App, actor: &SessionUser, id: &UserId, inactive: bool) -> Result<Bot, Error> {
    let bot = rows::get(&mut app.db.read(app.clock.now()).await?, id).await?.ok_or(Error::Absent)?;
    let shown = reads(actor, &bot) && (inactive || bot.user.delete_at.is_none());
    if shown { Ok(bot) } else { Err(Error::Absent) }
}

/// Bots in the order they were made: the actor's own, or everybody's.
///
/// # Errors
/// [`Error::Account`] without `read_bots` and `read_others_bots`.
pub async fn list(app: &App, actor: &SessionUser, find: Find<'_>, offset: i64, limit: i64) -> Result<Vec<Bot>, Error> {
    let own = if actor.may(Permission::ReadOthersBots) {
        None
    } else {
        actor.require(Permission::ReadBots)?;
        Some(&actor.user_id)
    };
    let find = Find { owner: own, ..find };
    Ok(rows::list(&mut app.db.read(app.clock.now()).await?, find, offset, limit).await?)
}

fn reads(actor: &SessionUser, bot: &Bot) -> bool {
    actor.may(Permission::ReadOthersBots) || (bot.owner_id == actor.user_id && actor.may(Permission::ReadBots))
}

/// The bot `id`, if the actor may change it.
///
/// # Errors
/// [`Error::Absent`] where there is none the actor may see.
pub(crate) async fn managed(view: &mut Snapshot, actor: &SessionUser, id: &UserId) -> Result<Bot, Error> {
    let bot = rows::get(view, id).await?.ok_or(Error::Absent)?;
    let own = bot.owner_id == actor.user_id && actor.may(Permission::ManageBots);
    if own || actor.may(Permission::ManageOthersBots) {
        return Ok(bot);
    }
    Err(if reads(actor, &bot) { Denied::Forbidden(Permission::ManageOthersBots).into() } else { Error::Absent })
}

async fn locked(tx: &mut Tx, actor: &SessionUser, id: &UserId) -> Result<Bot, Error> {
    user_rows::get_for_update(tx, id).await?.ok_or(Error::Absent)?;
    managed(tx, actor, id).await
}

/// Changes a bot's name or description.
///
/// # Errors
/// [`Error`].
pub async fn update(app: &App, actor: &SessionUser, id: &UserId, change: Change) -> Result<Bot, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut bot = locked(&mut tx, actor, id).await?;
    let before = bot.user.clone();
    describe(&mut bot.user, change)?;
    if bot.user == before {
        return Ok(bot);
    }
    bot.user.update_at = before.update_at.next_version(tx.now());
    user_rows::update(&mut tx, &bot.user).await.map_err(users::Error::from)?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: *id });
    note(&mut tx, actor, "update_bot", &bot.user)?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(bot)
}

/// Switches a bot on or off.
///
/// # Errors
/// [`Error`].
pub async fn set_active(app: &App, actor: &SessionUser, id: &UserId, active: bool) -> Result<Bot, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut bot = locked(&mut tx, actor, id).await?;
    if bot.user.delete_at.is_none() == active {
        return Ok(bot);
    }
    bot.user = account::activate(app, &mut tx, bot.user, active).await?;
    note(&mut tx, actor, if active { "enable_bot" } else { "disable_bot" }, &bot.user)?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(bot)
}

/// Gives a bot to somebody else to look after.
///
/// # Errors
/// [`Error::Owner`] unless that is an active person of this server.
pub async fn assign(app: &App, actor: &SessionUser, id: &UserId, owner: &UserId) -> Result<Bot, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let bot = locked(&mut tx, actor, id).await?;
    let heir = user_rows::get(&mut tx, owner).await?;
    heir.filter(|user| user.is_local() && !user.is_bot && user.delete_at.is_none()).ok_or(Error::Owner)?;
    rows::set(&mut tx, id, Some(owner)).await?;
    note(&mut tx, actor, "assign_bot", &bot.user)?;
    tx.commit().await?;
    Ok(Bot { owner_id: *owner, ..bot })
}

/// Makes a person's account a bot that the actor looks after. Whoever was signed in with it is signed out.
///
/// # Errors
/// [`Error::Account`] without `manage_system`, and for accounts that are no person's of this server.
pub async fn from_person(app: &App, actor: &SessionUser, id: &UserId) -> Result<Bot, Error> {
    actor.require(Permission::ManageSystem)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut user = user_rows::get_for_update(&mut tx, id).await?.ok_or(users::Error::Absent)?;
    if !user.is_local() || user.is_bot {
        return Err(users::Error::RemoteUser.into());
    }
    if user.id == actor.user_id {
        return Err(Denied::Forbidden(Permission::ManageSystem).into());
    }
    user.update_at = user.update_at.next_version(tx.now());
    // Without a password there is no signing in, and nothing that asks for the old one.
    user_rows::set_password(&mut tx, id, "", user.update_at).await?;
    user_rows::update(&mut tx, &user).await?;
    rows::set(&mut tx, id, Some(&actor.user_id)).await?;
    sessions::end_all(&mut tx, id, None).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: *id });
    note(&mut tx, actor, "convert_to_bot", &user)?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    user.is_bot = true;
    Ok(Bot { user, owner_id: actor.user_id })
}

/// Makes a bot a person's account that signs in with `password`.
///
/// # Errors
/// [`Error::Account`] without `manage_system`, and for passwords that are none.
pub async fn into_person(app: &App, actor: &SessionUser, id: &UserId, password: &str) -> Result<User, Error> {
    actor.require(Permission::ManageSystem)?;
    passwords::check(&app.settings.get(), password).map_err(users::Error::from)?;
    let hash = app.passwords.hash(&app.ids, password).await.map_err(users::Error::from)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut user = locked(&mut tx, actor, id).await?.user;
    user.update_at = user.update_at.next_version(tx.now());
    user.bot_description = String::new();
    user_rows::set_password(&mut tx, id, &hash, user.update_at).await?;
    user_rows::update(&mut tx, &user).await?;
    rows::set(&mut tx, id, None).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: *id });
    note(&mut tx, actor, "convert_to_user", &user)?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    user.is_bot = false;
    Ok(user)
}
