//! That somebody types: told to whoever is in the channel right now, and stored nowhere. Between Rialtos it goes along where
//! both sides want it. Source: client-api 9.2, ruling 8.9, ruling 56.

use rialto_model::{ChannelId, Permission, PostId, RemoteCluster, RemoteId, ShareState, UserId};
use rialto_store::{StoreError, blocks, posts, remotes, shares, users};

use crate::access::{self, Denied, RemoteActor, SessionUser};
use crate::apply::RELAYED;
use crate::{App, Volatile};

/// The capability of a peer that takes the word that somebody types.
pub const CAPABILITY: &str = "typing";

/// Tells a channel that the actor types, in the thread `root` if given. Where nobody may write, nothing is told.
/// Source: client-api 9.2.
///
/// # Errors
/// [`Denied`] without `create_post` in the channel.
pub async fn announce(app: &App, actor: &SessionUser, channel: &ChannelId, root: Option<PostId>) -> Result<(), Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::channel(&mut view, actor, channel, Permission::CreatePost).await?;
    if !access.channel().is_archived() && access::writable(app, &mut view, access.channel()).await.is_ok() {
        app.bus.tell(Volatile::Typing { channel: *channel, user: actor.user_id, root, from: None });
    }
    Ok(())
}

/// What a peer says of somebody who types.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where.
    pub channel: ChannelId,
    /// Who, by the id on the wire.
    pub user: UserId,
    /// In which thread.
    pub root: Option<PostId>,
}

/// Who types there, if the peer may say so of them: a person it speaks for, in a channel it shares and may write in, in a
/// thread of that channel. Anything else is None; nothing is answered with a reason (INV-9, G-19).
///
/// # Errors
/// As the database says.
pub async fn of_peer(app: &App, actor: &RemoteActor, told: &Told) -> Result<Option<UserId>, StoreError> {
    if !app.settings.get().remote_typing_enabled() {
        return Ok(None);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let share = match access::share(&mut view, actor, &told.channel).await {
        Ok(share) if share.may_write() => share,
        Ok(_) => return Ok(None),
        Err(Denied::Store(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let user = users::alias(&mut view, &actor.id(), &told.user).await?.unwrap_or(told.user);
    let Some(person) = users::get(&mut view, &user).await? else { return Ok(None) };
    let theirs = person.remote_id == Some(actor.id()) && person.delete_at.is_none();
    if !theirs || (person.props.contains_key(RELAYED) && !share.may_relay()) {
        return Ok(None);
    }
    if blocks::is_blocked(&mut view, &told.channel, &user).await? {
        return Ok(None);
    }
    if let Some(root) = &told.root
        && posts::get(&mut view, root).await?.is_none_or(|post| post.channel_id != told.channel)
    {
        return Ok(None);
    }
    Ok(Some(user))
}

/// Tells a channel that a peer's person types there, whom [`of_peer`] has found.
pub fn tell(app: &App, actor: &RemoteActor, told: &Told, user: UserId) {
    let from = Some(actor.id());
    app.bus.tell(Volatile::Typing { channel: told.channel, user, root: told.root, from });
}

/// Which peers are to hear that somebody types, and what they call the person: of our people all that share the channel
/// for writing; of a peer's people the others, if the channel is ours (ruling 8.9).
///
/// # Errors
/// As the database says.
pub async fn listeners(
    app: &App,
    channel: &ChannelId,
    user: &UserId,
    from: Option<RemoteId>,
) -> Result<(UserId, Vec<RemoteCluster>), StoreError> {
    let settings = app.settings.get();
    if !settings.remote_typing_enabled() {
        return Ok((*user, Vec::new()));
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = Vec::new();
    for share in shares::list_of_channel(&mut view, channel).await? {
        let passes = from.is_none() || (share.home && from != Some(share.remote_id));
        if share.state != ShareState::Active || !passes {
            continue;
        }
        let remote = remotes::get(&mut view, &share.remote_id).await?;
        let offline_after = settings.offline_after_ms();
        let wants = |remote: &RemoteCluster| remote.has(CAPABILITY) && remote.is_online(app.clock.now(), offline_after);
        found.extend(remote.filter(wants));
    }
    let wire_id = users::wire_id(&mut view, user).await?.unwrap_or(*user);
    Ok((wire_id, found))
}
