//! Reactions: adding, taking back, listing; and applying those of peers.

use rialto_model::names::{canonical_emoji, check_emoji_name};
use rialto_model::{DomainEvent, Millis, Origin, Permission, Post, PostId, Reaction, Scope, UserId};
use rialto_store::{StoreError, Tx, posts, reactions};

use crate::access::{self, ChannelAccess, Denied, SessionUser};
use crate::{App, reminders};

/// Why something about a reaction was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the name of an emoji.
    #[error("not the name of an emoji")]
    EmojiName,
    /// The post carries as many different emoji as a post may.
    #[error("too many different reactions")]
    TooMany,
    /// Archived channels do not change.
    #[error("the channel is archived")]
    Archived,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds the actor's reaction to a post. Idempotent: adding it twice changes nothing (SC-005).
///
/// # Errors
/// [`Error`]; SC-013, SC-068, API v4 `POST /reactions`.
pub async fn add(app: &App, actor: &SessionUser, post: &PostId, emoji_name: &str) -> Result<Reaction, Error> {
    check_emoji_name(emoji_name).map_err(|_| Error::EmojiName)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (post, access) = lock(&mut tx, actor, post, Permission::AddReaction).await?;
    access::writable(app, &mut tx, access.channel()).await?;
    let before = reactions::get(&mut tx, &post.id, &actor.user_id, emoji_name).await?.map(|found| found.reaction);
    if let Some(live) = before.as_ref().filter(|reaction| reaction.delete_at.is_none()) {
        return Ok(live.clone());
    }
    let others = reactions::count_other_emoji(&mut tx, &post.id, emoji_name).await?;
    if others >= app.settings.get().unique_emoji_per_post {
        return Err(Error::TooMany);
    }
    let now = tx.now();
    let version = before.map_or(now, |old| old.update_at.next_version(now));
    let reaction = Reaction {
        user_id: actor.user_id,
        post_id: post.id,
        channel_id: post.channel_id,
        emoji_name: emoji_name.to_owned(),
        create_at: version,
        update_at: version,
        delete_at: None,
        remote_id: None,
    };
    put(&mut tx, &reaction, Millis(0), access.origin()).await?;
    reminders::answered(&mut tx, &reaction.post_id, &reaction.user_id)?;
    tx.commit().await?;
    Ok(reaction)
}

/// Takes a reaction back: the actor's own, or another's with `remove_others_reactions`. Idempotent.
///
/// # Errors
/// [`Error`].
pub async fn remove(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    post: &PostId,
    emoji_name: &str,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = if *user == actor.user_id { Permission::RemoveReaction } else { Permission::RemoveOthersReactions };
    let (post, access) = lock(&mut tx, actor, post, needs).await?;
    access::writable(app, &mut tx, access.channel()).await?;
    let found = reactions::get(&mut tx, &post.id, user, emoji_name).await?.map(|found| found.reaction);
    let Some(mut reaction) = found.filter(|reaction| reaction.delete_at.is_none()) else { return Ok(()) };
    // What another server's person did, that server takes back (INV-2).
    if reaction.remote_id.is_some() {
        return Err(Denied::Forbidden(needs).into());
    }
    let version = reaction.update_at.next_version(tx.now());
    reaction.update_at = version;
    reaction.delete_at = Some(version);
    put(&mut tx, &reaction, Millis(0), access.origin()).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes a changed reaction with everything that follows from it.
pub(crate) async fn put(
    tx: &mut Tx,
    reaction: &Reaction,
    remote_update_at: Millis,
    origin: Origin,
) -> Result<(), StoreError> {
    reactions::put(tx, reaction, remote_update_at).await?;
    let now = tx.now();
    posts::touch_reactions(tx, &reaction.post_id, now)?;
    let event = match reaction.delete_at {
        None => DomainEvent::ReactionAdded(reaction.clone()),
        Some(_) => DomainEvent::ReactionRemoved(reaction.clone()),
    };
    tx.record(Scope::Channel(reaction.channel_id), origin, event);
    Ok(())
}

async fn lock(
    tx: &mut Tx,
    actor: &SessionUser,
    post: &PostId,
    needs: Permission,
) -> Result<(Post, ChannelAccess), Error> {
    let post = posts::lock(tx, post).await?.filter(|post| post.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    let access = access::channel(tx, actor, &post.channel_id, needs).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    Ok((post, access))
}

/// Live reactions on a post its reader may see, in the order they were made.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &SessionUser, post: &PostId) -> Result<Vec<Reaction>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let post = posts::get(&mut view, post).await?.filter(|p| p.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    access::readable_channel(&mut view, actor, &post.channel_id).await?;
    Ok(reactions::list(&mut view, &[post.id]).await?)
}

/// Live reactions on posts that were handed out already.
///
/// # Errors
/// [`Error::Store`].
pub async fn list_for(app: &App, shown: &[Post]) -> Result<Vec<Reaction>, Error> {
    let ids: Vec<PostId> = shown.iter().filter(|post| post.has_reactions).map(|post| post.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(reactions::list(&mut view, &ids).await?)
}

/// True if two names mean one emoji (ruling 75).
pub fn same_emoji(a: &str, b: &str) -> bool {
    canonical_emoji(a) == canonical_emoji(b)
}
