//! Pins: one word a post, the last one, whoever's it is (behaviour 4.4.7, E-151).

use rialto_model::{DomainEvent, Millis, Origin, Post, PostId, Scope, UserId};
use rialto_store::pins as rows;
pub use rialto_store::pins::Pin;
use rialto_store::{StoreError, Tx, posts};

/// The time of the next word said here on a post: now, or just above the last one where another clock was ahead.
pub(crate) async fn next_at(tx: &mut Tx, post: &PostId) -> Result<Millis, StoreError> {
    let now = tx.now();
    Ok(rows::get(tx, post).await?.map_or(now, |last| last.at.next_version(now)))
}

/// Writes somebody's word on a post whose row the caller holds, and records [`DomainEvent::PinChanged`].
pub(crate) async fn put(
    tx: &mut Tx,
    post: &mut Post,
    by: UserId,
    (pinned, at): (bool, Millis),
    origin: Origin,
) -> Result<(), StoreError> {
    rows::put(tx, &Pin { post_id: post.id, user_id: by, pinned, at }).await?;
    if post.is_pinned != pinned {
        post.is_pinned = pinned;
        post.update_at = post.update_at.next_version(tx.now());
        posts::update(tx, post).await?;
    }
    let event = DomainEvent::PinChanged { post: post.id, channel: post.channel_id, owner: post.remote_id };
    tx.record(Scope::Channel(post.channel_id), origin, event);
    Ok(())
}

/// The last word on a post.
pub(crate) async fn last(tx: &mut Tx, post: &PostId) -> Result<Option<Pin>, StoreError> {
    rows::get(tx, post).await
}
