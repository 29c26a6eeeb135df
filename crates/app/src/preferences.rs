//! Settings of one person, kept for their clients. Any category and name is kept. Source: client-api 5.2 and 10.

use rialto_model::event::Preference;
use rialto_model::{DomainEvent, Origin, Permission, PostId, Scope, UserId};
use rialto_store::{Snapshot, StoreError, Tx, posts, preferences};

use crate::App;
use crate::access::{self, Denied, SessionUser};

/// Settings in one call at most.
const MAX_AT_ONCE: usize = 100;
/// Bytes of a category or name.
const MAX_NAME: usize = 32;
/// Characters of a value.
const MAX_VALUE: usize = 20_000;
/// The category whose names are ids of saved posts.
const SAVED_POSTS: &str = "flagged_post";

/// Why settings were not kept or found.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// None, or more than a hundred.
    #[error("needs 1 to {MAX_AT_ONCE} preferences")]
    Count,
    /// Category, name or value too long, or no category.
    #[error("a preference is too long or has no category")]
    Form,
    /// Somebody else's setting in the list.
    #[error("a preference belongs to somebody else")]
    OtherPerson,
    /// No such setting.
    #[error("no such preference")]
    Absent,
    /// Somebody else's settings, or a saved post that may not be read.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn own_or_administered(actor: &SessionUser, user: &UserId) -> Result<(), Denied> {
    if actor.user_id == *user { Ok(()) } else { actor.require(Permission::EditOtherUsers) }
}

/// All settings of a person.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn list(app: &App, actor: &SessionUser, user: &UserId) -> Result<Vec<Preference>, Error> {
    own_or_administered(actor, user)?;
    Ok(preferences::list(&mut app.db.read(app.clock.now()).await?, user, None).await?)
}

/// The settings of one category.
///
/// # Errors
/// [`Error::Absent`] if there is none; otherwise as [`list`].
pub async fn list_category(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    category: &str,
) -> Result<Vec<Preference>, Error> {
    own_or_administered(actor, user)?;
    let list = preferences::list(&mut app.db.read(app.clock.now()).await?, user, Some(category)).await?;
    if list.is_empty() { Err(Error::Absent) } else { Ok(list) }
}

/// One setting.
///
/// # Errors
/// [`Error::Absent`] if it was never set; otherwise as [`list`].
pub async fn get(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    category: &str,
    name: &str,
) -> Result<Preference, Error> {
    let list = list_category(app, actor, user, category).await?;
    list.into_iter().find(|preference| preference.name == name).ok_or(Error::Absent)
}

fn check(user: &UserId, list: &[Preference]) -> Result<(), Error> {
    if list.is_empty() || list.len() > MAX_AT_ONCE {
        return Err(Error::Count);
    }
    for preference in list {
        if preference.user_id != *user {
            return Err(Error::OtherPerson);
        }
        let fits = !preference.category.is_empty()
            && preference.category.len() <= MAX_NAME
            && preference.name.len() <= MAX_NAME
            && preference.value.chars().count() <= MAX_VALUE;
        if !fits {
            return Err(Error::Form);
        }
    }
    Ok(())
}

/// Sets 1 to 100 settings of a person. Only those that change are written and recorded.
///
/// # Errors
/// [`Error`]; nothing is kept then.
pub async fn set(app: &App, actor: &SessionUser, user: &UserId, list: Vec<Preference>) -> Result<(), Error> {
    own_or_administered(actor, user)?;
    check(user, &list)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    for preference in list.iter().filter(|preference| preference.category == SAVED_POSTS) {
        may_save(&mut tx, actor, &preference.name).await?;
    }
    write(&mut tx, user, list).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes settings and records those that changed, inside a transaction that may have another purpose.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write(tx: &mut Tx, user: &UserId, mut list: Vec<Preference>) -> Result<(), StoreError> {
    let known = preferences::list(tx, user, None).await?;
    list.retain(|preference| !known.contains(preference));
    for preference in &list {
        preferences::set(tx, preference).await?;
    }
    if !list.is_empty() {
        let event = DomainEvent::PreferencesChanged { user: *user, preferences: list };
        tx.record(Scope::User(*user), Origin::Local, event);
    }
    Ok(())
}

/// A saved post is named by its id; saving one must not tell whether a post one cannot read exists.
async fn may_save(view: &mut Snapshot, actor: &SessionUser, post: &str) -> Result<(), Error> {
    let denied = Denied::Forbidden(Permission::ReadChannelContent);
    let id = PostId::parse(post).map_err(|_| Error::Form)?;
    let post = posts::get(view, &id).await?.ok_or(Error::Denied(denied.clone()))?;
    access::readable_channel(view, actor, &post.channel_id).await.map_err(|error| match error {
        Denied::Store(error) => Error::Store(error),
        Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) | Denied::Paused => {
            Error::Denied(denied)
        }
    })?;
    Ok(())
}

/// Removes settings; those that were never set are passed over.
///
/// # Errors
/// [`Error`]; nothing is removed then.
pub async fn delete(app: &App, actor: &SessionUser, user: &UserId, list: Vec<Preference>) -> Result<(), Error> {
    own_or_administered(actor, user)?;
    check(user, &list)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    forget(&mut tx, user, list).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes settings and records those that were there, inside a transaction that may have another purpose.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn forget(tx: &mut Tx, user: &UserId, list: Vec<Preference>) -> Result<(), StoreError> {
    let mut gone = Vec::new();
    for mut preference in list {
        if preferences::delete(tx, user, &preference.category, &preference.name).await? {
            preference.value = String::new();
            gone.push(preference);
        }
    }
    if !gone.is_empty() {
        let event = DomainEvent::PreferencesDeleted { user: *user, preferences: gone };
        tx.record(Scope::User(*user), Origin::Local, event);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{both, events_of, join};

    fn preference(user: UserId, category: &str, name: &str, value: &str) -> Preference {
        Preference { user_id: user, category: category.into(), name: name.into(), value: value.into() }
    }

    #[tokio::test]
    async fn only_what_changes_is_recorded() {
        both(|app| async move {
            let (user, actor) = join(&app, "alice").await;
            let (one, other) = (preference(user.id, "any", "one", "1"), preference(user.id, "any", "other", "2"));
            set(&app, &actor, &user.id, vec![one.clone()]).await.unwrap();
            let before = events_of(&app).await.len();
            set(&app, &actor, &user.id, vec![one.clone()]).await.unwrap();
            set(&app, &actor, &user.id, vec![one.clone(), other.clone()]).await.unwrap();
            let changed = DomainEvent::PreferencesChanged { user: user.id, preferences: vec![other.clone()] };
            assert_eq!(events_of(&app).await[before..], [changed]);
            delete(&app, &actor, &user.id, vec![one, preference(user.id, "any", "never", "")]).await.unwrap();
            assert_eq!(list_category(&app, &actor, &user.id, "any").await.unwrap(), [other]);
        })
        .await;
    }

    #[tokio::test]
    async fn settings_are_ones_own_and_bounded() {
        both(|app| async move {
            let (_, admin) = join(&app, "admin").await;
            let (bob, bobs) = join(&app, "bob").await;
            let (eve, _) = join(&app, "eve").await;
            let of_eve = preference(eve.id, "any", "one", "1");
            assert!(matches!(set(&app, &bobs, &eve.id, vec![of_eve.clone()]).await, Err(Error::Denied(_))));
            assert!(matches!(set(&app, &bobs, &bob.id, vec![of_eve.clone()]).await, Err(Error::OtherPerson)));
            assert!(matches!(list(&app, &bobs, &eve.id).await, Err(Error::Denied(_))));
            set(&app, &admin, &eve.id, vec![of_eve]).await.unwrap();
            let long = preference(bob.id, "any", "one", &"x".repeat(20_001));
            assert!(matches!(set(&app, &bobs, &bob.id, vec![long]).await, Err(Error::Form)));
            assert!(matches!(set(&app, &bobs, &bob.id, Vec::new()).await, Err(Error::Count)));
            assert!(matches!(get(&app, &bobs, &bob.id, "any", "one").await, Err(Error::Absent)));
        })
        .await;
    }

    #[tokio::test]
    async fn saving_a_post_does_not_tell_whether_it_exists() {
        both(|app| async move {
            let (bob, bobs) = join(&app, "bob").await;
            let nowhere = app.ids.id(PostId::from_random);
            let saved = preference(bob.id, SAVED_POSTS, nowhere.as_str(), "true");
            assert!(matches!(set(&app, &bobs, &bob.id, vec![saved]).await, Err(Error::Denied(Denied::Forbidden(_)))));
        })
        .await;
    }
}
