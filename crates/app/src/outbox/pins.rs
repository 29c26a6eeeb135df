//! Pins a peer is told of: the last word on each, if it is not the peer's own. Source: ruling 8.4.

use std::collections::BTreeSet;

use rialto_model::{PostId, UserId};
use rialto_store::pins::{self, Pin};
use rialto_store::{Snapshot, StoreError, posts, users};

use super::{Contents, Wanted};
use crate::shares::direct;

/// The last words on posts, by whoever may be spoken for.
pub(super) async fn load(view: &mut Snapshot, contents: &mut Contents, wanted: &Wanted) -> Result<(), StoreError> {
    let ids: BTreeSet<PostId> = wanted.pins.iter().copied().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let direct = direct::speak_for_themselves(view, &contents.channel).await?;
    for id in ids {
        let Some(pin) = pins::get(view, &id).await? else { continue };
        let Some(person) = users::get(view, &pin.user_id).await? else { continue };
        let theirs = person.remote_id == Some(contents.remote.id);
        let spoken_for = person.remote_id.is_some_and(|owner| !contents.share.home || direct.contains(&owner));
        let stands = posts::get(view, &id).await?.is_some_and(|post| post.gone_at().is_none() && !post.is_system());
        if !theirs && !spoken_for && stands {
            contents.pins.push(pin);
        }
    }
    Ok(())
}

/// Who has pinned.
pub(super) fn pinners(list: &[Pin]) -> impl Iterator<Item = UserId> {
    list.iter().map(|pin| pin.user_id)
}
