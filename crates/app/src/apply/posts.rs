//! Posts a peer sends: only its own, only where it shares, newer ones over older ones.

use rialto_model::{Millis, PeerProfile, Post, UserId};
use rialto_store::{StoreError, Tx, blocks, posts, priorities};

use super::{Applied, Code, IncomingPost, person, waiting};
use crate::access::ShareAccess;
use crate::outbox::ITEMS;
use crate::{App, files, mentions, pins, posts as post_rules};

/// No push, no mention and no unread mark for what is older than this (behaviour 3.4), ms.
const NEWS: i64 = 24 * 3_600_000;
/// Messages in one channel by which one author says the same within [`STORM`]: more come of machines that answer each
/// other (E-155).
const ALIKE: i64 = 20;
/// One minute, ms.
const STORM: i64 = 60_000;

pub(super) async fn apply(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingPost,
) -> Result<Applied, StoreError> {
    // Each server writes its own system messages (ruling 48).
    if incoming.kind.starts_with("system_") {
        return Ok(Applied::Known);
    }
    // What is kept here no longer does not come back (E-131).
    let kept_from = app.settings.get().messages_kept_from(tx.now());
    if incoming.delete_at.is_none()
        && kept_from.is_some_and(|from| incoming.create_at.0 > 0 && incoming.create_at < from)
    {
        return Ok(Applied::Known);
    }
    match posts::lock(tx, &incoming.id).await? {
        Some(post) => change(tx, share, post, incoming).await,
        None => create(app, tx, share, incoming).await,
    }
}

async fn create(app: &App, tx: &mut Tx, share: &ShareAccess, incoming: &IncomingPost) -> Result<Applied, StoreError> {
    // A deletion is not a writing: it only keeps what it deletes from ever showing.
    if !share.may_write() && incoming.delete_at.is_none() {
        return Ok(Applied::Refused(Code::ReadOnly));
    }
    let Some(author) = person(tx, share, &incoming.user_id).await? else {
        // Somebody known under another owner is not the peer's to speak for; somebody unknown may still come.
        let foreign = rialto_store::users::get(tx, &incoming.user_id).await?.is_some();
        if foreign {
            return Ok(Applied::Refused(Code::NotOwner));
        }
        return waiting::park_post(tx, share, incoming, incoming.user_id.as_str()).await;
    };
    if incoming.delete_at.is_none() && blocks::is_blocked(tx, &share.channel().id, &author.id).await? {
        return Ok(Applied::Refused(Code::BlockedMember));
    }
    if incoming.delete_at.is_some() {
        return bury(app, tx, share, incoming, author.id).await;
    }
    let mut earliest = Millis(0);
    if let Some(root) = &incoming.root_id {
        match posts::get(tx, root).await? {
            None => return waiting::park_post(tx, share, incoming, root.as_str()).await,
            Some(root) if root.channel_id != share.channel().id || root.root_id.is_some() => {
                return Ok(Applied::Refused(Code::NoRoot));
            }
            // Deleting a thread took its replies; a late one goes with them (ruling 57).
            Some(root) if root.gone_at().is_some() => return Ok(Applied::Known),
            Some(root) => earliest = root.create_at,
        }
    }
    let now = tx.now();
    // Never in the future, never before what it answers (ruling 59).
    let create_at = if incoming.create_at.0 > 0 { incoming.create_at.min(now).max(earliest) } else { now };
    let history = is_history(share, incoming);
    // Clients that ask what has changed meanwhile are not told of the whole past.
    let update_at = if history { create_at.max(incoming.edit_at.unwrap_or_default()).min(now) } else { now };
    let post = Post {
        file_ids: incoming.file_ids.clone(),
        remote_id: Some(share.remote().id),
        remote_update_at: incoming.update_at,
        ..incoming.row(share.channel().id, author.id, create_at, update_at)
    };
    // The sender tries again later, so that a person who means it is only slowed down. Nobody answers history.
    let fresh = !history && now.since(create_at) < STORM && !post.message.is_empty();
    if fresh && posts::count_alike(tx, &post, Millis(now.0 - STORM), ALIKE).await? >= ALIKE {
        return Ok(Applied::Refused(Code::Quota));
    }
    posts::insert_now(tx, &post).await?;
    files::attach_remote(tx, &post, &share.remote().id).await?;
    posts::set_owner_pinned(tx, &post.id, post.is_pinned).await?;
    prioritise(tx, &post, incoming).await?;
    if history {
        post_rules::keep_history(tx, &post, share.origin()).await?;
    } else if is_from_before(share, create_at) {
        post_rules::record_unread_by_nobody(tx, &post, share.origin()).await?;
    } else {
        let news = !incoming.is_old && now.since(create_at) < NEWS;
        let calls = if news { post_rules::Calls::from(&incoming.mentioned) } else { post_rules::Calls::Nobody };
        post_rules::record_remote(app, tx, share.channel(), &post, share.origin(), calls, incoming.priority.as_ref())
            .await?;
    }
    waiting::release(app, tx, share, post.id.as_str()).await?;
    Ok(Applied::Changed)
}

/// Whether a post is history: the home says so (ruling 8.4).
fn is_history(share: &ShareAccess, incoming: &IncomingPost) -> bool {
    incoming.history && !share.share().home
}

/// Whether a home that cannot say what is history sends something written before it shared the channel (ruling 47).
fn is_from_before(share: &ShareAccess, create_at: Millis) -> bool {
    let cannot_say = matches!(share.remote().profile, PeerProfile::Mattermost5 | PeerProfile::Mattermost11);
    !share.share().home && cannot_say && create_at < share.share().create_at
}

/// Root posts only, and only where the sender says how urgent it is: one of 2021 never does (wire 5.7).
async fn prioritise(tx: &mut Tx, post: &Post, incoming: &IncomingPost) -> Result<bool, StoreError> {
    match incoming.priority.as_ref().filter(|_| post.root_id.is_none()) {
        Some(priority) => priorities::set(tx, &post.id, priority).await,
        None => Ok(false),
    }
}

/// Written and deleted while we were apart: nobody here ever sees it (E-036), not even when a frame that holds the
/// writing was held up and arrives after this one; what waited for it goes with it.
async fn bury(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingPost,
    author: UserId,
) -> Result<Applied, StoreError> {
    let at = incoming.create_at.min(tx.now());
    let post = Post {
        id: incoming.id,
        channel_id: share.channel().id,
        user_id: author,
        root_id: incoming.root_id,
        create_at: at,
        // No client asks for it: it has not changed since it was written.
        update_at: at,
        edit_at: None,
        delete_at: Some(tx.now()),
        hidden_at: None,
        is_pinned: false,
        kind: String::new(),
        message: String::new(),
        props: "{}".to_owned(),
        hashtags: String::new(),
        file_ids: Vec::new(),
        remote_id: Some(share.remote().id),
        remote_update_at: incoming.update_at,
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    posts::insert_now(tx, &post).await?;
    waiting::forget_post(tx, share, &post.id).await?;
    waiting::release(app, tx, share, post.id.as_str()).await?;
    Ok(Applied::Known)
}

async fn change(
    tx: &mut Tx,
    share: &ShareAccess,
    before: Post,
    incoming: &IncomingPost,
) -> Result<Applied, StoreError> {
    let owns = before.remote_id == Some(share.remote().id) && before.channel_id == share.channel().id;
    let owns = owns || crate::planted::Fault::MissingOwnership.is_planted();
    if !owns {
        return Ok(Applied::Refused(Code::NotOwner));
    }
    // A root that was known only as such, without its files, comes again as history in the same version.
    let complete = incoming.history && incoming.update_at == before.remote_update_at;
    if (incoming.update_at <= before.remote_update_at && !complete) || before.delete_at.is_some() {
        return Ok(Applied::Known);
    }
    if incoming.delete_at.is_some() {
        let mut post = before;
        post.remote_update_at = incoming.update_at;
        posts::update(tx, &post).await?;
        post_rules::remove(tx, post, None, share.origin()).await?;
        return Ok(Applied::Changed);
    }
    if !share.may_write() {
        return Ok(Applied::Refused(Code::ReadOnly));
    }
    let mut post = before.clone();
    let mut pinned = None;
    if before.remote_update_at == Millis(0) {
        // It stands in for this one, under the author of a reply.
        let Some(author) = person(tx, share, &incoming.user_id).await? else {
            return waiting::park_post(tx, share, incoming, incoming.user_id.as_str()).await;
        };
        post.user_id = author.id;
        if incoming.create_at.0 > 0 {
            post.create_at = incoming.create_at.min(tx.now());
        }
        posts::settle_stub(tx, &post.id, &post.user_id, post.create_at).await?;
        if pins::last(tx, &post.id).await?.is_none() {
            post.is_pinned = incoming.is_pinned;
        }
    }
    post.message.clone_from(&incoming.message);
    post.props.clone_from(&incoming.props);
    // A pin set here stays until the owner's server says something else about it than before (ruling 58). Another Rialto
    // tells of pins apart, by whoever's they are.
    if !share.remote().has(ITEMS) && posts::owner_pinned(tx, &post.id).await? != incoming.is_pinned {
        posts::set_owner_pinned(tx, &post.id, incoming.is_pinned).await?;
        pinned = Some(incoming.is_pinned).filter(|pinned| *pinned != post.is_pinned);
    }
    post.file_ids.clone_from(&incoming.file_ids);
    if post.file_ids != before.file_ids {
        files::change_remote(tx, &before.file_ids, &post, &share.remote().id).await?;
    }
    post.edit_at = incoming.edit_at;
    post.hashtags = mentions::hashtags(&post.message);
    let changed = prioritise(tx, &post, incoming).await? || post != before;
    post.remote_update_at = incoming.update_at;
    if changed {
        post_rules::save_edit(tx, &mut post, share.origin()).await?;
    } else {
        // Mattermost sends a root again for every reply: a new version, no news.
        posts::update(tx, &post).await?;
    }
    if let Some(pinned) = pinned {
        // It does not say who did it; to others that is a word of the author's.
        let at = pins::next_at(tx, &post.id).await?;
        let author = post.user_id;
        pins::put(tx, &mut post, author, (pinned, at), share.origin()).await?;
    }
    Ok(if changed || pinned.is_some() { Applied::Changed } else { Applied::Known })
}
