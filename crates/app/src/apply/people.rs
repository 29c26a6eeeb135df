//! What peers say of their people beside profiles: presence, and what they have acknowledged. Source: wire 7.5, 7.7.

use rialto_model::{Acknowledgement, Millis};
use rialto_store::statuses::Status;
use rialto_store::{StoreError, Tx, acknowledgements, blocks, posts, users};

use super::{Applied, Code, IncomingAcknowledgement, IncomingStatus, owned, person, waiting};
use crate::access::ShareAccess;
use crate::{acknowledgements as acknowledgement_rules, statuses};

/// Presence of a person the peer owns. Unknown people, ours and those of other connections are refused (AT-19).
pub(super) async fn apply_status(
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingStatus,
) -> Result<Applied, StoreError> {
    let Some(person) = owned(tx, share, &incoming.user_id).await? else {
        return Ok(Applied::Refused(Code::NoUser));
    };
    let status = Status {
        user_id: person.id,
        status: incoming.status.clone(),
        manual: incoming.manual,
        last_activity_at: incoming.last_activity_at.min(tx.now()),
        dnd_end_time: incoming.dnd_end_time.max(0),
    };
    let changed = statuses::write_of(tx, &status, share.origin()).await?;
    Ok(if changed { Applied::Changed } else { Applied::Known })
}

/// An acknowledgement by a person the peer owns, or the end of one. Readers of a read-only share may acknowledge
/// (behaviour 4.3, SC-068). Repetitions change nothing; what others have acknowledged stays (ruling 64).
pub(super) async fn apply_acknowledgement(
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingAcknowledgement,
) -> Result<Applied, StoreError> {
    let Some(person) = person(tx, share, &incoming.user_id).await? else {
        if incoming.beside_post {
            return Ok(Applied::Known);
        }
        if users::get(tx, &incoming.user_id).await?.is_some() {
            return Ok(Applied::Refused(Code::NotOwner));
        }
        return waiting::park_acknowledgement(tx, share, incoming, incoming.user_id.as_str()).await;
    };
    if blocks::is_blocked(tx, &share.channel().id, &person.id).await? {
        return Ok(Applied::Refused(Code::BlockedMember));
    }
    match posts::get(tx, &incoming.post_id).await? {
        None => return waiting::park_acknowledgement(tx, share, incoming, incoming.post_id.as_str()).await,
        Some(post) if post.channel_id != share.channel().id => return Ok(Applied::Refused(Code::NoPost)),
        Some(post) if post.gone_at().is_some() => return Ok(Applied::Known),
        Some(_) => {}
    }
    let before = acknowledgements::get(tx, &incoming.post_id, &person.id).await?;
    let was_made = before.is_some_and(|ack| ack.acknowledged_at.is_some());
    if was_made == incoming.acknowledged_at.is_some() {
        return Ok(Applied::Known);
    }
    let ack = Acknowledgement {
        user_id: person.id,
        post_id: incoming.post_id,
        channel_id: share.channel().id,
        // Never in the future (ruling 59).
        acknowledged_at: incoming.acknowledged_at.map(|at: Millis| at.min(tx.now())),
        remote_id: Some(share.remote().id),
    };
    acknowledgement_rules::put(tx, &ack, share.origin()).await?;
    Ok(Applied::Changed)
}
