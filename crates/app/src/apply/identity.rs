//! Whom a peer means by a wire id, and for whom it may speak.

use rialto_model::{ChannelId, RemoteId, User, UserId};
use rialto_store::{StoreError, Tx, users as user_rows};

use super::{Applied, IncomingUser, users};
use crate::App;
use crate::access::ShareAccess;

/// Describes a peer's person in a conversation it opens. None if the peer may not speak for them.
pub(crate) async fn introduce(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingUser,
) -> Result<Option<User>, StoreError> {
    match users::apply(app, tx, share, incoming).await? {
        Applied::Refused(_) | Applied::Parked => Ok(None),
        Applied::Changed | Applied::Known => owned(tx, share, &incoming.wire_id).await,
    }
}

/// The person a peer means by a wire id and may speak for in the channel: in a conversation, only who takes part.
pub(super) async fn person(tx: &mut Tx, share: &ShareAccess, wire_id: &UserId) -> Result<Option<User>, StoreError> {
    let Some(person) = owned(tx, share, wire_id).await? else { return Ok(None) };
    let channel = share.channel();
    let outsider = channel.kind.is_direct_or_group()
        && rialto_store::channel_members::get(tx, &channel.id, &person.id).await?.is_none();
    Ok((!outsider).then_some(person))
}

/// The person a peer means by a wire id: one it owns, under the alias it has here if any (ruling 52). People of third
/// organisations it told of as home of another channel are not its to speak for here (ruling 53).
pub(crate) async fn owned(tx: &mut Tx, share: &ShareAccess, wire_id: &UserId) -> Result<Option<User>, StoreError> {
    let remote: RemoteId = share.remote().id;
    let id = user_rows::alias(tx, &remote, wire_id).await?.unwrap_or(*wire_id);
    let mine = |user: &User| user.remote_id == Some(remote) && (share.may_relay() || !users::is_relayed(user));
    Ok(user_rows::get(tx, &id).await?.filter(mine))
}

/// The people of these wire ids as readers of the channel know them: the peer's own, and members (ruling 61).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn known_people(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    wire_ids: &[UserId],
) -> Result<std::collections::HashMap<UserId, User>, StoreError> {
    let mut found = std::collections::HashMap::new();
    if wire_ids.is_empty() {
        return Ok(found);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    for wire_id in wire_ids {
        let id = user_rows::alias(&mut view, remote, wire_id).await?.unwrap_or(*wire_id);
        let Some(user) = user_rows::get(&mut view, &id).await? else { continue };
        let member = rialto_store::channel_members::get(&mut view, channel, &id).await?.is_some();
        if member || user.remote_id == Some(*remote) {
            found.insert(*wire_id, user);
        }
    }
    Ok(found)
}
