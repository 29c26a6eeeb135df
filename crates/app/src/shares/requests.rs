//! Channels that peers offer and that are not taken by themselves: they wait for an administrator, or for a team to put
//! the copy in. Until it is decided what is sent for them is answered "later", so that nothing is lost. Source: rulings 28
//! and 43, behaviour 8.6, E-053.

use rialto_model::{
    Channel, ChannelId, DomainEvent, Origin, Permission, RemoteCluster, RemoteId, Rule, Scope, Share, ShareId,
    ShareMode, ShareState, TeamId, policy,
};
use rialto_store::{Snapshot, StoreError, Tx, channels, remotes, share_requests, shares, teams};

pub use rialto_store::share_requests::ShareRequest;

use super::ending::Ending;
use super::received::{IncomingInvitation, InvitationRefused, destination, take};
use super::{Error, change};
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::connections::{changed, policies, require_reader};
use crate::{App, notices};

/// Waits for an administrator.
pub const APPROVAL: &str = "approval";
/// Waits for a team.
pub const DESTINATION: &str = "destination";
/// Why the share of a channel that was turned down is over.
const REFUSED: &str = "refused";

/// What an offered channel has to wait for, if it has to.
pub(super) async fn obstacle(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    invitation: &IncomingInvitation,
    existing: Option<&Channel>,
) -> Result<Option<&'static str>, StoreError> {
    // What somebody here has ended or turned down does not return by the other side's word alone (ruling 43).
    let last = shares::newest(tx, &invitation.channel_id, &remote.id).await?;
    let ended_here = last.is_some_and(|share| [Ending::UninvitedHere.reason(), REFUSED].contains(&&*share.reason));
    let approval = match policies::within(tx, &remote.id).await?.incoming {
        None => app.settings.get().workspaces.require_channel_approval,
        Some(policy::Incoming::Automatic) => false,
        Some(policy::Incoming::Approval | policy::Incoming::None) => true,
    };
    if ended_here || approval {
        return Ok(Some(APPROVAL));
    }
    let homeless = existing.is_none() && destination(tx, remote).await?.is_none();
    Ok(homeless.then_some(DESTINATION))
}

/// Keeps an offer until it is decided about, and tells the administrators of it, once. True if it is new.
pub(super) async fn keep(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    invitation: &IncomingInvitation,
    reason: &str,
) -> Result<bool, StoreError> {
    let waiting = share_requests::list(tx, &remote.id).await?;
    let known = waiting.iter().any(|one| one.channel_id == invitation.channel_id && one.reason == reason);
    let request = ShareRequest {
        remote_id: remote.id,
        channel_id: invitation.channel_id,
        reason: reason.to_owned(),
        kind: invitation.kind,
        name: invitation.name.clone(),
        display_name: invitation.display_name.chars().take(64).collect(),
        header: invitation.header.clone(),
        purpose: invitation.purpose.clone(),
        read_only: invitation.read_only,
        create_at: tx.now(),
    };
    share_requests::put(tx, &request).await?;
    if known {
        return Ok(false);
    }
    if reason == APPROVAL {
        notices::wants_approval(app, tx, remote, &request).await?;
    } else if waiting.iter().all(|one| one.reason != DESTINATION) {
        notices::wants_destination(app, tx, remote).await?;
    }
    changed(tx, &remote.id);
    Ok(true)
}

/// Whether a channel a peer offers waits to be let in.
pub(crate) async fn waits(view: &mut Snapshot, remote: &RemoteId, channel: &ChannelId) -> Result<bool, StoreError> {
    Ok(share_requests::get(view, remote, channel).await?.is_some())
}

/// The channels a peer offers that wait, for those who may look at connections; oldest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_requests(app: &App, actor: &SessionUser, remote: &RemoteId) -> Result<Vec<ShareRequest>, Error> {
    require_reader(actor)?;
    let mut view = app.db.read(app.clock.now()).await?;
    remotes::get(&mut view, remote).await?.ok_or(Denied::Absent("connection"))?;
    Ok(share_requests::list(&mut view, remote).await?)
}

/// Everything that waits and somebody who decides about it: the connection, and what it offers of a channel.
async fn decided(
    tx: &mut Tx,
    actor: &SessionUser,
    remote: &RemoteId,
    channel: &ChannelId,
) -> Result<(RemoteCluster, ShareRequest), Error> {
    actor.require(Permission::ManageSharedChannels)?;
    let remote = remotes::lock(tx, remote).await?.filter(RemoteCluster::is_live).ok_or(Denied::Absent("connection"))?;
    let request = share_requests::get(tx, &remote.id, channel).await?.ok_or(Error::NotOffered)?;
    Ok((remote, request))
}

/// Lets a channel in that waits. `team`: where to put the copy, if not in the connection's destination team.
///
/// # Errors
/// [`Error::NotOffered`], [`Error::NoTeam`], [`Error::Denied`].
pub async fn approve(
    app: &App,
    actor: &SessionUser,
    remote: &RemoteId,
    channel: &ChannelId,
    team: Option<TeamId>,
) -> Result<(Channel, RemoteCluster), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (mut remote, request) = decided(&mut tx, actor, remote, channel).await?;
    let rules = policies::within(&mut tx, &remote.id).await?;
    if rules.incoming == Some(policy::Incoming::None) {
        return Err(Error::Policy(Rule::Incoming));
    }
    policies::admits_channel(&mut tx, &remote.id, &rules, 0).await?.map_err(Error::Policy)?;
    if let Some(team) = team {
        teams::get(&mut tx, &team).await?.filter(|team| team.delete_at.is_none()).ok_or(Error::NoTeam)?;
        remote.default_team_id = Some(team);
    }
    let share = let_in(app, &mut tx, &remote, &request, actor.user_id).await?.ok_or(Error::NoTeam)?;
    let name = request.name.as_str();
    let about = About {
        action: "approve_channel",
        remote: Some(remote.id),
        channel: Some(*channel),
        result: "ok",
        detail: name,
    };
    audit::by_user(&mut tx, actor, about)?;
    let row = channels::get(&mut tx, &share.channel_id).await?.ok_or(Denied::Absent("channel"))?;
    tx.commit().await?;
    Ok((row, remote))
}

/// Lets one channel in; None while there is no team for it.
async fn let_in(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    request: &ShareRequest,
    taker: rialto_model::UserId,
) -> Result<Option<Share>, StoreError> {
    let existing = channels::lock(tx, &request.channel_id).await?;
    let invitation = IncomingInvitation {
        version: 0,
        channel_id: request.channel_id,
        kind: request.kind,
        name: request.name.clone(),
        display_name: request.display_name.clone(),
        header: request.header.clone(),
        purpose: request.purpose.clone(),
        read_only: request.read_only,
    };
    let mut share = match take(app, tx, remote, &invitation, existing, taker).await {
        Ok(share) => share,
        Err(InvitationRefused::Store(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    // By our word and not as the answer to theirs, so the other side has to be told.
    change(tx, &mut share, Origin::Local).await?;
    changed(tx, &remote.id);
    Ok(Some(share))
}

/// Turns a channel down that waits. The other side is told, and may offer it again.
///
/// # Errors
/// [`Error::NotOffered`], [`Error::Denied`].
pub async fn refuse(
    app: &App,
    actor: &SessionUser,
    remote: &RemoteId,
    channel: &ChannelId,
) -> Result<(ShareRequest, RemoteCluster), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (remote, request) = decided(&mut tx, actor, remote, channel).await?;
    share_requests::delete(&mut tx, &remote.id, channel).await?;
    let now = tx.now();
    // A share that never began: its end is what the sender tells the other side.
    let share = Share {
        id: app.ids.id(ShareId::from_random),
        channel_id: *channel,
        remote_id: remote.id,
        home: false,
        creator_id: actor.user_id,
        mode: if request.read_only { ShareMode::ReadOnly } else { ShareMode::Participation },
        state: ShareState::Ended,
        reason: REFUSED.to_owned(),
        description: String::new(),
        create_at: now,
        update_at: now,
        from_seq: None,
        last_sync_at: None,
    };
    shares::insert(&mut tx, &share).await?;
    tx.record(
        Scope::Channel(*channel),
        Origin::Local,
        DomainEvent::ShareEnded { share: share.id, channel: *channel, remote: remote.id },
    );
    let about = About {
        action: "refuse_channel",
        remote: Some(remote.id),
        channel: Some(*channel),
        result: "ok",
        detail: &request.name,
    };
    audit::by_user(&mut tx, actor, about)?;
    changed(&mut tx, &remote.id);
    tx.commit().await?;
    Ok((request, remote))
}

/// Lets in what only waited for a team, now that the connection has another one (E-053).
pub(crate) async fn let_in_waiting(app: &App, tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    let rules = policies::within(tx, &remote.id).await?;
    if rules.incoming == Some(policy::Incoming::None) {
        return Ok(());
    }
    for request in share_requests::list(tx, &remote.id).await? {
        let admitted = policies::admits_channel(tx, &remote.id, &rules, 0).await?.is_ok();
        if request.reason == DESTINATION && remote.is_live() && admitted {
            let_in(app, tx, remote, &request, remote.creator_id).await?;
        }
    }
    Ok(())
}
