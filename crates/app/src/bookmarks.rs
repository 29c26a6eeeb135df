//! Bookmarks of a channel: links and files that its people want at hand. They concern this server alone and do not travel.
//!
//! All changes of one channel's bookmarks follow each other under the lock of the channel, so that there are never too many
//! and their order is one. Source: client-api 5.5, 9.5 and 10.

use rialto_model::bookmark::{Bookmark, BookmarkKind, MAX_BOOKMARKS, ShownBookmark, Unusable};
use rialto_model::event::Change;
use rialto_model::{
    ChannelId, ChannelKind, ConnectionId, DomainEvent, FileId, ItemId, Millis, Origin, Permission, PostId, Scope,
};
use rialto_store::{Snapshot, StoreError, Tx, bookmarks as rows, channels, files};

use crate::App;
use crate::access::{self, Denied, SessionUser};

/// Why something about a bookmark was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Archived channels do not change.
    #[error("the channel is archived")]
    Archived,
    /// There is no such bookmark in the channel.
    #[error("no such bookmark")]
    Absent,
    /// The channel has as many as a channel may have.
    #[error("the channel has {MAX_BOOKMARKS} bookmarks")]
    TooMany,
    /// A part of it has a form it must not have.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The file is not one of the actor's that waits to be posted in the channel.
    #[error("no file for a bookmark")]
    File,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bookmark somebody makes.
#[derive(Debug, Clone)]
pub struct NewBookmark {
    /// What it leads to.
    pub kind: BookmarkKind,
    /// A file of the actor's that is not posted yet.
    pub file_id: Option<FileId>,
    /// Shown name.
    pub display_name: String,
    /// The page.
    pub link_url: String,
    /// A picture beside the name.
    pub image_url: String,
    /// An emoji beside the name.
    pub emoji: String,
}

/// Changes to a bookmark; None leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct BookmarkPatch {
    /// Another file of the actor's.
    pub file_id: Option<FileId>,
    /// Shown name.
    pub display_name: Option<String>,
    /// The page.
    pub link_url: Option<String>,
    /// A picture beside the name.
    pub image_url: Option<String>,
    /// An emoji beside the name.
    pub emoji: Option<String>,
    /// Its place.
    pub sort_order: Option<i64>,
}

/// Where a bookmark is, and whose client asks.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The channel.
    pub channel: ChannelId,
    /// The connection of the client, which is not told.
    pub from: Option<ConnectionId>,
}

/// The channel, locked, if the actor may do this to its bookmarks. Conversations have the rights of private channels.
async fn lock(
    tx: &mut Tx,
    actor: &SessionUser,
    channel: &ChannelId,
    (public, private): (Permission, Permission),
) -> Result<(), Error> {
    let locked = channels::lock(tx, channel).await?.ok_or(Denied::Absent("channel"))?;
    let needs = if locked.kind == ChannelKind::Public { public } else { private };
    let access = access::channel(tx, actor, channel, needs).await?;
    if access.channel().is_archived() { Err(Error::Archived) } else { Ok(()) }
}

/// Bookmarks of a channel its reader may see: the live ones in their order, or what changed after `since`, removed ones
/// among it.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    since: Option<Millis>,
) -> Result<Vec<ShownBookmark>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    let found = rows::list(&mut view, channel, since).await?;
    Ok(show(&mut view, found).await?)
}

/// Adds a bookmark behind the others. Records [`DomainEvent::BookmarkChanged`].
///
/// # Errors
/// [`Error`]. Source: API v4 `POST /channels/C/bookmarks`.
pub async fn add(app: &App, actor: &SessionUser, place: Place, new: NewBookmark) -> Result<ShownBookmark, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = (Permission::AddBookmarkPublicChannel, Permission::AddBookmarkPrivateChannel);
    lock(&mut tx, actor, &place.channel, needs).await?;
    let others = rows::list(&mut tx, &place.channel, None).await?;
    if others.len() >= MAX_BOOKMARKS {
        return Err(Error::TooMany);
    }
    let bookmark = Bookmark {
        id: app.ids.id(ItemId::from_random),
        channel_id: place.channel,
        owner_id: actor.user_id,
        create_at: tx.now(),
        update_at: tx.now(),
        delete_at: None,
        kind: new.kind,
        file_id: new.file_id,
        display_name: new.display_name,
        sort_order: others.last().map_or(0, |last| last.sort_order + 1),
        link_url: new.link_url,
        image_url: new.image_url,
        emoji: bare(&new.emoji),
    };
    bookmark.check()?;
    if let Some(file) = &bookmark.file_id {
        hang(&mut tx, actor, &bookmark, file).await?;
    }
    put(&mut tx, &bookmark, Change::Added, place.from).await?;
    finish(tx, bookmark).await
}

/// The name of an emoji, without the colons people write around it.
fn bare(emoji: &str) -> String {
    emoji.trim_matches(':').to_owned()
}

/// Hangs a file on a bookmark, as others are hung on a post.
async fn hang(tx: &mut Tx, actor: &SessionUser, bookmark: &Bookmark, file: &FileId) -> Result<(), Error> {
    let holder = PostId::parse(bookmark.id.as_str()).map_err(|_| Error::File)?;
    let hung = files::attach(tx, file, &holder, &actor.user_id, &bookmark.channel_id, None).await?;
    if hung { Ok(()) } else { Err(Error::File) }
}

async fn put(tx: &mut Tx, bookmark: &Bookmark, change: Change, from: Option<ConnectionId>) -> Result<(), StoreError> {
    rows::put(tx, bookmark).await?;
    let channel = bookmark.channel_id;
    let event = DomainEvent::BookmarkChanged { bookmark: bookmark.id, channel, change, from };
    tx.record(Scope::Channel(channel), Origin::Local, event);
    Ok(())
}

async fn finish(mut tx: Tx, bookmark: Bookmark) -> Result<ShownBookmark, Error> {
    let file = file_of(&mut tx, &bookmark).await?;
    tx.commit().await?;
    Ok(ShownBookmark { bookmark, file })
}

/// A live bookmark of the channel.
async fn get(tx: &mut Tx, channel: &ChannelId, id: &ItemId) -> Result<Bookmark, Error> {
    let found = rows::get(tx, id).await?;
    found.filter(|one| one.channel_id == *channel && one.delete_at.is_none()).ok_or(Error::Absent)
}

/// Changes a bookmark. Records [`DomainEvent::BookmarkChanged`] if that changes anything.
///
/// # Errors
/// [`Error`]. Source: API v4 `PATCH /channels/C/bookmarks/B`.
pub async fn edit(
    app: &App,
    actor: &SessionUser,
    place: Place,
    id: &ItemId,
    patch: BookmarkPatch,
) -> Result<ShownBookmark, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = (Permission::EditBookmarkPublicChannel, Permission::EditBookmarkPrivateChannel);
    lock(&mut tx, actor, &place.channel, needs).await?;
    let before = get(&mut tx, &place.channel, id).await?;
    let mut bookmark = Bookmark {
        file_id: patch.file_id.or(before.file_id),
        display_name: patch.display_name.unwrap_or_else(|| before.display_name.clone()),
        link_url: patch.link_url.unwrap_or_else(|| before.link_url.clone()),
        image_url: patch.image_url.unwrap_or_else(|| before.image_url.clone()),
        emoji: patch.emoji.map_or_else(|| before.emoji.clone(), |emoji| bare(&emoji)),
        sort_order: patch.sort_order.unwrap_or(before.sort_order),
        ..before.clone()
    };
    bookmark.check()?;
    if bookmark == before {
        return finish(tx, bookmark).await;
    }
    if let Some(file) = bookmark.file_id.filter(|_| bookmark.file_id != before.file_id) {
        hang(&mut tx, actor, &bookmark, &file).await?;
        forget_file(&mut tx, &before).await?;
    }
    bookmark.update_at = before.update_at.next_version(tx.now());
    put(&mut tx, &bookmark, Change::Updated, place.from).await?;
    finish(tx, bookmark).await
}

async fn forget_file(tx: &mut Tx, bookmark: &Bookmark) -> Result<(), StoreError> {
    let now = tx.now();
    match &bookmark.file_id {
        Some(file) => files::set_deleted(tx, file, now).await,
        None => Ok(()),
    }
}

/// Removes a bookmark, and its file. Records [`DomainEvent::BookmarkChanged`].
///
/// # Errors
/// [`Error`]. Source: API v4 `DELETE /channels/C/bookmarks/B`.
pub async fn remove(app: &App, actor: &SessionUser, place: Place, id: &ItemId) -> Result<ShownBookmark, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = (Permission::DeleteBookmarkPublicChannel, Permission::DeleteBookmarkPrivateChannel);
    lock(&mut tx, actor, &place.channel, needs).await?;
    let mut bookmark = get(&mut tx, &place.channel, id).await?;
    forget_file(&mut tx, &bookmark).await?;
    bookmark.update_at = bookmark.update_at.next_version(tx.now());
    bookmark.delete_at = Some(bookmark.update_at);
    put(&mut tx, &bookmark, Change::Deleted, place.from).await?;
    finish(tx, bookmark).await
}

/// Puts a bookmark in the place `to`, counted from 0, and the others around it; answers all in their new order. Records
/// [`DomainEvent::BookmarksSorted`] if that changes anything.
///
/// # Errors
/// [`Error`]; [`Unusable`] for a place that there is not. Source: API v4 `POST /channels/C/bookmarks/B/sort_order`.
pub async fn sort(
    app: &App,
    actor: &SessionUser,
    place: Place,
    id: &ItemId,
    to: i64,
) -> Result<Vec<ShownBookmark>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = (Permission::OrderBookmarkPublicChannel, Permission::OrderBookmarkPrivateChannel);
    lock(&mut tx, actor, &place.channel, needs).await?;
    let mut all = rows::list(&mut tx, &place.channel, None).await?;
    let at = all.iter().position(|one| one.id == *id).ok_or(Error::Absent)?;
    let to = usize::try_from(to).ok().filter(|to| *to < all.len()).ok_or(Unusable("sort_order"))?;
    let moved = all.remove(at);
    all.insert(to, moved);
    let mut changed = false;
    for (order, bookmark) in (0..).zip(&mut all) {
        if bookmark.sort_order != order {
            bookmark.sort_order = order;
            bookmark.update_at = bookmark.update_at.next_version(tx.now());
            rows::put(&mut tx, bookmark).await?;
            changed = true;
        }
    }
    let shown = show(&mut tx, all).await?;
    if changed {
        let event = DomainEvent::BookmarksSorted { channel: place.channel, from: place.from };
        tx.record(Scope::Channel(place.channel), Origin::Local, event);
        tx.commit().await?;
    }
    Ok(shown)
}

async fn show(view: &mut Snapshot, found: Vec<Bookmark>) -> Result<Vec<ShownBookmark>, StoreError> {
    let ids: Vec<FileId> = found.iter().filter_map(|bookmark| bookmark.file_id).collect();
    let here = if ids.is_empty() { Vec::new() } else { files::list_by_ids(view, &ids).await? };
    let shown = found.into_iter().map(|bookmark| {
        let file = here.iter().find(|file| Some(file.id) == bookmark.file_id).cloned();
        ShownBookmark { bookmark, file }
    });
    Ok(shown.collect())
}

async fn file_of(view: &mut Snapshot, bookmark: &Bookmark) -> Result<Option<rialto_model::FileInfo>, StoreError> {
    match &bookmark.file_id {
        Some(file) => Ok(files::get(view, file).await?.filter(|file| file.delete_at.is_none())),
        None => Ok(None),
    }
}

/// A bookmark by its id, removed or not, for whoever tells of it.
pub(crate) async fn of_id(view: &mut Snapshot, id: &ItemId) -> Result<Option<ShownBookmark>, StoreError> {
    let found = rows::get(view, id).await?;
    Ok(show(view, found.into_iter().collect()).await?.into_iter().next())
}

/// The live bookmarks of a channel in their order, for whoever tells of them.
pub(crate) async fn of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<ShownBookmark>, StoreError> {
    let found = rows::list(view, channel, None).await?;
    show(view, found).await
}
