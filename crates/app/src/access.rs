//! Who acts, and proof that they may: the only way to a team or channel somebody wants to act in.
//!
//! Obtaining an object *is* the check. It is made in the transaction that will use it, so what was allowed is still
//! allowed when the write happens.

use rialto_model::{
    Channel, ChannelId, ChannelKind, Origin, Permission, PermissionSet, RemoteCluster, RemoteId, SessionId, Share,
    ShareMode, ShareState, Team, TeamId, User, UserId,
};
use rialto_store::{Snapshot, StoreError, channels, remotes, shares, team_members, teams};

use crate::App;
use crate::shares::direct::{self, Unreachable};

/// Why something was not handed out. What of it is revealed, the edges decide (INV-9).
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denied {
    /// There is no such thing.
    #[error("no such {0}")]
    Absent(&'static str),
    /// It exists, but not for this actor.
    #[error("lacks {}", .0.name())]
    Forbidden(Permission),
    /// The home of the channel shares it read-only; that binds everybody here (SC-067).
    #[error("the channel is shared read-only")]
    ReadOnlyShare,
    /// A conversation with people of other servers that goes on no more, or not at present (behaviour 4.7).
    #[error("{0}")]
    Closed(Unreachable),
    /// The channel of a share is archived here, or waits to be let in: nothing is taken for it until that has changed
    /// (E-056, E-057, ruling 28).
    #[error("the channel takes nothing now")]
    Paused,
    /// Storage failed while looking.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct SessionUser {
    /// Who.
    pub user_id: UserId,
    /// Through which sign-in.
    pub session_id: SessionId,
    /// An integration's account.
    pub is_bot: bool,
    system: PermissionSet,
}

impl SessionUser {
    /// The actor of an authenticated session. For `sessions` alone to call, with the account it has just read.
    pub(crate) fn new(user: &User, session_id: SessionId) -> Self {
        let system = PermissionSet::of_roles(user.system_roles());
        Self { user_id: user.id, session_id, is_bot: user.is_bot, system }
    }

    /// Somebody in whose name something is done that they have asked for before: with the rights of this moment, and of no
    /// sign-in.
    pub(crate) fn in_absence(user: &User) -> Self {
        Self::new(user, SessionId::from_random([0; 16]))
    }

    /// Whether a system role allows it.
    pub fn may(&self, permission: Permission) -> bool {
        self.system.allows(permission)
    }

    /// Demands that a system role allows it.
    ///
    /// # Errors
    /// [`Denied::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.may(permission) { Ok(()) } else { Err(Denied::Forbidden(permission)) }
    }
}

/// A peer whose credential was checked; there is no other way to make one (INV-1).
#[derive(Debug, Clone)]
pub struct RemoteActor {
    remote: RemoteCluster,
}

impl RemoteActor {
    /// The actor behind a credential. For `connections` alone to call, after comparing it.
    pub(crate) fn new(remote: RemoteCluster) -> Self {
        Self { remote }
    }

    /// The connection it came over.
    pub fn id(&self) -> RemoteId {
        self.remote.id
    }

    /// The record of the connection, as of the check.
    pub fn remote(&self) -> &RemoteCluster {
        &self.remote
    }
}

/// Proof that somebody signed in holds a permission in a channel.
#[derive(Debug, Clone)]
pub struct ChannelAccess {
    channel: Channel,
    user: UserId,
    is_member: bool,
    permissions: PermissionSet,
}

impl ChannelAccess {
    /// The channel; its counters are not read.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Takes the channel out.
    pub fn into_channel(self) -> Channel {
        self.channel
    }

    /// Whose access it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Whether that person is a member.
    pub fn is_member(&self) -> bool {
        self.is_member
    }

    /// Demands a further permission in the channel.
    ///
    /// # Errors
    /// [`Denied::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.may(permission) { Ok(()) } else { Err(Denied::Forbidden(permission)) }
    }

    /// Whether that person holds another permission in the channel as well.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.allows(permission)
    }

    /// What people of this server do has their server as origin.
    pub fn origin(&self) -> Origin {
        Origin::Local
    }
}

/// The channel `id`, if `actor` holds `needs` in it.
///
/// Direct and group channels are open to their members only, whatever system role somebody has (ruling 70).
///
/// # Errors
/// [`Denied`].
pub async fn channel(
    view: &mut Snapshot,
    actor: &SessionUser,
    id: &ChannelId,
    needs: Permission,
) -> Result<ChannelAccess, Denied> {
    let access = look(view, actor, id).await?;
    if access.may(needs) { Ok(access) } else { Err(Denied::Forbidden(needs)) }
}

/// The channel `id`, if `actor` may read it: members, people of the team where it is public, administrators (ruling 70).
///
/// # Errors
/// [`Denied`].
pub async fn readable_channel(
    view: &mut Snapshot,
    actor: &SessionUser,
    id: &ChannelId,
) -> Result<ChannelAccess, Denied> {
    let access = look(view, actor, id).await?;
    let public = access.channel.kind == ChannelKind::Public && access.may(Permission::ReadPublicChannel);
    if public || access.may(Permission::ReadChannel) {
        Ok(access)
    } else {
        Err(Denied::Forbidden(Permission::ReadChannel))
    }
}

async fn look(view: &mut Snapshot, actor: &SessionUser, id: &ChannelId) -> Result<ChannelAccess, Denied> {
    let found = channels::rights(view, id, &actor.user_id).await?;
    let rights = found.ok_or(Denied::Absent("channel"))?;
    let mut permissions = PermissionSet::in_channel(rights.channel_roles, rights.moderation);
    if rights.channel.kind.is_direct_or_group() {
        if !rights.is_member {
            permissions = PermissionSet::default();
        }
    } else {
        permissions.extend(actor.system);
        permissions.extend(PermissionSet::of_roles(rights.team_roles));
    }
    Ok(ChannelAccess { channel: rights.channel, user: actor.user_id, is_member: rights.is_member, permissions })
}

/// Demands that the channel is not shared to us read-only: then nobody here writes, administrators included; and of a
/// conversation with people of other servers, that they can be reached.
///
/// # Errors
/// [`Denied::ReadOnlyShare`], [`Denied::Closed`].
pub async fn writable(app: &App, view: &mut Snapshot, channel: &Channel) -> Result<(), Denied> {
    if channel.kind.is_direct_or_group() {
        return direct::standing(app, view, channel).await.map(|_| ());
    }
    let Some(origin) = channel.origin.filter(|_| channel.shared) else { return Ok(()) };
    match shares::get_live(view, &channel.id, &origin).await? {
        // Nor is a copy written in while its home has archived the channel (M-15).
        Some(share) if !share.home && (share.mode == ShareMode::ReadOnly || share.state == ShareState::Paused) => {
            Err(Denied::ReadOnlyShare)
        }
        _ => Ok(()),
    }
}

/// Proof that somebody signed in holds a permission in a team.
#[derive(Debug, Clone)]
pub struct TeamAccess {
    team: Team,
    permissions: PermissionSet,
}

impl TeamAccess {
    /// The team.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// Whether the person holds another permission in the team as well.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.allows(permission)
    }
}

/// The team `id`, if `actor` holds `needs` in it.
///
/// # Errors
/// [`Denied`].
pub async fn team(
    view: &mut Snapshot,
    actor: &SessionUser,
    id: &TeamId,
    needs: Permission,
) -> Result<TeamAccess, Denied> {
    let team = teams::get(view, id).await?.ok_or(Denied::Absent("team"))?;
    let member = team_members::get(view, id, &actor.user_id).await?.filter(|member| member.delete_at.is_none());
    let mut permissions = actor.system;
    if let Some(member) = member {
        permissions.extend(PermissionSet::of_roles(member.roles()));
    }
    if permissions.allows(needs) { Ok(TeamAccess { team, permissions }) } else { Err(Denied::Forbidden(needs)) }
}

/// The team of something `maker` has made in it, if `actor` may change that: one's own with the first permission, anybody's
/// with the second.
///
/// # Errors
/// [`Denied`].
pub async fn team_of_made(
    view: &mut Snapshot,
    actor: &SessionUser,
    id: &TeamId,
    maker: &UserId,
    (own, others): (Permission, Permission),
) -> Result<TeamAccess, Denied> {
    team(view, actor, id, if *maker == actor.user_id { own } else { others }).await
}

/// Proof that a peer takes part in a channel now (INV-3).
#[derive(Debug, Clone)]
pub struct ShareAccess {
    remote: RemoteCluster,
    share: Share,
    channel: Channel,
}

impl ShareAccess {
    /// The access of a peer that is just being let into a conversation. For `shares` alone to call, in the transaction
    /// that writes share and channel.
    pub(crate) fn of_conversation(remote: RemoteCluster, share: Share, channel: Channel) -> Self {
        Self { remote, share, channel }
    }

    /// The connection.
    pub fn remote(&self) -> &RemoteCluster {
        &self.remote
    }

    /// The share.
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// The channel.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// What a peer does has the peer as origin: nothing goes back to it.
    pub fn origin(&self) -> Origin {
        Origin::Remote(self.remote.id)
    }

    /// Whether the peer may add content. The home may always; guests not under a read-only share (ruling 42).
    pub fn may_write(&self) -> bool {
        !self.share.home || self.share.mode == ShareMode::Participation
    }

    /// Whether the peer may speak for third organisations: only the home of the channel may (ruling 53).
    pub fn may_relay(&self) -> bool {
        !self.share.home
    }
}

/// The connection of a peer, as it stands now.
///
/// # Errors
/// [`Denied::Absent`] for one that ended since its credential was checked (INV-11).
pub async fn peer(view: &mut Snapshot, actor: &RemoteActor) -> Result<RemoteCluster, Denied> {
    let found = remotes::get(view, &actor.id()).await?;
    found.filter(RemoteCluster::is_live).ok_or(Denied::Absent("connection"))
}

/// The share of channel `id` with the peer. Unknown, foreign and unshared channels are refused alike (INV-9).
///
/// # Errors
/// [`Denied::Absent`], [`Denied::Paused`]; a connection that ended since its credential was checked is refused too (INV-11).
pub async fn share(view: &mut Snapshot, actor: &RemoteActor, id: &ChannelId) -> Result<ShareAccess, Denied> {
    let absent = Denied::Absent("share");
    let remote = remotes::get(view, &actor.id()).await?.filter(RemoteCluster::is_live);
    let share = shares::get_live(view, id, &actor.id()).await?;
    if share.is_none() && remote.is_some() && crate::shares::waits(view, &actor.id(), id).await? {
        return Err(Denied::Paused);
    }
    let channel = channels::get(view, id).await?;
    match (remote, share, channel) {
        (Some(remote), Some(share), Some(channel)) => match share.state {
            // The peer may answer our invitation with items before its answer has reached us.
            ShareState::Active | ShareState::Invited | ShareState::Paused => {
                if crate::shares::is_archived(view, &channel).await? {
                    return Err(Denied::Paused);
                }
                Ok(ShareAccess { remote, share, channel })
            }
            ShareState::Queued | ShareState::Failed | ShareState::Ended => Err(absent),
        },
        _ => Err(absent),
    }
}
