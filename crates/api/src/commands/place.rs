//! Where a line was typed: a channel in which its author may write, the team around it, perhaps a thread.

use rialto_app::access::{self, ChannelAccess};
use rialto_app::{App, Denied, SessionUser, teams};
use rialto_model::{Channel, ChannelId, Permission, PermissionSet, PostId, RequestId, TeamId};

/// A place, as its author found it. There is no other way to make one than to be allowed to write there.
#[derive(Debug, Clone)]
pub struct Place {
    access: ChannelAccess,
    permissions: PermissionSet,
    /// The team people see around it: that of the channel, or, in a direct message, the one they have in view.
    pub team: Option<TeamId>,
    /// The thread whose reply box it was.
    pub root: Option<PostId>,
    /// The number under which a fault is found in the log.
    pub request: RequestId,
}

/// A place as a client names it.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// The channel.
    pub channel: ChannelId,
    /// The team in view.
    pub team: Option<TeamId>,
    /// The thread.
    pub root: Option<PostId>,
}

impl Place {
    /// The place `named`, if `actor` may write there (`create_post`, client-api 5.6). A channel that is shared to us
    /// read-only is a place too: commands write nothing into it.
    ///
    /// # Errors
    /// [`Denied`]; whether the channel exists is not for everybody to know.
    pub async fn find(app: &App, actor: &SessionUser, named: Named, request: RequestId) -> Result<Place, Denied> {
        let mut view = app.db.read(app.clock.now()).await?;
        let access = access::channel(&mut view, actor, &named.channel, Permission::CreatePost).await?;
        drop(view);
        let team = match (access.channel().team_id, named.team) {
            (Some(team), _) => Some(team),
            // A claim of the client's: it counts if the author can see that team.
            (None, Some(team)) => teams::get(app, actor, &team).await.ok().map(|seen| seen.team.id),
            (None, None) => None,
        };
        let permissions = permissions(actor, Some(&access));
        Ok(Place { access, permissions, team, root: named.root, request })
    }

    /// The channel.
    pub fn channel(&self) -> &Channel {
        self.access.channel()
    }

    /// The proof that its author may write there.
    pub fn access(&self) -> &ChannelAccess {
        &self.access
    }

    /// What its author may do here, as far as commands ask for it.
    pub fn permissions(&self) -> PermissionSet {
        self.permissions
    }
}

/// The permissions commands ask for that `actor` holds, in a channel if there is one.
pub fn permissions(actor: &SessionUser, access: Option<&ChannelAccess>) -> PermissionSet {
    let mut set = PermissionSet::default();
    for permission in [Permission::ManageSecureConnections, Permission::ManageSharedChannels] {
        if actor.may(permission) || access.is_some_and(|access| access.may(permission)) {
            set.insert(permission);
        }
    }
    set
}
