//! What peers are told of people beside their profiles: presence, and what they have acknowledged. Source: wire 5.9, 9.3.

use std::collections::BTreeSet;

use rialto_model::{Acknowledgement, PostId, User, UserId};
use rialto_store::statuses::{self, Status};
use rialto_store::{Snapshot, StoreError, acknowledgements, posts, users};

use super::load::given;
use super::{Contents, Wanted};
use crate::shares::direct;
use crate::statuses::Presence;

/// The present presence of whom it is to be told of: people whose presence changed, and newcomers who are not offline,
/// which is what everybody is to a peer that has heard nothing. However often it changed, the present one goes once.
pub(super) async fn load_statuses(
    view: &mut Snapshot,
    contents: &mut Contents,
    wanted: &Wanted,
    newcomers: &[UserId],
) -> Result<(), StoreError> {
    let changed: BTreeSet<UserId> = wanted.statuses.iter().copied().collect();
    let ids: Vec<UserId> = changed.iter().chain(newcomers).copied().collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = statuses::list(view, &ids).await?;
    for person in users::list_by_ids(view, &ids).await? {
        let theirs = person.remote_id == Some(contents.remote.id);
        if theirs || (!contents.share.home && person.remote_id.is_some()) {
            continue;
        }
        let Some(status) = known.iter().find(|status| status.user_id == person.id) else { continue };
        if changed.contains(&person.id) || status.status != Presence::Offline.as_str() {
            contents.statuses.push(told(status, &person));
            note_wire_id(view, contents, &person.id).await?;
        }
    }
    Ok(())
}

/// Whoever is deactivated has left, whatever their last presence was.
fn told(status: &Status, person: &User) -> Status {
    match person.delete_at {
        None => status.clone(),
        Some(_) => {
            Status { status: Presence::Offline.as_str().to_owned(), manual: false, dnd_end_time: 0, ..status.clone() }
        }
    }
}

/// Acknowledgements as they are now, of posts the peer was given.
pub(super) async fn load_acknowledgements(
    view: &mut Snapshot,
    contents: &mut Contents,
    wanted: &Wanted,
) -> Result<(), StoreError> {
    if wanted.acknowledgements.is_empty() {
        return Ok(());
    }
    let direct = direct::speak_for_themselves(view, &contents.channel).await?;
    let keys: BTreeSet<(PostId, UserId)> = wanted.acknowledgements.iter().copied().collect();
    let about: Vec<PostId> = keys.iter().map(|(post, _)| *post).collect::<BTreeSet<_>>().into_iter().collect();
    let shared = given(view, contents, &about).await?;
    for (post, user) in keys {
        let Some(ack) = acknowledgements::get(view, &post, &user).await? else { continue };
        if ack.remote_id.is_some_and(|owner| direct.contains(&owner)) || !shared.contains(&post) {
            continue;
        }
        if posts::get(view, &post).await?.is_some_and(|post| post.gone_at().is_none()) {
            contents.acknowledgements.push(ack);
        }
    }
    Ok(())
}

/// Who has acknowledged.
pub(super) fn acknowledgers(list: &[Acknowledgement]) -> impl Iterator<Item = UserId> {
    list.iter().map(|ack| ack.user_id)
}

async fn note_wire_id(view: &mut Snapshot, contents: &mut Contents, user: &UserId) -> Result<(), StoreError> {
    if let Some(wire_id) = users::wire_id(view, user).await? {
        contents.wire_ids.insert(*user, wire_id);
    }
    Ok(())
}
