//! Pins that people of a peer's set or take away, on whoever's posts. Source: ruling 8.4, behaviour 4.4.7, E-142, E-151.

use rialto_store::{StoreError, Tx, blocks, posts, users};

use super::{Applied, Code, IncomingPin, person, waiting};
use crate::access::ShareAccess;
use crate::pins;

/// A word on a pin by a person the peer owns. The last `at` wins, and of two with the same the one that pins; both sides
/// decide by the same rule, so they agree in whatever order the words come.
pub(super) async fn apply(tx: &mut Tx, share: &ShareAccess, incoming: &IncomingPin) -> Result<Applied, StoreError> {
    if !share.may_write() {
        return Ok(Applied::Refused(Code::ReadOnly));
    }
    let Some(person) = person(tx, share, &incoming.user_id).await? else {
        if users::get(tx, &incoming.user_id).await?.is_some() {
            return Ok(Applied::Refused(Code::NotOwner));
        }
        return waiting::park_pin(tx, share, incoming, incoming.user_id.as_str()).await;
    };
    if blocks::is_blocked(tx, &share.channel().id, &person.id).await? {
        return Ok(Applied::Refused(Code::BlockedMember));
    }
    let mut post = match posts::lock(tx, &incoming.post_id).await? {
        None => return waiting::park_pin(tx, share, incoming, incoming.post_id.as_str()).await,
        Some(post) if post.channel_id != share.channel().id || post.is_system() => {
            return Ok(Applied::Refused(Code::NoPost));
        }
        Some(post) if post.gone_at().is_some() => return Ok(Applied::Known),
        Some(post) => post,
    };
    if pins::last(tx, &post.id).await?.is_some_and(|last| (incoming.at, incoming.pinned) <= (last.at, last.pinned)) {
        return Ok(Applied::Known);
    }
    pins::put(tx, &mut post, person.id, (incoming.pinned, incoming.at), share.origin()).await?;
    Ok(Applied::Changed)
}
