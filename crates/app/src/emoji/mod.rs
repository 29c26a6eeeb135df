//! Custom emoji: pictures to which people here have given a name. Those of peers are in [`peers`], what goes to peers in
//! [`offers`]. Source: client-api 5.6 and 10, behaviour 8.2, ruling 8.8.

pub mod offers;
pub mod peers;
#[cfg(test)]
mod peers_tests;
pub mod picture;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::emoji::{MAX_BYTES, check_custom_name};
use rialto_model::names::InvalidName;
use rialto_model::{CustomEmoji, DomainEvent, ItemId, Origin, Permission, RemoteId, Scope};
use rialto_store::{StoreError, emoji as rows};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::files::disk::Written;

/// Names one request may ask for (client-api 10).
pub const MOST_NAMES: usize = 200;
/// What a search finds at most.
const MOST_FOUND: i64 = 200;

/// Why something about an emoji was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An administrator has switched them off.
    #[error("custom emoji are switched off")]
    Off,
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not a name an emoji may have.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// There is one of that name.
    #[error("there is an emoji of that name")]
    Taken,
    /// More bytes than a picture may have.
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// More pixels than a picture may have.
    #[error("too many pixels to a side")]
    TooWide,
    /// No picture can be made of what was sent.
    #[error("no picture can be made of this")]
    NoPicture,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<picture::Unusable> for Error {
    fn from(unusable: picture::Unusable) -> Self {
        match unusable {
            picture::Unusable::TooWide => Error::TooWide,
            picture::Unusable::NoPicture => Error::NoPicture,
            picture::Unusable::Failed(error) => Error::Disk(error),
        }
    }
}

fn demand_on(app: &App) -> Result<(), Error> {
    if app.settings.get().custom_emoji { Ok(()) } else { Err(Error::Off) }
}

/// Says before any bytes are read whether the actor may give a picture this name.
///
/// # Errors
/// As [`create`], but for the picture.
pub async fn may_create(app: &App, actor: &SessionUser, name: &str) -> Result<(), Error> {
    demand_on(app)?;
    actor.require(Permission::CreateEmojis)?;
    check_custom_name(name)?;
    let mut view = app.db.read(app.clock.now()).await?;
    if rows::by_names(&mut view, [name]).await?.is_empty() { Ok(()) } else { Err(Error::Taken) }
}

/// Gives a picture a name. It is made anew from what was sent, no larger than 128 pixels to a side, and moves if it did.
/// Records [`DomainEvent::EmojiAdded`].
///
/// # Errors
/// [`Error`]; nothing is kept then. Source: API v4 `POST /emoji`.
pub async fn create<E>(
    app: &App,
    actor: &SessionUser,
    name: &str,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<CustomEmoji, Error> {
    may_create(app, actor, name).await?;
    let upload = app.ids.id(ItemId::from_random);
    let writer = app.disk.claim(&upload).ok_or(Error::NoPicture)?;
    let made = match writer.append(content, MAX_BYTES.unsigned_abs()).await {
        Ok(Written::Upto(_)) => picture::make(writer.path()).await.map_err(Error::from),
        Ok(Written::TooMuch) => Err(Error::TooLarge),
        Ok(Written::BrokenOff(_)) => Err(Error::NoPicture),
        Err(error) => Err(error.into()),
    };
    app.disk.drop_upload(&upload).await?;
    let made = made?;
    let now = app.clock.now();
    let emoji = CustomEmoji {
        id: app.ids.id(ItemId::from_random),
        creator_id: actor.user_id,
        name: name.to_owned(),
        mime_type: made.mime_type.to_owned(),
        create_at: now,
        update_at: now,
        delete_at: None,
    };
    app.disk.keep_emoji(&emoji.id, &made.bytes, upload).await?;
    match insert(app, &emoji).await {
        Ok(followers) => {
            followers.into_iter().for_each(|peer| app.bus.queue_pictures(peer));
            Ok(emoji)
        }
        Err(error) => {
            app.disk.drop_emoji(&emoji.id).await?;
            Err(error)
        }
    }
}

async fn insert(app: &App, emoji: &CustomEmoji) -> Result<Vec<RemoteId>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    rows::insert(&mut tx, emoji).await.map_err(|error| match error {
        StoreError::Unique(_) => Error::Taken,
        error => error.into(),
    })?;
    let followers = rows::followers(&mut tx, &emoji.name).await?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::EmojiAdded(emoji.clone()));
    tx.commit().await?;
    Ok(followers)
}

/// Takes an emoji away: one's own, or another's with `delete_others_emojis`. Texts that name it show the name again.
/// Records [`DomainEvent::EmojiRemoved`].
///
/// # Errors
/// [`Error`]. Source: API v4 `DELETE /emoji/{id}`.
pub async fn delete(app: &App, actor: &SessionUser, id: &ItemId) -> Result<(), Error> {
    let found = get(app, id).await?;
    actor.require(Permission::DeleteEmojis)?;
    if found.creator_id != actor.user_id {
        actor.require(Permission::DeleteOthersEmojis)?;
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    if !rows::delete(&mut tx, id, now).await? {
        return Err(Denied::Absent("emoji").into());
    }
    let followers = rows::followers(&mut tx, &found.name).await?;
    let gone = CustomEmoji { update_at: now, delete_at: Some(now), ..found };
    tx.record(Scope::Server, Origin::Local, DomainEvent::EmojiRemoved(gone));
    tx.commit().await?;
    app.disk.drop_emoji(id).await?;
    followers.into_iter().for_each(|peer| app.bus.queue_pictures(peer));
    Ok(())
}

/// An emoji by its id.
///
/// # Errors
/// [`Error::Off`], [`Error::Denied`] if there is none.
pub async fn get(app: &App, id: &ItemId) -> Result<CustomEmoji, Error> {
    demand_on(app)?;
    let found = rows::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(found.ok_or(Denied::Absent("emoji"))?)
}

/// The emoji of these names that there are.
///
/// # Errors
/// [`Error::Off`].
pub async fn by_names<T: AsRef<str>>(app: &App, names: impl IntoIterator<Item = T>) -> Result<Vec<CustomEmoji>, Error> {
    demand_on(app)?;
    Ok(rows::by_names(&mut app.db.read(app.clock.now()).await?, names).await?)
}

/// A page of all emoji, by name or in the order they were made.
///
/// # Errors
/// [`Error::Off`].
pub async fn list(app: &App, by_name: bool, offset: i64, limit: i64) -> Result<Vec<CustomEmoji>, Error> {
    demand_on(app)?;
    Ok(rows::list(&mut app.db.read(app.clock.now()).await?, by_name, offset, limit).await?)
}

/// Emoji whose name holds `term`, or begins with it; in any case.
///
/// # Errors
/// [`Error::Off`].
pub async fn search(app: &App, term: &str, prefix_only: bool) -> Result<Vec<CustomEmoji>, Error> {
    demand_on(app)?;
    let mut pattern = if prefix_only { String::new() } else { "%".to_owned() };
    for c in term.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Ok(rows::search(&mut app.db.read(app.clock.now()).await?, &pattern, MOST_FOUND).await?)
}

/// The picture of an emoji and its media type.
///
/// # Errors
/// [`Error::Off`], [`Error::Denied`] if there is none.
pub async fn image(app: &App, id: &ItemId) -> Result<(String, Vec<u8>), Error> {
    let emoji = get(app, id).await?;
    let bytes = app.disk.emoji(id).await?.ok_or(Denied::Absent("emoji"))?;
    Ok((emoji.mime_type, bytes))
}
