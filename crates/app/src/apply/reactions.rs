//! Reactions a peer sends: state by the owner's version, so that repetitions and wrong orders change nothing (E-040).

use rialto_model::{Millis, Reaction};
use rialto_store::{StoreError, Tx, blocks, posts, reactions};

use super::{Applied, Code, IncomingReaction, person, waiting};
use crate::access::ShareAccess;
use crate::reactions as reaction_rules;

/// Different emoji one post may carry, whoever they come from.
const MOST_EMOJI: i64 = 500;

pub(super) async fn apply(
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingReaction,
) -> Result<Applied, StoreError> {
    if !share.may_write() {
        return Ok(Applied::Refused(Code::ReadOnly));
    }
    let Some(person) = person(tx, share, &incoming.user_id).await? else {
        if rialto_store::users::get(tx, &incoming.user_id).await?.is_some() {
            return Ok(Applied::Refused(Code::NotOwner));
        }
        return waiting::park_reaction(tx, share, incoming, incoming.user_id.as_str()).await;
    };
    if incoming.delete_at.is_none() && blocks::is_blocked(tx, &share.channel().id, &person.id).await? {
        return Ok(Applied::Refused(Code::BlockedMember));
    }
    match posts::get(tx, &incoming.post_id).await? {
        None => return waiting::park_reaction(tx, share, incoming, incoming.post_id.as_str()).await,
        Some(post) if post.channel_id != share.channel().id => return Ok(Applied::Refused(Code::NoPost)),
        Some(post) if post.gone_at().is_some() => return Ok(Applied::Known),
        Some(_) => {}
    }
    let version = incoming.version();
    let before = reactions::get(tx, &incoming.post_id, &person.id, &incoming.emoji_name).await?;
    if before.as_ref().is_some_and(|known| version <= known.remote_update_at) {
        return Ok(Applied::Known);
    }
    let was_live = before.as_ref().is_some_and(|known| known.reaction.delete_at.is_none());
    let is_live = incoming.delete_at.is_none();
    if is_live
        && !was_live
        && reactions::count_other_emoji(tx, &incoming.post_id, &incoming.emoji_name).await? >= MOST_EMOJI
    {
        return Ok(Applied::Refused(Code::Quota));
    }
    let now = tx.now();
    let local = before.map_or(now, |known| known.reaction.update_at.next_version(now));
    let reaction = Reaction {
        user_id: person.id,
        post_id: incoming.post_id,
        channel_id: share.channel().id,
        emoji_name: incoming.emoji_name.clone(),
        create_at: if incoming.create_at.0 > 0 { incoming.create_at.min(now) } else { now },
        update_at: local,
        delete_at: incoming.delete_at.map(|_| local),
        remote_id: Some(share.remote().id),
    };
    if was_live == is_live {
        // A later version of the same state: remembered, no news.
        reactions::put(tx, &reaction, version).await?;
        return Ok(Applied::Known);
    }
    let version = version.max(Millis(1));
    if incoming.history && !share.share().home {
        // No news, and the post does not look changed just now (behaviour 8.1).
        reactions::put(tx, &reaction, version).await?;
        posts::touch_reactions(tx, &reaction.post_id, Millis(0))?;
    } else {
        reaction_rules::put(tx, &reaction, version, share.origin()).await?;
    }
    Ok(Applied::Changed)
}
