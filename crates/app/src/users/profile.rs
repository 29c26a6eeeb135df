//! Profiles: what they may hold, and changing them. Limits: client-api 10.

use std::collections::BTreeMap;

use rialto_model::event::Preference;
use rialto_model::names::{check_emoji_name, check_username};
use rialto_model::{DomainEvent, Origin, Permission, Scope, User, UserId};
use rialto_store::{StoreError, Tx, preferences as preference_rows, users};
use serde::{Deserialize, Serialize};

use super::{Error, InvalidField};
use crate::access::{Denied, SessionUser};
use crate::{App, preferences};

/// Props that tell of a person's other server; ours alone to set (T-39839).
const RESERVED_PROPS: [&str; 3] = ["RemoteUsername", "RemoteEmail", "OriginalRemoteId"];
pub(crate) const CUSTOM_STATUS: &str = "customStatus";
const DURATIONS: [&str; 7] = ["", "thirty_minutes", "one_hour", "four_hours", "today", "this_week", "date_and_time"];
/// Custom statuses kept for choosing again.
const RECENT: usize = 5;

/// A change of a profile; what is None stays.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "fields are those of the profile")]
pub struct ProfileChange {
    pub username: Option<String>,
    pub email: Option<String>,
    pub nickname: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub position: Option<String>,
    pub locale: Option<String>,
    pub timezone: Option<BTreeMap<String, String>>,
    pub props: Option<BTreeMap<String, String>>,
    pub notify_props: Option<BTreeMap<String, String>>,
    /// Needed by people who change their own address.
    pub current_password: Option<String>,
}

/// Checks a local person's profile.
pub(crate) fn check(user: &User) -> Result<(), InvalidField> {
    check_username(&user.username).map_err(InvalidField::Username)?;
    let rules = [
        (is_plain_address(&user.email), InvalidField::Email),
        (user.nickname.chars().count() <= 64, InvalidField::Nickname),
        (user.first_name.chars().count() <= 64, InvalidField::FirstName),
        (user.last_name.chars().count() <= 64, InvalidField::LastName),
        (user.position.chars().count() <= 128, InvalidField::Position),
        (is_locale(&user.locale), InvalidField::Locale),
        (json_length(&user.timezone) <= 256, InvalidField::Timezone),
        (json_length(&user.props) <= 8_000, InvalidField::Props),
        (json_length(&user.notify_props) <= 2_000, InvalidField::NotifyProps),
    ];
    match rules.into_iter().find(|(holds, _)| !holds) {
        Some((_, field)) => Err(field),
        None => Ok(()),
    }
}

fn json_length(map: &BTreeMap<String, String>) -> usize {
    rialto_store::json_map(map).len()
}

fn is_plain_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\\\"[]@".contains(c);
    text.len() <= 128
        && !name.is_empty()
        && !host.is_empty()
        && text.chars().filter(|c| *c != '@').all(plain)
        && !host.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
}

fn is_locale(text: &str) -> bool {
    let (language, region) = text.split_once('-').map_or((text, None), |(language, region)| (language, Some(region)));
    let letters = |part: &str| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_alphabetic());
    text.len() <= 5 && letters(language) && region.is_none_or(letters)
}

/// Demands that `actor` may change `user`'s account: their own, or others' with `edit_other_users`, and that of somebody
/// who administers the system only when administering it as well. Remote people and the system account are nobody's.
pub(super) fn may_edit(app: &App, actor: &SessionUser, user: &User) -> Result<(), Error> {
    if actor.user_id != user.id {
        actor.require(Permission::EditOtherUsers)?;
        let target = rialto_model::PermissionSet::of_roles(user.system_roles());
        if target.allows(Permission::ManageSystem) {
            actor.require(Permission::ManageSystem)?;
        }
    }
    if !user.is_local() {
        return Err(Error::RemoteUser);
    }
    if user.id == app.system_user {
        return Err(Error::Denied(Denied::Forbidden(Permission::EditOtherUsers)));
    }
    Ok(())
}

/// Changes a profile. A change that changes nothing leaves no trace.
///
/// # Errors
/// [`Error`]: among them [`Error::RemoteUser`] for people of other servers, [`Error::WrongPassword`] for people who
/// change their own address without their password.
pub async fn update(app: &App, actor: &SessionUser, id: &UserId, change: ProfileChange) -> Result<User, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let user = users::get(&mut view, id).await?.ok_or(Error::Absent)?;
    may_edit(app, actor, &user)?;
    let email = change.email.as_ref().map(|email| email.trim().to_lowercase());
    if actor.user_id == *id && email.is_some_and(|email| email != user.email) {
        let hash = users::credentials(&mut view, &user.username).await?.map(|found| found.password_hash);
        drop(view);
        let password = change.current_password.as_deref().unwrap_or_default();
        let _turn = app.passwords.turn(id).await?;
        if !app.passwords.verify(password, hash.as_deref()).await? {
            return Err(Error::WrongPassword);
        }
    } else {
        drop(view);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let before = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    may_edit(app, actor, &before)?;
    let user = write(&mut tx, before, change).await?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(user)
}

async fn write(tx: &mut Tx, before: User, change: ProfileChange) -> Result<User, Error> {
    let mut user = before.clone();
    let set = |field: &mut String, new: Option<String>| {
        if let Some(new) = new {
            new.trim().clone_into(field);
        }
    };
    set(&mut user.username, change.username.map(|name| name.to_lowercase()));
    set(&mut user.email, change.email.map(|email| email.to_lowercase()));
    set(&mut user.nickname, change.nickname);
    set(&mut user.first_name, change.first_name);
    set(&mut user.last_name, change.last_name);
    set(&mut user.position, change.position);
    set(&mut user.locale, change.locale.filter(|locale| !locale.is_empty()));
    user.timezone = change.timezone.unwrap_or(user.timezone);
    user.notify_props = change.notify_props.unwrap_or(user.notify_props);
    if let Some(mut props) = change.props {
        RESERVED_PROPS.iter().for_each(|key| {
            props.remove(*key);
        });
        user.props = props;
    }
    if user == before {
        return Ok(user);
    }
    check(&user)?;
    if user.email != before.email {
        user.email_verified = false;
    }
    user.update_at = before.update_at.next_version(tx.now());
    users::update(tx, &user).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: user.id });
    Ok(user)
}

/// A text with an emoji that somebody shows beside their name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomStatus {
    /// Name of an emoji; empty for none.
    pub emoji: String,
    /// Up to 100 characters.
    pub text: String,
    /// `today`, `one_hour` and so on; empty: until cleared.
    pub duration: String,
    /// RFC 3339.
    pub expires_at: String,
}

impl CustomStatus {
    fn check(&self) -> Result<(), InvalidField> {
        let shows_something = !self.emoji.is_empty() || !self.text.is_empty();
        let valid = shows_something
            && (self.emoji.is_empty() || check_emoji_name(&self.emoji).is_ok())
            && self.text.chars().count() <= 100
            && self.expires_at.len() <= 64
            && DURATIONS.contains(&self.duration.as_str());
        if valid { Ok(()) } else { Err(InvalidField::CustomStatus) }
    }
}

/// Sets or, with None, clears somebody's custom status, and remembers it among their recent ones.
///
/// # Errors
/// [`Error`].
pub async fn set_custom_status(
    app: &App,
    actor: &SessionUser,
    id: &UserId,
    status: Option<CustomStatus>,
) -> Result<(), Error> {
    if let Some(status) = &status {
        status.check()?;
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let user = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    may_edit(app, actor, &user)?;
    let mut props = user.props.clone();
    match &status {
        Some(status) => {
            props.insert(CUSTOM_STATUS.to_owned(), serde_json::to_string(status).unwrap_or_default());
            remember(&mut tx, id, status).await?;
        }
        None => {
            props.remove(CUSTOM_STATUS);
        }
    }
    write(&mut tx, user, ProfileChange { props: Some(props), ..ProfileChange::default() }).await?;
    tx.commit().await?;
    Ok(())
}

/// Category and name of the setting that holds a person's recent custom statuses, as clients know it.
const RECENT_SETTING: (&str, &str) = ("custom_status", "recent_custom_statuses");

async fn recent(tx: &mut Tx, id: &UserId) -> Result<Vec<CustomStatus>, StoreError> {
    let known = preference_rows::list(tx, id, Some(RECENT_SETTING.0)).await?;
    let known = known.into_iter().find(|preference| preference.name == RECENT_SETTING.1);
    Ok(known.and_then(|preference| serde_json::from_str(&preference.value).ok()).unwrap_or_default())
}

async fn keep_recent(tx: &mut Tx, id: &UserId, recent: &[CustomStatus]) -> Result<(), StoreError> {
    let preference = Preference {
        user_id: *id,
        category: RECENT_SETTING.0.to_owned(),
        name: RECENT_SETTING.1.to_owned(),
        value: serde_json::to_string(recent).unwrap_or_default(),
    };
    preferences::write(tx, id, vec![preference]).await
}

async fn remember(tx: &mut Tx, id: &UserId, status: &CustomStatus) -> Result<(), StoreError> {
    let mut list = recent(tx, id).await?;
    list.retain(|other| (&other.emoji, &other.text) != (&status.emoji, &status.text));
    list.insert(0, status.clone());
    list.truncate(RECENT);
    keep_recent(tx, id, &list).await
}

/// Takes a custom status out of the recent ones.
///
/// # Errors
/// [`Error`].
pub async fn forget_recent_status(
    app: &App,
    actor: &SessionUser,
    id: &UserId,
    emoji: &str,
    text: &str,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let user = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    may_edit(app, actor, &user)?;
    let mut list = recent(&mut tx, id).await?;
    list.retain(|other| (other.emoji.as_str(), other.text.as_str()) != (emoji, text));
    keep_recent(&mut tx, id, &list).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        for (text, plain) in [
            ("a@b.example", true),
            ("admin@localhost", true),
            ("", false),
            ("a@", false),
            ("@b", false),
            ("a@b@c", false),
            ("Ann <a@b.example>", false),
            ("a b@c", false),
        ] {
            assert_eq!(is_plain_address(text), plain, "{text}");
        }
    }

    #[test]
    fn locales_are_language_tags() {
        for (text, fits) in
            [("en", true), ("pt-BR", true), ("", false), ("x", false), ("en-GB-x", false), ("../", false)]
        {
            assert_eq!(is_locale(text), fits, "{text}");
        }
    }

    #[test]
    fn a_custom_status_shows_something_short() {
        let status = |emoji: &str, text: &str, duration: &str| CustomStatus {
            emoji: emoji.into(),
            text: text.into(),
            duration: duration.into(),
            expires_at: String::new(),
        };
        assert!(status("calendar", "In a meeting", "one_hour").check().is_ok());
        for bad in
            [status("", "", ""), status("a b", "x", ""), status("", &"x".repeat(101), ""), status("x", "", "ever")]
        {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
