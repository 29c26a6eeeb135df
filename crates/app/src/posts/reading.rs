//! Reading posts: one, some, a window of a channel, a thread.

use rialto_model::{ChannelId, Millis, Permission, Post, PostId, UserId};
pub use rialto_store::posts::Listed;
use rialto_store::{StoreError, channel_members, posts, users as user_rows};

use super::Error;
use crate::App;
use crate::access::{self, Denied, SessionUser};

/// A live post its reader may see.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &PostId) -> Result<Post, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let post = posts::get(&mut view, id).await?.filter(|p| p.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    access::readable_channel(&mut view, actor, &post.channel_id).await?;
    Ok(post)
}

/// The live posts of `ids` the actor may read, in no order.
///
/// # Errors
/// [`Error::Store`].
pub async fn list_by_ids(app: &App, actor: &SessionUser, ids: &[PostId]) -> Result<Vec<Post>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = posts::list_by_ids(&mut view, ids).await?;
    let mut readable = std::collections::HashMap::new();
    for post in &found {
        let std::collections::hash_map::Entry::Vacant(place) = readable.entry(post.channel_id) else { continue };
        place.insert(match access::readable_channel(&mut view, actor, &post.channel_id).await {
            Ok(_) => true,
            Err(Denied::Store(error)) => return Err(error.into()),
            Err(_) => false,
        });
    }
    found.retain(|post| post.gone_at().is_none() && readable.get(&post.channel_id) == Some(&true));
    Ok(found)
}

/// Pinned posts of a channel its reader may see, newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn pinned(app: &App, actor: &SessionUser, channel: &ChannelId) -> Result<Vec<Post>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    Ok(posts::pinned(&mut view, channel).await?)
}

/// Which part of a channel a reader wants.
#[derive(Debug, Clone, Copy)]
pub enum Window {
    /// Page `.0` counted from the newest.
    Page(i64),
    /// Page `.1` of what is older than the post.
    Before(PostId, i64),
    /// Page `.1` of what is newer than the post.
    After(PostId, i64),
    /// Everything changed after, deleted posts included.
    Since(Millis),
}

/// Part of a channel.
#[derive(Debug, Clone, Default)]
pub struct PostPage {
    /// Newest first.
    pub posts: Vec<Post>,
    /// First posts of threads that posts of the page belong to and the page lacks.
    pub roots: Vec<Post>,
    /// The next newer post, None at the newest.
    pub next: Option<PostId>,
    /// The next older post, None at the oldest.
    pub prev: Option<PostId>,
}

/// Part of a channel its reader may see. What is gone only administrators may have listed (ruling 69).
///
/// # Errors
/// [`Error::Denied`]; a pivot that does not exist is absent.
pub async fn window(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    window: Window,
    limit: i64,
    listed: impl Into<Listed>,
) -> Result<PostPage, Error> {
    let listed = listed.into();
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::readable_channel(&mut view, actor, channel).await?;
    let listed = Listed { deleted: listed.deleted && access.may(Permission::ManageSystem), ..listed };
    let pivot = match window {
        Window::Before(id, _) | Window::After(id, _) => {
            let post = posts::get(&mut view, &id).await?.filter(|post| post.channel_id == *channel);
            Some(post.ok_or(Denied::Absent("post"))?)
        }
        Window::Page(_) | Window::Since(_) => None,
    };
    let at = pivot.as_ref().map(|post| (post.create_at, &post.id));
    let list = match (window, at) {
        (Window::Page(page), _) => posts::page(&mut view, channel, listed, page * limit, limit).await?,
        (Window::Before(_, page), Some(at)) => {
            posts::before(&mut view, channel, at, listed, page * limit, limit).await?
        }
        (Window::After(_, page), Some(at)) => {
            let mut newer = posts::after(&mut view, channel, at, listed, page * limit, limit).await?;
            newer.reverse();
            newer
        }
        (Window::Since(since), _) => posts::changed_since(&mut view, channel, since, listed.roots, 1000).await?,
        (Window::Before(..) | Window::After(..), None) => Vec::new(),
    };
    let mut page = PostPage { posts: list, ..PostPage::default() };
    if !matches!(window, Window::Since(_)) {
        neighbours(&mut view, channel, &mut page, listed).await?;
    }
    add_roots(&mut view, &mut page).await?;
    Ok(page)
}

/// The page around the oldest unread post of the actor: up to `before` older and `after` newer ones, live ones alone.
///
/// # Errors
/// [`Error::Denied`].
pub async fn around_unread(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    before: i64,
    after: i64,
    listed: Listed,
) -> Result<PostPage, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    let member = channel_members::get(&mut view, channel, &actor.user_id).await?;
    let viewed = member.map_or(Millis(0), |member| member.last_viewed_at);
    let listed = Listed { deleted: false, ..listed };
    let unread = posts::first_after(&mut view, channel, viewed, listed.roots).await?;
    let mut page = PostPage::default();
    match unread {
        None => page.posts = posts::page(&mut view, channel, listed, 0, before).await?,
        Some(unread) => {
            let at = (unread.create_at, &unread.id);
            let mut newer = posts::after(&mut view, channel, at, listed, 0, after - 1).await?;
            newer.reverse();
            let older = posts::before(&mut view, channel, at, listed, 0, before).await?;
            page.posts = newer;
            page.posts.push(unread);
            page.posts.extend(older);
        }
    }
    neighbours(&mut view, channel, &mut page, listed).await?;
    add_roots(&mut view, &mut page).await?;
    Ok(page)
}

async fn neighbours(
    view: &mut rialto_store::Snapshot,
    channel: &ChannelId,
    page: &mut PostPage,
    listed: Listed,
) -> Result<(), StoreError> {
    if let Some(newest) = page.posts.first() {
        let at = (newest.create_at, &newest.id);
        page.next = posts::after(view, channel, at, listed, 0, 1).await?.first().map(|post| post.id);
    }
    if let Some(oldest) = page.posts.last() {
        let at = (oldest.create_at, &oldest.id);
        page.prev = posts::before(view, channel, at, listed, 0, 1).await?.first().map(|post| post.id);
    }
    Ok(())
}

async fn add_roots(view: &mut rialto_store::Snapshot, page: &mut PostPage) -> Result<(), StoreError> {
    let have: std::collections::HashSet<PostId> = page.posts.iter().map(|post| post.id).collect();
    let mut wanted: Vec<PostId> = page.posts.iter().filter_map(|post| post.root_id).collect();
    wanted.sort();
    wanted.dedup();
    wanted.retain(|id| !have.contains(id));
    if !wanted.is_empty() {
        page.roots = posts::list_by_ids(view, &wanted).await?;
    }
    Ok(())
}

/// A thread: the root, then up to `limit` replies after `(at, id)`, oldest first; deleted replies as tombstones.
///
/// # Errors
/// [`Error::Denied`]. For a reply, the thread it belongs to.
pub async fn thread(
    app: &App,
    actor: &SessionUser,
    id: &PostId,
    after: Option<(Millis, PostId)>,
    limit: i64,
) -> Result<(Post, Vec<Post>, bool), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let post = posts::get(&mut view, id).await?.ok_or(Denied::Absent("post"))?;
    access::readable_channel(&mut view, actor, &post.channel_id).await?;
    let root = match post.root_id {
        Some(root) => posts::get(&mut view, &root).await?.ok_or(Denied::Absent("post"))?,
        None => post,
    };
    if root.gone_at().is_some() {
        return Err(Denied::Absent("post").into());
    }
    let start = after.as_ref().map_or((Millis(0), ""), |(at, id)| (*at, id.as_str()));
    let mut replies = posts::replies(&mut view, &root.id, start, limit.saturating_add(1)).await?;
    let more = i64::try_from(replies.len()).unwrap_or(i64::MAX) > limit;
    if more {
        replies.pop();
    }
    Ok((root, replies, more))
}

/// The authors of these posts, and everybody else clients need to show them.
///
/// # Errors
/// [`Error::Store`].
pub async fn authors(app: &App, list: &[Post]) -> Result<Vec<rialto_model::User>, Error> {
    let mut ids: Vec<UserId> = list.iter().map(|post| post.user_id).collect();
    ids.sort();
    ids.dedup();
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(user_rows::list_by_ids(&mut view, &ids).await?)
}
