//! The waiting room: items that came before what they refer to (ruling 31, E-070, E-071).

use rialto_model::{ChannelId, Millis, PostId, UserId};
use rialto_store::waiting::{self, WaitingItem};
use rialto_store::{StoreError, Tx, posts, remotes, users};

use super::{Applied, Code, IncomingAcknowledgement, IncomingPost, IncomingReaction, people};
use crate::App;
use crate::access::{Denied, RemoteActor, ShareAccess};

/// Items of one connection that may wait.
const ROOM: i64 = 10_000;
/// A reply shows under a stub after this, ms.
const STUB_AFTER: i64 = 60_000;
/// What nobody asked for any more is dropped after this, ms.
const KEEP: i64 = 24 * 3_600_000;

/// `is_known` tells of the body that waits already whether it is as new as this one.
async fn park(
    tx: &mut Tx,
    share: &ShareAccess,
    kind: &str,
    item_id: String,
    missing: &str,
    body: String,
    is_known: impl Fn(&str) -> bool,
) -> Result<Applied, StoreError> {
    if let Some(before) = waiting::get(tx, &share.remote().id, kind, &item_id).await?
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
        kind: kind.to_owned(),
        item_id,
        channel_id: share.channel().id,
        missing_id: missing.to_owned(),
        body,
        receive_at: tx.now(),
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
    park(tx, share, "post", post.id.to_string(), missing, body, is_known).await
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
    park(tx, share, "reaction", item_id, missing, body, is_known).await
}

pub(super) async fn park_acknowledgement(
    tx: &mut Tx,
    share: &ShareAccess,
    ack: &IncomingAcknowledgement,
    missing: &str,
) -> Result<Applied, StoreError> {
    let Ok(body) = serde_json::to_string(ack) else { return Ok(Applied::Refused(Code::Invalid)) };
    let item_id = format!("{}:{}", ack.post_id, ack.user_id);
    park(tx, share, "ack", item_id, missing, body, |_| false).await
}

/// Drops the version of a post that waits, if one does.
pub(super) async fn forget_post(tx: &mut Tx, share: &ShareAccess, post: &PostId) -> Result<(), StoreError> {
    waiting::delete(tx, &share.remote().id, "post", post.as_str()).await
}

/// Applies what waited for `arrived`, in the transaction that brought it. Only the same connection's items wait for it.
pub(super) async fn release(app: &App, tx: &mut Tx, share: &ShareAccess, arrived: &str) -> Result<(), StoreError> {
    for item in waiting::take(tx, &share.remote().id, arrived).await? {
        if item.channel_id != share.channel().id {
            // It waits for something in another channel than it belongs to; it will be looked at again by age.
            waiting::put(tx, &item).await?;
            continue;
        }
        // A reply that waited for its author may go on to wait for its root; boxed, for applying may release again.
        match item.kind.as_str() {
            "post" => {
                if let Ok(post) = serde_json::from_str::<IncomingPost>(&item.body) {
                    Box::pin(super::posts::apply(app, tx, share, &post)).await?;
                }
            }
            "ack" => {
                if let Ok(ack) = serde_json::from_str::<IncomingAcknowledgement>(&item.body) {
                    Box::pin(people::apply_acknowledgement(tx, share, &ack)).await?;
                }
            }
            _ => {
                if let Ok(reaction) = serde_json::from_str::<IncomingReaction>(&item.body) {
                    Box::pin(super::reactions::apply(tx, share, &reaction)).await?;
                }
            }
        }
    }
    Ok(())
}

/// Shows replies whose root has not come for a minute under a stub, and drops what has waited for a day.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn release_stuck(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let stuck = waiting::list_older(&mut app.db.read(now).await?, Millis(now.0 - STUB_AFTER), 200).await?;
    for item in stuck {
        let mut tx = app.db.begin(app.clock.now()).await?;
        // A stub for one of them has let others go as well.
        let Some(item) = waiting::get(&mut tx, &item.remote_id, &item.kind, &item.item_id).await? else { continue };
        let age = tx.now().since(item.receive_at);
        let root = serde_json::from_str::<IncomingPost>(&item.body).ok().and_then(|post| post.root_id);
        match root.filter(|root| item.kind == "post" && item.missing_id == root.as_str()) {
            Some(root) => stub(app, &mut tx, &item, root).await?,
            None if age > KEEP => drop_item(&mut tx, &item).await?,
            None => continue,
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn drop_item(tx: &mut Tx, item: &WaitingItem) -> Result<(), StoreError> {
    waiting::delete(tx, &item.remote_id, &item.kind, &item.item_id).await
}

/// Puts an empty root in place, owned by the connection, which fills it when the real one comes: its version is lower.
async fn stub(app: &App, tx: &mut Tx, item: &WaitingItem, root: PostId) -> Result<(), StoreError> {
    let share = match share_of(tx, &item.remote_id, &item.channel_id).await {
        Ok(share) => share,
        Err(Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_)) => {
            return drop_item(tx, item).await;
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
    let (Some(reply), Some(author)) = (reply, author) else { return drop_item(tx, item).await };
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
    crate::posts::record_remote(tx, share.channel(), &post, share.origin(), crate::posts::Calls::Nobody).await?;
    release(app, tx, &share, root.as_str()).await
}

async fn share_of(tx: &mut Tx, remote: &rialto_model::RemoteId, channel: &ChannelId) -> Result<ShareAccess, Denied> {
    let remote = remotes::get(tx, remote).await?.ok_or(Denied::Absent("connection"))?;
    crate::access::share(tx, &RemoteActor::new(remote), channel).await
}
