//! How posts of a peer's people fared with third organisations: what the home of a channel tells. Source: ruling 8.4.

use std::collections::BTreeSet;

use rialto_model::{PostId, RemoteId};
use rialto_store::{Snapshot, StoreError, posts};

use super::{Contents, Wanted};
use crate::delivery_states::{self, Receipt};

/// How they stand now; posts that are the peer's own and still there.
pub(super) async fn load(view: &mut Snapshot, contents: &mut Contents, wanted: &Wanted) -> Result<(), StoreError> {
    let keys: BTreeSet<(RemoteId, PostId)> = wanted.receipts.iter().copied().collect();
    for (third, id) in keys {
        let own = |post: &rialto_model::Post| {
            post.remote_id == Some(contents.remote.id)
                && post.channel_id == contents.channel.id
                && post.delete_at.is_none()
        };
        if third == contents.remote.id
            || !contents.share.home
            || !posts::get(view, &id).await?.is_some_and(|post| own(&post))
        {
            continue;
        }
        if let Some((organisation, state, code)) = delivery_states::receipt(view, &third, &id).await? {
            contents.receipts.push(Receipt { post: id, organisation, state, code });
        }
    }
    Ok(())
}
