//! The waiting room: items that came before what they refer to (ruling 31, E-070, E-071).

use rialto_model::{ChannelId, Millis, PostId, RemoteId, UserId};
use rialto_store::waiting::{self, WaitingItem};
use rialto_store::{StoreError, Tx, posts, remotes, users};

use super::{Applied, Code, IncomingAcknowledgement, IncomingPin, IncomingPost, IncomingReaction, people, pins};
use crate::App;
use crate::access::{Denied, RemoteActor, ShareAccess};
use crate::audit::{self, About};

/// Items of one connection that may wait.
const ROOM: i64 = 10_000;
/// A reply shows under a stub after this, ms.
const STUB_AFTER: i64 = 60_000;
/// What nobody asked for any more is dropped after this, ms.
const KEEP: i64 = 24 * 3_600_000;

/// An item that cannot be applied yet.
struct Early<'a> {
    kind: &'a str,
    item_id: String,
    missing: &'a str,
    is_due: bool,
    body: String,
}

/// `is_known` tells of the body that waits already whether it is as new as this one.
async fn park(
    tx: &mut Tx,
    share: &ShareAccess,
    early: Early<'_>,
    is_known: impl Fn(&str) -> bool,
) -> Result<Applied, StoreError> {
    if let Some(before) = waiting::get(tx, &share.remote().id, early.kind, &early.item_id).await?
        && is_known(&before.body)
    {
        return Ok(Applied::Parked);
    }
    if waiting::count(tx, &share.remote().id).await? >= ROOM {
        // 503: the peer keeps it and tries again.
        return Err(StoreError::Busy("the waiting room is full".to_owned()));
    }
    let item = WaitingItem {
        remote_id: share.remote().id,
        kind: early.kind.to_owned(),
        item_id: early.item_id,
        channel_id: share.channel().id,
        missing_id: early.missing.to_owned(),
        body: early.body,
        receive_at: tx.now(),
        is_due: early.is_due,
    };
    waiting::put(tx, &item).await?;
    Ok(Applied::Parked)
}

pub(super) async fn park_post(
    tx: &mut Tx,
    share: &ShareAccess,
    post: &IncomingPost,
    missing: &str,
) -> Result<Applied, StoreError> {
    let Ok(body) = serde_json::to_string(post) else { return Ok(Applied::Refused(Code::Invalid)) };
    let is_known = |before: &str| {
        serde_json::from_str::<IncomingPost>(before).is_ok_and(|before| before.update_at >= post.update_at)
    };
    // Only a root has a stand-in.
    let is_due = post.root_id.is_some_and(|root| root.as_str() == missing);
    let early = Early { kind: "post", item_id: post.id.to_string(), missing, is_due, body };
    park(tx, share, early, is_known).await
}

pub(super) async fn park_reaction(
    tx: &mut Tx,
    share: &ShareAccess,
    reaction: &IncomingReaction,
    missing: &str,
) -> Result<Applied, StoreError> {
    let Ok(body) = serde_json::to_string(reaction) else { return Ok(Applied::Refused(Code::Invalid)) };
    let item_id = format!("{}:{}:{}", reaction.post_id, reaction.user_id, reaction.emoji_name);
    let is_known = |before: &str| {
        serde_json::from_str::<IncomingReaction>(before).is_ok_and(|before| before.version() >= reaction.version())
    };
    park(tx, share, Early { kind: "reaction", item_id, missing, is_due: false, body }, is_known).await
}

pub(super) async fn park_acknowledgement(
    tx: &mut Tx,
    share: &ShareAccess,
    ack: &IncomingAcknowledgement,
    missing: &str,
) -> Result<Applied, StoreError> {
    let Ok(body) = serde_json::to_string(ack) else { return Ok(Applied::Refused(Code::Invalid)) };
    let item_id = format!("{}:{}", ack.post_id, ack.user_id);
    park(tx, share, Early { kind: "ack", item_id, missing, is_due: false, body }, |_| false).await
}

pub(super) async fn park_pin(
    tx: &mut Tx,
    share: &ShareAccess,
    pin: &IncomingPin,
    missing: &str,
) -> Result<Applied, StoreError> {
    let Ok(body) = serde_json::to_string(pin) else { return Ok(Applied::Refused(Code::Invalid)) };
    let is_known = |before: &str| serde_json::from_str::<IncomingPin>(before).is_ok_and(|before| before.at >= pin.at);
    let early = Early { kind: "pin", item_id: pin.post_id.to_string(), missing, is_due: false, body };
    park(tx, share, early, is_known).await
}

/// Drops the version of a post that waits, if one does.
pub(super) async fn forget_post(tx: &mut Tx, share: &ShareAccess, post: &PostId) -> Result<(), StoreError> {
    waiting::delete(tx, &share.remote().id, "post", post.as_str()).await
}

/// Applies what waited for `arrived`, in the transaction that brought it. Only the same connection's items wait for it;
/// each is applied with the access to the channel it belongs to, which need not be the one `arrived` came in.
pub(super) async fn release(app: &App, tx: &mut Tx, share: &ShareAccess, arrived: &str) -> Result<(), StoreError> {
    for item in waiting::take(tx, &share.remote().id, arrived).await? {
        if item.channel_id == share.channel().id {
            apply(app, tx, share, &item).await?;
        } else {
            let_in(app, tx, item).await?;
        }
    }
    Ok(())
}

/// The same for somebody who came outside any channel.
pub(super) async fn release_person(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteId,
    arrived: &UserId,
) -> Result<(), StoreError> {
    for item in waiting::take(tx, remote, arrived.as_str()).await? {
        let_in(app, tx, item).await?;
    }
    Ok(())
}

/// The same for a post of our own that came back to us (E-028): what a peer said of it meanwhile waits.
pub(crate) async fn release_for(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteId,
    channel: &ChannelId,
    arrived: &PostId,
) -> Result<(), StoreError> {
    match share_of(tx, remote, channel).await {
        Ok(share) => release(app, tx, &share, arrived.as_str()).await,
        Err(Denied::Store(error)) => Err(error),
        Err(_) => Ok(()),
    }
}

/// Applies an item that was taken out of the room, or puts it back while its channel takes nothing.
async fn let_in(app: &App, tx: &mut Tx, item: WaitingItem) -> Result<(), StoreError> {
    match share_of(tx, &item.remote_id, &item.channel_id).await {
        Ok(share) => apply(app, tx, &share, &item).await,
        Err(Denied::Paused) => waiting::put(tx, &WaitingItem { is_due: true, ..item }).await.map(|_| ()),
        Err(Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_)) => {
            note_dropped(tx, &item, "not_shared")
        }
        Err(Denied::Store(error)) => Err(error),
    }
}

async fn apply(app: &App, tx: &mut Tx, share: &ShareAccess, item: &WaitingItem) -> Result<(), StoreError> {
    // A reply that waited for its author may go on to wait for its root; boxed, for applying may release again.
    let applied = match item.kind.as_str() {
        "post" => match serde_json::from_str::<IncomingPost>(&item.body) {
            Ok(post) => Box::pin(super::posts::apply(app, tx, share, &post)).await?,
            Err(_) => Applied::Refused(Code::Invalid),
        },
        "ack" => match serde_json::from_str::<IncomingAcknowledgement>(&item.body) {
            Ok(ack) => Box::pin(people::apply_acknowledgement(tx, share, &ack)).await?,
            Err(_) => Applied::Refused(Code::Invalid),
        },
        "pin" => match serde_json::from_str::<IncomingPin>(&item.body) {
            Ok(pin) => Box::pin(pins::apply(tx, share, &pin)).await?,
            Err(_) => Applied::Refused(Code::Invalid),
        },
        _ => match serde_json::from_str::<IncomingReaction>(&item.body) {
            Ok(reaction) => Box::pin(super::reactions::apply(tx, share, &reaction)).await?,
            Err(_) => Applied::Refused(Code::Invalid),
        },
    };
    match applied {
        Applied::Refused(code) => note_dropped(tx, item, code.as_str()),
        Applied::Changed | Applied::Known | Applied::Parked => Ok(()),
    }
}

/// The peer was told that the item was kept; that it came to nothing is at least written down.
fn note_dropped(tx: &mut Tx, item: &WaitingItem, code: &str) -> Result<(), StoreError> {
    let WaitingItem { remote_id, channel_id, kind, item_id, .. } = item;
    tracing::warn!(remote = %remote_id, channel = %channel_id, kind, item_id, code, "an item that waited was dropped");
    let detail = format!("{kind} {item_id} {code}");
    let about = About {
        action: "waiting_item_dropped",
        remote: Some(*remote_id),
        channel: Some(*channel_id),
        result: "refused",
        detail: &detail,
    };
    audit::by_system(tx, about)
}

/// Items looked at in one go.
const PAGE: i64 = 200;

/// Shows replies whose root has not come for a minute under a stub, and drops what has waited for a day.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn release_stuck(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (young, old) = (Millis(now.0 - STUB_AFTER), Millis(now.0 - KEEP));
    let mut after = (Millis(0), String::new());
    loop {
        // What has to stay must not hide what came after it.
        let page = waiting::list_due(&mut app.db.read(now).await?, young, old, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.receive_at, last.item_id.clone());
        for item in page {
            look_after(app, &item, old).await?;
        }
    }
}

async fn look_after(app: &App, item: &WaitingItem, old: Millis) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    // A stub for one of them has let others go as well.
    let Some(item) = waiting::get(&mut tx, &item.remote_id, &item.kind, &item.item_id).await? else { return Ok(()) };
    let root = serde_json::from_str::<IncomingPost>(&item.body).ok().and_then(|post| post.root_id);
    match root.filter(|root| item.kind == "post" && item.missing_id == root.as_str()) {
        Some(root) => stub(app, &mut tx, &item, root).await?,
        None if item.is_due => {
            drop_item(&mut tx, &item).await?;
            let_in(app, &mut tx, item).await?;
        }
        None if item.receive_at < old => {
            drop_item(&mut tx, &item).await?;
            let author = serde_json::from_str::<Author>(&item.body).ok().map(|item| item.user_id.to_string());
            let code = if author.as_deref() == Some(item.missing_id.as_str()) { Code::NoUser } else { Code::NoPost };
            note_dropped(&mut tx, &item, code.as_str())?;
        }
        None => return Ok(()),
    }
    tx.commit().await
}

/// What posts and reactions have in common.
#[derive(serde::Deserialize)]
struct Author {
    user_id: UserId,
}

async fn drop_item(tx: &mut Tx, item: &WaitingItem) -> Result<(), StoreError> {
    waiting::delete(tx, &item.remote_id, &item.kind, &item.item_id).await
}

/// Puts an empty root in place, owned by the connection, which fills it when the real one comes: its version is lower.
async fn stub(app: &App, tx: &mut Tx, item: &WaitingItem, root: PostId) -> Result<(), StoreError> {
    let share = match share_of(tx, &item.remote_id, &item.channel_id).await {
        Ok(share) => share,
        Err(Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_)) => {
            drop_item(tx, item).await?;
            return note_dropped(tx, item, "not_shared");
        }
        // It waits with the channel.
        Err(Denied::Paused) => return Ok(()),
        Err(Denied::Store(error)) => return Err(error),
    };
    if posts::get(tx, &root).await?.is_some() {
        return release(app, tx, &share, root.as_str()).await;
    }
    let reply: Option<IncomingPost> = serde_json::from_str(&item.body).ok();
    let author: Option<UserId> = match &reply {
        Some(reply) => {
            let id = users::alias(tx, &item.remote_id, &reply.user_id).await?.unwrap_or(reply.user_id);
            users::get(tx, &id).await?.map(|user| user.id)
        }
        None => None,
    };
    let (Some(reply), Some(author)) = (reply, author) else {
        drop_item(tx, item).await?;
        return note_dropped(tx, item, Code::NoUser.as_str());
    };
    let post = rialto_model::Post {
        id: root,
        channel_id: item.channel_id,
        user_id: author,
        root_id: None,
        create_at: reply.create_at.min(tx.now()),
        update_at: tx.now(),
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: String::new(),
        message: "*This message has not arrived yet.*".to_owned(),
        props: "{}".to_owned(),
        hashtags: String::new(),
        file_ids: Vec::new(),
        remote_id: Some(item.remote_id),
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    posts::insert_now(tx, &post).await?;
    crate::posts::record_remote(app, tx, share.channel(), &post, share.origin(), crate::posts::Calls::Nobody, None)
        .await?;
    release(app, tx, &share, root.as_str()).await
}

async fn share_of(tx: &mut Tx, remote: &RemoteId, channel: &ChannelId) -> Result<ShareAccess, Denied> {
    let remote = remotes::get(tx, remote).await?.ok_or(Denied::Absent("connection"))?;
    crate::access::share(tx, &RemoteActor::new(remote), channel).await
}
