//! Posts: writing, editing, deleting, pinning, reading; and applying those of peers.

use rialto_model::{Channel, ChannelId, DomainEvent, Millis, Origin, Permission, Post, PostId, Scope, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, posts, users as user_rows};

use crate::access::{self, ChannelAccess, Denied, SessionUser};
use crate::{App, mentions};

/// Why something about a post was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Archived channels take no posts.
    #[error("the channel is archived")]
    Archived,
    /// The thread's first post is not there, in another channel, or a reply itself.
    #[error("no such thread")]
    Root,
    /// More characters than the server allows.
    #[error("longer than {max} characters")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Neither text nor anything else.
    #[error("nothing to say")]
    Empty,
    /// `props` is no object, or too large.
    #[error("unusable props")]
    Props,
    /// A type only the server writes.
    #[error("a post of this type cannot be made by people")]
    Kind,
    /// Only the author edits, and of another server's author nobody (behaviour 4.4.4).
    #[error("only the author may edit")]
    NotAuthor,
    /// The time in which an author may edit is over.
    #[error("too late to edit")]
    TooLate,
    /// The server's own messages do not change.
    #[error("a system message")]
    SystemPost,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Characters of JSON `props` may have (client-api 10).
pub const MAX_PROPS: usize = 800_000;

/// A post somebody writes.
#[derive(Debug, Clone, Default)]
pub struct NewPost {
    /// The text, Markdown.
    pub message: String,
    /// In which thread.
    pub root_id: Option<PostId>,
    /// `""`, `me` or `custom_...`.
    pub kind: String,
    /// A JSON object as text; empty for none.
    pub props: String,
    /// The client's name for it: the same again answers the first post.
    pub pending_post_id: String,
}

/// Writes a post. Records [`DomainEvent::PostCreated`].
///
/// # Errors
/// [`Error`]; nothing is written then. Source: API v4 `POST /posts`, SC-063, SC-067.
pub async fn create(app: &App, actor: &SessionUser, channel: &ChannelId, new: NewPost) -> Result<Post, Error> {
    let max = app.settings.get().max_post_size;
    if new.message.trim().is_empty() && new.props.len() <= 2 {
        return Err(Error::Empty);
    }
    if new.message.chars().count() > max {
        return Err(Error::TooLong { max });
    }
    if !(new.kind.is_empty() || new.kind == "me" || new.kind == "slack_attachment" || new.kind.starts_with("custom_")) {
        return Err(Error::Kind);
    }
    let props = checked_props(&new.props)?;

    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::channel(&mut tx, actor, channel, Permission::CreatePost).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    access::writable(&mut tx, access.channel()).await?;
    if let Some(root) = &new.root_id {
        check_root(&mut tx, channel, root).await?;
    }
    let now = tx.now();
    let post = Post {
        id: app.ids.id(PostId::from_random),
        channel_id: *channel,
        user_id: actor.user_id,
        root_id: new.root_id,
        create_at: now,
        update_at: now,
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: new.kind,
        hashtags: mentions::hashtags(&new.message),
        message: new.message,
        props,
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    let written = insert(&mut tx, &access, &post, &new.pending_post_id).await;
    let written = match written {
        Ok(()) => tx.commit().await.map_err(Error::from),
        Err(error) => {
            drop(tx);
            Err(error)
        }
    };
    match written {
        Ok(()) => Ok(post),
        // The client did not hear our first answer and asks again: one post, the same answer.
        Err(Error::Store(error)) if error.is_unique_on("pending") => {
            let mut view = app.db.read(app.clock.now()).await?;
            let first = posts::get_by_pending(&mut view, &actor.user_id, &new.pending_post_id).await?;
            first.ok_or(Error::Store(error))
        }
        Err(error) => Err(error),
    }
}

async fn insert(tx: &mut Tx, access: &ChannelAccess, post: &Post, pending: &str) -> Result<(), Error> {
    let mentioned = mentioned(tx, access.channel(), post, access.may(Permission::UseChannelMentions)).await?;
    posts::insert(tx, post, pending)?;
    record_new(tx, post, mentioned, access.origin())?;
    channel_members::count_own_post(tx, &post.channel_id, &post.user_id, post.root_id.is_none(), post.create_at)?;
    channels::count_post(tx, &post.channel_id, post.root_id.is_none(), post.create_at)?;
    Ok(())
}

/// Local members a post calls, its author excepted.
async fn mentioned(tx: &mut Tx, channel: &Channel, post: &Post, channel_wide: bool) -> Result<Vec<UserId>, StoreError> {
    let found = mentions::find(&post.message);
    let everybody = found.everybody && channel_wide;
    if found.names.is_empty() && !everybody {
        return Ok(Vec::new());
    }
    let mut people = channel_members::mentioned(tx, &channel.id, &found.names, everybody).await?;
    people.retain(|user| *user != post.user_id);
    Ok(people)
}

/// What every new message brings about besides its own row: counters of readers and of the thread, the event.
pub(crate) fn record_new(tx: &mut Tx, post: &Post, mentioned: Vec<UserId>, origin: Origin) -> Result<(), StoreError> {
    let now = tx.now();
    if let Some(root) = &post.root_id {
        posts::count_reply(tx, root, 1, post.create_at, now)?;
    }
    channel_members::count_mentions(tx, &post.channel_id, &mentioned, post.root_id.is_none(), now)?;
    tx.record(
        Scope::Channel(post.channel_id),
        origin,
        DomainEvent::PostCreated {
            post: post.id,
            channel: post.channel_id,
            owner: post.remote_id,
            mentions: mentioned,
        },
    );
    Ok(())
}

/// Whom a peer's message calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Calls<'a> {
    /// It is no news.
    Nobody,
    /// Whoever the text names.
    Text,
    /// Of those the sender named, our people in the channel; and everybody, if the text calls everybody.
    Named(&'a [UserId]),
}

impl<'a> From<&'a Option<Vec<UserId>>> for Calls<'a> {
    fn from(mentioned: &'a Option<Vec<UserId>>) -> Self {
        mentioned.as_deref().map_or(Calls::Text, Calls::Named)
    }
}

/// Counters and event for a message of a peer's person, whose readers are ours.
pub(crate) async fn record_remote(
    tx: &mut Tx,
    channel: &Channel,
    post: &Post,
    origin: Origin,
    calls: Calls<'_>,
) -> Result<(), StoreError> {
    let called = match calls {
        Calls::Nobody => Vec::new(),
        Calls::Text => mentioned(tx, channel, post, true).await?,
        Calls::Named(_) if mentions::find(&post.message).everybody => {
            channel_members::mentioned(tx, &channel.id, &[], true).await?
        }
        Calls::Named(people) => {
            let mut called = Vec::new();
            for user in people {
                let local = user_rows::get(tx, user).await?.is_some_and(|person| person.is_local());
                if local && channel_members::get(tx, &channel.id, user).await?.is_some() {
                    called.push(*user);
                }
            }
            called
        }
    };
    record_new(tx, post, called, origin)?;
    channels::count_post(tx, &post.channel_id, post.root_id.is_none(), post.create_at)
}

async fn check_root(tx: &mut Tx, channel: &ChannelId, root: &PostId) -> Result<(), Error> {
    let root = posts::get(tx, root).await?.ok_or(Error::Root)?;
    if root.channel_id != *channel || root.root_id.is_some() || root.gone_at().is_some() {
        return Err(Error::Root);
    }
    Ok(())
}

fn checked_props(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Ok("{}".to_owned());
    }
    if text.chars().count() > MAX_PROPS {
        return Err(Error::Props);
    }
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(mut map)) => {
            // Only the server says that somebody was added or whom a text highlights.
            map.remove("add_channel_member");
            Ok(serde_json::Value::Object(map).to_string())
        }
        _ => Err(Error::Props),
    }
}

/// Changes to a post; None leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct PostPatch {
    /// The text.
    pub message: Option<String>,
    /// A JSON object as text.
    pub props: Option<String>,
    /// Pinned or not.
    pub is_pinned: Option<bool>,
}

/// Edits a post of the actor's own. Records [`DomainEvent::PostEdited`] if anything changed.
///
/// # Errors
/// [`Error`]; posts of other servers' people are edited by nobody here (ruling 57).
pub async fn edit(app: &App, actor: &SessionUser, id: &PostId, patch: PostPatch) -> Result<Post, Error> {
    let settings = app.settings.get();
    if patch.message.as_ref().is_some_and(|message| message.chars().count() > settings.max_post_size) {
        return Err(Error::TooLong { max: settings.max_post_size });
    }
    let props = patch.props.as_deref().map(checked_props).transpose()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (mut post, access) = lock(&mut tx, actor, id, Permission::EditPost).await?;
    if post.is_system() {
        return Err(Error::SystemPost);
    }
    let may_edit = post.user_id == actor.user_id || access.may(Permission::EditOthersPosts);
    if post.remote_id.is_some() || !may_edit {
        return Err(Error::NotAuthor);
    }
    access::writable(&mut tx, access.channel()).await?;
    let age = tx.now().since(post.create_at) / 1000;
    if settings.post_edit_seconds >= 0 && age > settings.post_edit_seconds && patch.message.is_some() {
        return Err(Error::TooLate);
    }
    let before = post.clone();
    if let Some(message) = patch.message.filter(|message| *message != before.message) {
        if message.trim().is_empty() && post.props.len() <= 2 {
            return Err(Error::Empty);
        }
        post.hashtags = mentions::hashtags(&message);
        post.message = message;
        post.edit_at = Some(before.update_at.next_version(tx.now()));
    }
    if let Some(props) = props {
        post.props = props;
    }
    if let Some(pinned) = patch.is_pinned {
        post.is_pinned = pinned;
    }
    if post == before {
        return Ok(post);
    }
    save_edit(&mut tx, &mut post, Origin::Local).await?;
    tx.commit().await?;
    Ok(post)
}

pub(crate) async fn save_edit(tx: &mut Tx, post: &mut Post, origin: Origin) -> Result<(), StoreError> {
    post.update_at = post.update_at.next_version(tx.now());
    posts::update(tx, post).await?;
    tx.record(
        Scope::Channel(post.channel_id),
        origin,
        DomainEvent::PostEdited { post: post.id, channel: post.channel_id, owner: post.remote_id },
    );
    Ok(())
}

/// Locks a live post and obtains the right to it. Posts that are gone are absent.
async fn lock(
    tx: &mut Tx,
    actor: &SessionUser,
    id: &PostId,
    needs: Permission,
) -> Result<(Post, ChannelAccess), Error> {
    let post = posts::lock(tx, id).await?.filter(|post| post.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    let access = access::channel(tx, actor, &post.channel_id, needs).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    Ok((post, access))
}

/// Pins or unpins a post and tells the channel by the changed post.
///
/// # Errors
/// [`Error`].
pub async fn set_pinned(app: &App, actor: &SessionUser, id: &PostId, pinned: bool) -> Result<Post, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (mut post, access) = lock(&mut tx, actor, id, Permission::CreatePost).await?;
    access::writable(&mut tx, access.channel()).await?;
    if post.is_pinned != pinned {
        post.is_pinned = pinned;
        save_edit(&mut tx, &mut post, Origin::Local).await?;
        tx.commit().await?;
    }
    Ok(post)
}

/// Deletes a post and its replies. A moderator who deletes a post of another server's author hides it here only
/// (behaviour 4.4.2). Records [`DomainEvent::PostDeleted`] for each.
///
/// # Errors
/// [`Error`].
pub async fn delete(app: &App, actor: &SessionUser, id: &PostId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = posts::lock(&mut tx, id).await?.filter(|p| p.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    let own = post.user_id == actor.user_id && post.remote_id.is_none();
    let needs = if own { Permission::DeletePost } else { Permission::DeleteOthersPosts };
    let access = access::channel(&mut tx, actor, &post.channel_id, needs).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    // An author may always take back what was written while writing was allowed (behaviour 4.3).
    if !own {
        access::writable(&mut tx, access.channel()).await?;
    }
    remove(&mut tx, post, Some(actor.user_id), Origin::Local).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a post and, under a root, all replies away: deleted if `origin` owns them, hidden here if not (ruling 57).
pub(crate) async fn remove(tx: &mut Tx, post: Post, by: Option<UserId>, origin: Origin) -> Result<(), StoreError> {
    let mut gone = vec![post];
    if let Some(root) = gone.first().filter(|post| post.root_id.is_none()).map(|post| post.id) {
        gone.extend(posts::replies(tx, &root, (Millis(0), ""), i64::MAX).await?);
    }
    let root_of_reply = gone.first().and_then(|post| post.root_id);
    for mut post in gone {
        if post.gone_at().is_some() {
            continue;
        }
        let now = tx.now();
        let hidden = post.remote_id != origin.remote();
        post.update_at = post.update_at.next_version(now);
        if hidden {
            // The owner may change it later; what others hold must survive our moderation, so the text stays.
            post.hidden_at = Some(now);
        } else {
            post.delete_at = Some(now);
            post.message = String::new();
            post.hashtags = String::new();
            post.props = by.map_or("{}".to_owned(), |by| serde_json::json!({ "deleteBy": by }).to_string());
        }
        post.is_pinned = false;
        posts::update(tx, &post).await?;
        let event =
            DomainEvent::PostDeleted { post: post.id, channel: post.channel_id, owner: post.remote_id, by, hidden };
        tx.record(Scope::Channel(post.channel_id), origin, event);
    }
    if let Some(root) = root_of_reply {
        let now = tx.now();
        posts::count_reply(tx, &root, -1, Millis(0), now)?;
    }
    Ok(())
}

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
        if !readable.contains_key(&post.channel_id) {
            let may = match access::readable_channel(&mut view, actor, &post.channel_id).await {
                Ok(_) => true,
                Err(Denied::Store(error)) => return Err(error.into()),
                Err(_) => false,
            };
            readable.insert(post.channel_id, may);
        }
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

/// Part of a channel its reader may see. `deleted` only counts for administrators (ruling 69).
///
/// # Errors
/// [`Error::Denied`]; a pivot that does not exist is absent.
pub async fn window(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    window: Window,
    limit: i64,
    deleted: bool,
) -> Result<PostPage, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::readable_channel(&mut view, actor, channel).await?;
    let deleted = deleted && access.may(Permission::ManageSystem);
    let pivot = match window {
        Window::Before(id, _) | Window::After(id, _) => {
            let post = posts::get(&mut view, &id).await?.filter(|post| post.channel_id == *channel);
            Some(post.ok_or(Denied::Absent("post"))?)
        }
        Window::Page(_) | Window::Since(_) => None,
    };
    let at = pivot.as_ref().map(|post| (post.create_at, &post.id));
    let list = match (window, at) {
        (Window::Page(page), _) => posts::page(&mut view, channel, deleted, page * limit, limit).await?,
        (Window::Before(_, page), Some(at)) => {
            posts::before(&mut view, channel, at, deleted, page * limit, limit).await?
        }
        (Window::After(_, page), Some(at)) => {
            let mut newer = posts::after(&mut view, channel, at, deleted, page * limit, limit).await?;
            newer.reverse();
            newer
        }
        (Window::Since(since), _) => posts::changed_since(&mut view, channel, since, 1000).await?,
        (Window::Before(..) | Window::After(..), None) => Vec::new(),
    };
    let mut page = PostPage { posts: list, ..PostPage::default() };
    if !matches!(window, Window::Since(_)) {
        neighbours(&mut view, channel, &mut page, deleted).await?;
    }
    add_roots(&mut view, &mut page).await?;
    Ok(page)
}

/// The page around the oldest unread post of the actor: up to `before` older and `after` newer ones.
///
/// # Errors
/// [`Error::Denied`].
pub async fn around_unread(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    before: i64,
    after: i64,
) -> Result<PostPage, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    let member = channel_members::get(&mut view, channel, &actor.user_id).await?;
    let viewed = member.map_or(Millis(0), |member| member.last_viewed_at);
    let unread = posts::first_after(&mut view, channel, viewed).await?;
    let mut page = PostPage::default();
    match unread {
        None => page.posts = posts::page(&mut view, channel, false, 0, before).await?,
        Some(unread) => {
            let at = (unread.create_at, &unread.id);
            let mut newer = posts::after(&mut view, channel, at, false, 0, after - 1).await?;
            newer.reverse();
            let older = posts::before(&mut view, channel, at, false, 0, before).await?;
            page.posts = newer;
            page.posts.push(unread);
            page.posts.extend(older);
        }
    }
    neighbours(&mut view, channel, &mut page, false).await?;
    add_roots(&mut view, &mut page).await?;
    Ok(page)
}

async fn neighbours(
    view: &mut rialto_store::Snapshot,
    channel: &ChannelId,
    page: &mut PostPage,
    deleted: bool,
) -> Result<(), StoreError> {
    if let Some(newest) = page.posts.first() {
        let at = (newest.create_at, &newest.id);
        page.next = posts::after(view, channel, at, deleted, 0, 1).await?.first().map(|post| post.id);
    }
    if let Some(oldest) = page.posts.last() {
        let at = (oldest.create_at, &oldest.id);
        page.prev = posts::before(view, channel, at, deleted, 0, 1).await?.first().map(|post| post.id);
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
