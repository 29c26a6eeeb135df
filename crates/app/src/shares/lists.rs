//! Shares as people see them: of a channel, of a team, of a connection.

use rialto_model::{Channel, ChannelId, Permission, RemoteCluster, RemoteId, Share, TeamId};
use rialto_store::{channel_members as member_rows, channels, remotes, shares};

use super::Error;
use crate::App;
use crate::access::{self, Denied, SessionUser};

/// A share as tables and lists show it.
#[derive(Debug, Clone)]
pub struct ShareRow {
    /// The share.
    pub share: Share,
    /// With whom.
    pub remote: RemoteCluster,
}

/// The shares of a channel its reader may see, the home organisation first on a copy.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<(Channel, Vec<ShareRow>), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::readable_channel(&mut view, actor, id).await?;
    let mut rows = Vec::new();
    for share in shares::list_for_status(&mut view, id).await? {
        if let Some(remote) = remotes::get(&mut view, &share.remote_id).await? {
            rows.push(ShareRow { share, remote });
        }
    }
    rows.sort_by_key(|row| row.share.home);
    Ok((access.into_channel(), rows))
}

/// A shared channel of a team, with what is known of its sharing.
#[derive(Debug, Clone)]
pub struct SharedChannel {
    /// The channel.
    pub channel: Channel,
    /// Its oldest live share: on a copy the only one.
    pub share: Share,
}

/// The shared channels of a team: the actor's own, or all for those who manage sharing (behaviour 4.2).
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_of_team(app: &App, actor: &SessionUser, team: &TeamId) -> Result<Vec<SharedChannel>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let mut found: Vec<SharedChannel> = Vec::new();
    for share in shares::list_of_team(&mut view, team).await? {
        if found.iter().any(|known| known.channel.id == share.channel_id) {
            continue;
        }
        let Some(channel) = channels::get(&mut view, &share.channel_id).await? else { continue };
        let member = member_rows::get(&mut view, &channel.id, &actor.user_id).await?.is_some();
        if member || access.may(Permission::ManageSharedChannels) {
            found.push(SharedChannel { channel, share });
        }
    }
    Ok(found)
}

/// The organisations of a channel its reader may see, each with how the channel is shared with it; None: not any more.
///
/// # Errors
/// [`Error::Denied`].
pub async fn organisations(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
) -> Result<Vec<(RemoteCluster, Option<Share>)>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    let live = shares::list_of_channel(&mut view, id).await?;
    let remotes = remotes::list_of_channel(&mut view, id).await?;
    let with_share = |remote: RemoteCluster| {
        let share = live.iter().find(|share| share.remote_id == remote.id).cloned();
        (remote, share)
    };
    Ok(remotes.into_iter().map(with_share).collect())
}

/// The shares of a connection, for those who may look at connections.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_of_remote(
    app: &App,
    actor: &SessionUser,
    remote: &RemoteId,
    ended: bool,
) -> Result<Vec<Share>, Error> {
    crate::connections::require_reader(actor)?;
    let mut view = app.db.read(app.clock.now()).await?;
    remotes::get(&mut view, remote).await?.ok_or(Denied::Absent("connection"))?;
    Ok(shares::list_of_remote(&mut view, remote, ended).await?)
}

// What follows happens between servers, not at an administrator's word.
