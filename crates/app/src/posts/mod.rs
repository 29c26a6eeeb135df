//! Posts: writing, editing, deleting, pinning, reading; and applying those of peers.

mod calling;
pub mod history;
mod reading;
#[cfg(test)]
mod tests;

use calling::mentioned;
pub(crate) use calling::{Calls, keep_history, record_new, record_remote, record_unread_by_nobody};
pub use reading::{Listed, PostPage, Window, around_unread, authors, get, list_by_ids, pinned, thread, window};

use rialto_model::post::MAX_FILES;
use rialto_model::{ChannelId, DomainEvent, FileId, Millis, Origin, Permission, Post, PostId, Priority, Scope, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, post_versions, posts, priorities};

use crate::access::{self, ChannelAccess, Denied, SessionUser};
use crate::programs::buttons;
use crate::reminders::{self, Unfit};
use crate::shares::direct;
use crate::{App, files, mentions, pins, threads};

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
    /// More files than a post may carry.
    #[error("more than {MAX_FILES} files")]
    TooManyFiles,
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
    /// Only the first post of a thread has a priority, and only one of the known ones; reminders are for urgent ones.
    #[error("unusable priority")]
    Priority,
    /// The server's own messages do not change.
    #[error("a system message")]
    SystemPost,
    /// It cannot remind those it names.
    #[error(transparent)]
    Reminder(#[from] Unfit),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The prop of what an integration's account writes (client-api 7.5).
const FROM_BOT: &str = "from_bot";

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
    /// Files of the author's that are not posted yet, in order.
    pub file_ids: Vec<FileId>,
    /// The client's name for it: the same again answers the first post.
    pub pending_post_id: String,
    /// How urgent it is; None for a standard one.
    pub priority: Option<Priority>,
}

/// Writes a post. Records [`DomainEvent::PostCreated`].
///
/// # Errors
/// [`Error`]; nothing is written then. Source: API v4 `POST /posts`, SC-063, SC-067.
pub async fn create(app: &App, actor: &SessionUser, channel: &ChannelId, new: NewPost) -> Result<Post, Error> {
    let new = checked(app, new)?;
    let pending = new.pending_post_id.clone();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let written = match write(app, &mut tx, actor, channel, new).await {
        Ok(post) => tx.commit().await.map(|()| post).map_err(Error::from),
        Err(error) => {
            drop(tx);
            Err(error)
        }
    };
    match written {
        // The client did not hear our first answer and asks again: one post, the same answer.
        Err(Error::Store(error)) if error.is_unique_on("pending") => {
            // A writer sees what a neighbour has written and not yet committed; committing waits until it is durable.
            let mut tx = app.db.begin(app.clock.now()).await?;
            let first = posts::get_by_pending(&mut tx, &actor.user_id, &pending).await?;
            tx.commit().await?;
            first.ok_or(Error::Store(error))
        }
        written => written,
    }
}

/// What somebody wants to post, as far as it can be judged by itself.
pub(crate) fn checked(app: &App, new: NewPost) -> Result<NewPost, Error> {
    if new.message.trim().is_empty() && new.props.len() <= 2 && new.file_ids.is_empty() {
        return Err(Error::Empty);
    }
    well_formed(app, new)
}

/// The same for what may say nothing yet.
pub(crate) fn well_formed(app: &App, mut new: NewPost) -> Result<NewPost, Error> {
    let max = app.settings.get().max_post_size;
    if new.file_ids.len() > MAX_FILES {
        return Err(Error::TooManyFiles);
    }
    if new.message.chars().count() > max {
        return Err(Error::TooLong { max });
    }
    if !(new.kind.is_empty() || new.kind == "me" || new.kind == "slack_attachment" || new.kind.starts_with("custom_")) {
        return Err(Error::Kind);
    }
    new.props = checked_props(app, &new.props, None)?;
    new.priority = checked_priority(new.priority, new.root_id.is_some())?;
    Ok(new)
}

/// Writes a [checked] post in a transaction that may have another purpose; of no more use after an error.
pub(crate) async fn write(
    app: &App,
    tx: &mut Tx,
    actor: &SessionUser,
    channel: &ChannelId,
    new: NewPost,
) -> Result<Post, Error> {
    let access = access::channel(tx, actor, channel, Permission::CreatePost).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    if access.channel().kind.is_direct_or_group() {
        direct::resume(app, tx, access.channel(), actor).await?;
    } else {
        access::writable(app, tx, access.channel()).await?;
    }
    if new.priority.as_ref().is_some_and(|priority| priority.persistent_notifications) {
        reminders::check(app, access.channel(), &new.message)?;
    }
    let props = if actor.is_bot { marked_as_of_bot(&new.props) } else { new.props };
    let props = calling::marked_silent(props, &new.message, &access);
    if let Some(root) = &new.root_id {
        check_root(tx, channel, root).await?;
    }
    if !new.file_ids.is_empty() {
        access.require(Permission::UploadFile)?;
        // Sent again, its files hang on the first post already.
        if !new.pending_post_id.is_empty()
            && let Some(first) = posts::get_by_pending(tx, &actor.user_id, &new.pending_post_id).await?
        {
            return Ok(first);
        }
    }
    let now = tx.now();
    let mut post = Post {
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
        file_ids: new.file_ids,
        message: new.message,
        props,
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    let has_text = !post.message.trim().is_empty() || post.props.len() > 2;
    if !post.file_ids.is_empty() {
        files::attach_own(tx, &mut post).await?;
        if post.file_ids.is_empty() && !has_text {
            return Err(Error::Empty);
        }
    }
    if let Some(priority) = &new.priority {
        priorities::set(tx, &post.id, priority).await?;
    }
    insert(app, tx, &access, &post, new.priority.as_ref(), &new.pending_post_id).await?;
    Ok(post)
}

async fn insert(
    app: &App,
    tx: &mut Tx,
    access: &ChannelAccess,
    post: &Post,
    priority: Option<&Priority>,
    pending: &str,
) -> Result<(), Error> {
    let mentioned = mentioned(app, tx, access.channel(), post, access.may(Permission::UseChannelMentions)).await?;
    posts::insert(tx, post, pending)?;
    reminders::begin(app, tx, access.channel(), post, priority, &mentioned).await?;
    record_new(tx, post, mentioned, access.origin()).await?;
    channel_members::count_own_post(tx, &post.channel_id, &post.user_id, post.root_id.is_none(), post.create_at)?;
    channels::count_post(tx, &post.channel_id, post.root_id.is_none(), post.create_at)?;
    Ok(())
}

pub(crate) async fn check_root(tx: &mut Tx, channel: &ChannelId, root: &PostId) -> Result<(), Error> {
    let root = posts::get(tx, root).await?.ok_or(Error::Root)?;
    if root.channel_id != *channel || root.root_id.is_some() || root.gone_at().is_some() {
        return Err(Error::Root);
    }
    Ok(())
}

/// `before` are the props of the post they take the place of.
fn checked_props(app: &App, text: &str, before: Option<&str>) -> Result<String, Error> {
    if text.chars().count() > MAX_PROPS {
        return Err(Error::Props);
    }
    let mut map = match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(map)) => map,
        _ if text.is_empty() => serde_json::Map::new(),
        _ => return Err(Error::Props),
    };
    // Only the server says that somebody was added, whom a text highlights, and what a program wrote.
    map.remove("add_channel_member");
    map.remove(FROM_BOT);
    let before: Option<serde_json::Map<String, serde_json::Value>> =
        before.and_then(|text| serde_json::from_str(text).ok());
    if before.as_ref().is_some_and(|before| before.contains_key(FROM_BOT)) {
        map.insert(FROM_BOT.to_owned(), "true".into());
    }
    if map.contains_key("attachments") {
        if let Some(before) = &before {
            buttons::keep(before, &mut map);
        }
        buttons::identify(&mut map, &app.ids);
    }
    Ok(serde_json::Value::Object(map).to_string())
}

/// Clients show beside a message that a program wrote it.
fn marked_as_of_bot(props: &str) -> String {
    let mut map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(props).unwrap_or_default();
    map.insert(FROM_BOT.to_owned(), "true".into());
    serde_json::Value::Object(map).to_string()
}

fn checked_priority(priority: Option<Priority>, is_reply: bool) -> Result<Option<Priority>, Error> {
    let Some(priority) = priority.filter(|priority| !priority.is_standard()) else { return Ok(None) };
    let fits = Priority::is_level(&priority.level)
        && !is_reply
        && (!priority.persistent_notifications || priority.level == "urgent");
    if fits { Ok(Some(priority)) } else { Err(Error::Priority) }
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
    /// All files it is to have, in order.
    pub file_ids: Option<Vec<FileId>>,
}

/// Edits a post of the actor's own. Records [`DomainEvent::PostEdited`] if anything changed.
///
/// # Errors
/// [`Error`]; posts of other servers' people are edited by nobody here (ruling 57).
pub async fn edit(app: &App, actor: &SessionUser, id: &PostId, patch: PostPatch) -> Result<Post, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (post, changed) = edit_in(app, &mut tx, actor, id, patch).await?;
    if changed {
        tx.commit().await?;
    }
    Ok(post)
}

/// The same in a transaction that may have begun with something else; true if there is something to commit. What the post
/// said before is kept for its author.
pub(crate) async fn edit_in(
    app: &App,
    tx: &mut Tx,
    actor: &SessionUser,
    id: &PostId,
    patch: PostPatch,
) -> Result<(Post, bool), Error> {
    let settings = app.settings.get();
    if patch.message.as_ref().is_some_and(|message| message.chars().count() > settings.max_post_size) {
        return Err(Error::TooLong { max: settings.max_post_size });
    }
    let (mut post, access) = lock(tx, actor, id, Permission::EditPost).await?;
    if post.is_system() {
        return Err(Error::SystemPost);
    }
    let may_edit = post.user_id == actor.user_id || access.may(Permission::EditOthersPosts);
    if post.remote_id.is_some() || !may_edit {
        return Err(Error::NotAuthor);
    }
    access::writable(app, tx, access.channel()).await?;
    let age = tx.now().since(post.create_at) / 1000;
    if settings.post_edit_seconds >= 0 && age > settings.post_edit_seconds && patch.message.is_some() {
        return Err(Error::TooLate);
    }
    let before = post.clone();
    if let Some(message) = patch.message.filter(|message| *message != before.message) {
        let files_left = patch.file_ids.as_ref().unwrap_or(&post.file_ids);
        if message.trim().is_empty() && post.props.len() <= 2 && files_left.is_empty() {
            return Err(Error::Empty);
        }
        post.hashtags = mentions::hashtags(&message);
        post.message = message;
        post.edit_at = Some(before.update_at.next_version(tx.now()));
    }
    if let Some(props) = patch.props {
        post.props = checked_props(app, &props, Some(&before.props))?;
    }
    post.props = calling::marked_silent(post.props, &post.message, &access);
    if let Some(wanted) = patch.file_ids.filter(|wanted| *wanted != before.file_ids) {
        if wanted.len() > MAX_FILES {
            return Err(Error::TooManyFiles);
        }
        post.file_ids = wanted;
        files::change_own(tx, &before, &mut post).await?;
        if post.file_ids != before.file_ids {
            post.edit_at = Some(before.update_at.next_version(tx.now()));
        }
    }
    let pinned = patch.is_pinned.filter(|pinned| *pinned != before.is_pinned);
    if post == before && pinned.is_none() {
        return Ok((post, false));
    }
    if post != before {
        let says_else = post.message != before.message || post.file_ids != before.file_ids;
        save_edit(tx, &mut post, Origin::Local).await?;
        if says_else {
            post_versions::keep(tx, &app.ids.id(PostId::from_random), &before, post.update_at)?;
        }
    }
    if let Some(pinned) = pinned {
        pin(tx, &mut post, actor, pinned).await?;
    }
    Ok((post, true))
}

async fn pin(tx: &mut Tx, post: &mut Post, actor: &SessionUser, pinned: bool) -> Result<(), StoreError> {
    let at = pins::next_at(tx, &post.id).await?;
    pins::put(tx, post, actor.user_id, (pinned, at), Origin::Local).await
}

pub(crate) async fn save_edit(tx: &mut Tx, post: &mut Post, origin: Origin) -> Result<(), StoreError> {
    let ties = crate::planted::Fault::Tie.is_planted();
    post.update_at = if ties { post.update_at.max(tx.now()) } else { post.update_at.next_version(tx.now()) };
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

/// Pins or unpins a post, whoever wrote it, and tells the channel by the changed post. The last word stands on all sides
/// (E-151).
///
/// # Errors
/// [`Error`].
pub async fn set_pinned(app: &App, actor: &SessionUser, id: &PostId, pinned: bool) -> Result<Post, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (mut post, access) = lock(&mut tx, actor, id, Permission::CreatePost).await?;
    access::writable(app, &mut tx, access.channel()).await?;
    if post.is_pinned != pinned {
        pin(&mut tx, &mut post, actor, pinned).await?;
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
        access::writable(app, &mut tx, access.channel()).await?;
    }
    remove(&mut tx, post, Some(actor.user_id), Origin::Local).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a post and, under a root, all replies away: deleted if `origin` owns them, hidden here if not (ruling 57).
pub(crate) async fn remove(tx: &mut Tx, post: Post, by: Option<UserId>, origin: Origin) -> Result<(), StoreError> {
    // What somebody else owns goes here only, and under a root that goes here only, so do our own replies.
    let here_only = post.remote_id != origin.remote();
    let (counted, channel) = (post.gone_at().is_none(), post.channel_id);
    let mut gone = vec![post];
    if let Some(root) = gone.first().filter(|post| post.root_id.is_none()).map(|post| post.id) {
        gone.extend(posts::replies(tx, &root, (Millis(0), ""), i64::MAX).await?);
    }
    let root_of_reply = gone.first().and_then(|post| post.root_id).filter(|_| counted);
    for mut post in gone {
        let hidden = here_only || post.remote_id != origin.remote();
        // Hidden here already, it is still its owner's to delete, and others are still to hear of that.
        if post.delete_at.is_some() || (hidden && post.hidden_at.is_some()) {
            continue;
        }
        let now = tx.now();
        post.update_at = post.update_at.next_version(now);
        if hidden {
            // The owner may change it later; what others hold must survive our moderation, so the text stays.
            post.hidden_at = Some(now);
        } else {
            post.delete_at = Some(now);
            files::remove_with_post(tx, &post).await?;
            post_versions::delete_of(tx, &post.id)?;
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
        threads::reply_gone(tx, root, channel, origin);
    }
    Ok(())
}
