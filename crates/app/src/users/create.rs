//! Making an account.

use std::collections::BTreeMap;

use rialto_model::event::Preference;
use rialto_model::user::default_notify_props;
use rialto_model::{DomainEvent, Millis, Origin, Permission, Scope, User, UserId};
use rialto_store::{Tx, installation, teams as team_rows, users};

use super::{Error, profile};
use crate::access::SessionUser;
use crate::{App, passwords, preferences, teams};

/// Roles of the very first account (ruling 71), and of all others.
const FIRST_ROLES: &str = "system_admin system_user";
const ROLES: &str = "system_user";

/// A request for an account. Id, roles and times are not the requester's to give.
#[derive(Clone, Default)]
pub struct NewUser {
    /// In any case; kept in lower case.
    pub username: String,
    /// In any case; kept in lower case.
    pub email: String,
    /// The password.
    pub password: String,
    /// Shown name.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Job title.
    pub position: String,
    /// Language tag; empty for English.
    pub locale: String,
    /// Time zones.
    pub timezone: BTreeMap<String, String>,
    /// Notification settings; the defaults if empty.
    pub notify_props: BTreeMap<String, String>,
}

/// Makes an account. The first one on a server administers it; of two first ones at once one does (ruling 71). After
/// that `actor` must administer accounts, the server must be open, or `invite` must be a team's invitation, which the
/// new person then joins.
///
/// # Errors
/// [`Error`].
pub async fn create(app: &App, actor: Option<&SessionUser>, invite: Option<&str>, new: NewUser) -> Result<User, Error> {
    let settings = app.settings.get();
    let administers = actor.is_some_and(|actor| actor.may(Permission::ManageSystem));
    if !settings.enable_user_creation && !administers {
        return Err(Error::CreationDisabled);
    }
    // Looked at first, so that strangers cannot make a closed server compute hashes.
    let mut view = app.db.read(app.clock.now()).await?;
    let is_first = users::none_exist(&mut view).await?;
    let team = match invite {
        Some(invite) => Some(team_rows::get_by_invite_id(&mut view, invite).await?.ok_or(Error::BadInvitation)?),
        None => None,
    };
    drop(view);
    if !is_first && !administers && team.is_none() && !settings.enable_open_server {
        return Err(Error::NotOpen);
    }
    passwords::check(&settings, &new.password)?;
    let mut user = draft(app, &new);
    profile::check(&user)?;
    let hash = app.passwords.hash(&app.ids, &new.password).await?;

    let mut tx = app.db.begin(app.clock.now()).await?;
    (user.create_at, user.update_at, user.last_password_update) = (tx.now(), tx.now(), tx.now());
    if is_first {
        installation::lock(&mut tx).await?;
        if users::none_exist(&mut tx).await? {
            user.roles = FIRST_ROLES.to_owned();
        } else if !administers && team.is_none() && !settings.enable_open_server {
            // Somebody else was first, and closed the server behind them.
            return Err(Error::NotOpen);
        }
    }
    insert(&mut tx, &user, &hash).await?;
    if let Some(team) = &team {
        teams::enter(app, &mut tx, team, &user).await.map_err(|error| Error::Team(Box::new(error)))?;
    }
    tx.commit().await?;
    Ok(user)
}

async fn insert(tx: &mut Tx, user: &User, hash: &str) -> Result<(), Error> {
    users::insert(tx, user, hash).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserCreated { user: user.id });
    let own = |category: &str, name: &str, value: &str| Preference {
        user_id: user.id,
        category: category.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let first = vec![
        own("recommended_next_steps", "hide", "false"),
        own("tutorial_step", user.id.as_str(), "0"),
        own("system_notice", "GMasDM", "true"),
    ];
    preferences::write(tx, &user.id, first).await?;
    Ok(())
}

/// An account as somebody wants it, not checked; times and roles are for the caller to set.
pub(crate) fn draft(app: &App, new: &NewUser) -> User {
    let text = |text: &str| text.trim().to_owned();
    User {
        id: app.ids.id(UserId::from_random),
        create_at: Millis(0),
        update_at: Millis(0),
        delete_at: None,
        username: new.username.trim().to_lowercase(),
        email: new.email.trim().to_lowercase(),
        email_verified: false,
        nickname: text(&new.nickname),
        first_name: text(&new.first_name),
        last_name: text(&new.last_name),
        position: text(&new.position),
        roles: ROLES.to_owned(),
        locale: if new.locale.is_empty() { "en".to_owned() } else { new.locale.clone() },
        timezone: if new.timezone.is_empty() { default_timezone() } else { new.timezone.clone() },
        props: BTreeMap::new(),
        notify_props: if new.notify_props.is_empty() { default_notify_props() } else { new.notify_props.clone() },
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot: false,
        bot_description: String::new(),
        last_password_update: Millis(0),
        picture_at: Millis(0),
    }
}

fn default_timezone() -> BTreeMap<String, String> {
    [("useAutomaticTimezone", "true"), ("automaticTimezone", ""), ("manualTimezone", "")]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
