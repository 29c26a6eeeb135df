//! Channels a peer offers: whether they are taken, and what the copy is called. Source: wire 5.3, rulings 43 and 44.

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Origin, PeerProfile, RemoteCluster, Rule, Scope, Share, ShareId,
    ShareMode, ShareState, TeamId, UserId, policy,
};
use rialto_store::{StoreError, Tx, channels, remotes, share_requests, shares, team_members, teams};

use super::{change, requests, set_shared, tell_active, tell_mode};
use crate::access::RemoteActor;
use crate::audit::{self, About};
use crate::connections::{policies, quotas};
use crate::{App, channel_members, channels as channel_rules, notices};

/// An invitation a peer sent, checked for form.
#[derive(Debug, Clone)]
pub struct IncomingInvitation {
    /// The channel, same id here.
    pub channel_id: ChannelId,
    /// Public or private.
    pub kind: ChannelKind,
    /// Wanted name.
    pub name: String,
    /// Wanted shown name.
    pub display_name: String,
    /// Text above the messages.
    pub header: String,
    /// What for.
    pub purpose: String,
    /// Nobody here writes.
    pub read_only: bool,
    /// Counts with the versions of the peer's words on the share (ruling 8.6): one that comes late changes nothing.
    /// 0: an administrator here lets it in later.
    pub version: i64,
}

/// Why a peer's invitation was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InvitationRefused {
    /// The id is in use here and no former copy of the same home (INV-4, INV-6, ruling 43).
    #[error("the channel exists")]
    Exists,
    /// A later word of the peer's has ended this share already.
    #[error("the invitation is out of date")]
    Outdated,
    /// It was kept, and waits for an administrator or for a team to put the copy in (rulings 28 and 43).
    #[error("the channel waits to be let in")]
    Waits,
    /// No team to put the copy in; may work later.
    #[error("no destination team")]
    NoTeam,
    /// More shared channels than one peer may bring.
    #[error("too many channels")]
    Quota,
    /// More channels than the peer may bring in a day; works later (E-135).
    #[error("too many channels today")]
    TooMany,
    /// A rule of the connection forbids it (behaviour 8.6).
    #[error("the rule {0} of the connection forbids it")]
    Policy(Rule),
    /// Direct and group messages are off here.
    #[error("direct messages are off")]
    Disabled,
    /// Not between people of the peer's and ours, or one of them cannot be reached.
    #[error("these people cannot be reached")]
    People,
    /// The peer's people are still those of an earlier connection; may work later.
    #[error("the peer has not been called yet")]
    NotYet,
    /// Storage failed; may work later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies one peer may bring (ruling README 2: counts are capped).
pub(super) const MAX_COPIES: usize = 2_000;

/// Takes a peer's invitation: makes the copy, or goes on with a former one. Idempotent (SC-064, wire 5.3).
///
/// # Errors
/// [`InvitationRefused`].
pub async fn accept(
    app: &App,
    actor: &RemoteActor,
    invitation: IncomingInvitation,
) -> Result<Share, InvitationRefused> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, &actor.id()).await?.ok_or(InvitationRefused::Exists)?;
    let mode = if invitation.read_only { ShareMode::ReadOnly } else { ShareMode::Participation };
    let existing = channels::lock(&mut tx, &invitation.channel_id).await?;
    let late = invitation.version < shares::peer_version(&mut tx, &invitation.channel_id, &remote.id).await?;
    if let Some(channel) = &existing {
        if channel.origin != Some(remote.id) || channel.kind.is_direct_or_group() {
            return Err(InvitationRefused::Exists);
        }
        if let Some(mut share) = shares::get_live(&mut tx, &channel.id, &remote.id).await? {
            // The mode is the home's decision, and this peer is the recorded home (ruling 44).
            if late {
                return Ok(share);
            }
            shares::set_peer_version(&mut tx, &share.id, invitation.version).await?;
            if share.mode != mode {
                share.mode = mode;
                tell_mode(app, &mut tx, channel, &remote, &share)?;
                change(&mut tx, &mut share, Origin::Remote(remote.id)).await?;
                channel_rules::record_update(&mut tx, channel, Origin::Remote(remote.id));
            }
            tx.commit().await?;
            return Ok(share);
        }
        // Only another Rialto counts its words; of a Mattermost the clock may have been set back in between.
        if late && remote.profile == PeerProfile::Rialto {
            return Err(InvitationRefused::Outdated);
        }
    }
    let waiting = share_requests::list(&mut tx, &remote.id).await?;
    let others = waiting.iter().filter(|request| request.channel_id != invitation.channel_id).count();
    let rules = policies::within(&mut tx, &remote.id).await?;
    if rules.incoming == Some(policy::Incoming::None) {
        return Err(InvitationRefused::Policy(Rule::Incoming));
    }
    let admitted = policies::admits_channel(&mut tx, &remote.id, &rules, others).await?;
    admitted.map_err(InvitationRefused::Policy)?;
    if shares::list_of_remote(&mut tx, &remote.id, false).await?.len() + others >= MAX_COPIES {
        return Err(InvitationRefused::Quota);
    }
    let known = existing.is_some() || waiting.len() != others;
    if !known && !quotas::count_channel(app, &mut tx, &remote.id).await? {
        return Err(InvitationRefused::TooMany);
    }
    if let Some(reason) = requests::obstacle(app, &mut tx, &remote, &invitation, existing.as_ref()).await? {
        if requests::keep(app, &mut tx, &remote, &invitation, reason).await? {
            let about = About {
                action: "channel_offered_by_peer",
                channel: Some(invitation.channel_id),
                result: "waits",
                detail: reason,
                ..About::default()
            };
            audit::by_remote(&mut tx, actor, about)?;
        }
        tx.commit().await?;
        return Err(InvitationRefused::Waits);
    }
    let taker = remote.creator_id;
    let share = take(app, &mut tx, &remote, &invitation, existing, taker).await?;
    let about = About {
        action: "channel_shared_by_peer",
        channel: Some(share.channel_id),
        result: "ok",
        detail: &invitation.name,
        ..About::default()
    };
    audit::by_remote(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(share)
}

/// Takes a channel that nothing stands against: makes the copy or goes on with the former one, `existing`. `taker`
/// becomes its first member.
pub(super) async fn take(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    invitation: &IncomingInvitation,
    existing: Option<Channel>,
    taker: UserId,
) -> Result<Share, InvitationRefused> {
    let channel = match existing {
        Some(channel) => channel,
        None => {
            let channel = make_copy(tx, remote, invitation, taker).await?;
            notices::beyond_limit(app, tx, remote, &channel).await?;
            channel
        }
    };
    let now = tx.now();
    let share = Share {
        id: app.ids.id(ShareId::from_random),
        channel_id: channel.id,
        remote_id: remote.id,
        home: false,
        creator_id: taker,
        mode: if invitation.read_only { ShareMode::ReadOnly } else { ShareMode::Participation },
        state: ShareState::Active,
        reason: String::new(),
        description: String::new(),
        create_at: now,
        update_at: now,
        from_seq: None,
        last_sync_at: None,
    };
    shares::insert(tx, &share).await?;
    if invitation.version > 0 {
        shares::set_peer_version(tx, &share.id, invitation.version).await?;
    }
    share_requests::delete(tx, &remote.id, &channel.id).await?;
    set_shared(tx, &channel, Origin::Remote(remote.id)).await?;
    tx.record(
        Scope::Channel(channel.id),
        Origin::Local,
        DomainEvent::ShareStarted { share: share.id, channel: channel.id, remote: remote.id },
    );
    // After the share has started, so that the home learns of this member.
    channel_members::insert(tx, &channel.id, taker, true, None, Origin::Local).await?;
    tell_active(app, tx, &channel, remote, &share)?;
    crate::recovery::channel_came(tx, remote, &share).await?;
    Ok(share)
}

/// The team copies of the peer's channels go to, if it is there and lives.
pub(super) async fn destination(tx: &mut Tx, remote: &RemoteCluster) -> Result<Option<TeamId>, StoreError> {
    let team = match &remote.default_team_id {
        Some(id) => teams::get(tx, id).await?.filter(|team| team.delete_at.is_none()),
        None => teams::oldest_open(tx).await?,
    };
    Ok(team.map(|team| team.id))
}

/// Makes the copy in the connection's destination team, under a free name (E-050), never touching what exists.
async fn make_copy(
    tx: &mut Tx,
    remote: &RemoteCluster,
    invitation: &IncomingInvitation,
    taker: UserId,
) -> Result<Channel, InvitationRefused> {
    let team = destination(tx, remote).await?.ok_or(InvitationRefused::NoTeam)?;
    let (name, renamed) = free_name(tx, &team, &invitation.name, &remote.handle).await?;
    let display_name = if renamed {
        let organisation: String = remote.display_name.chars().take(30).collect();
        let own: String = invitation.display_name.chars().take(61 - organisation.chars().count()).collect();
        format!("{own} ({organisation})")
    } else {
        invitation.display_name.chars().take(64).collect()
    };
    let channel = Channel {
        id: invitation.channel_id,
        team_id: Some(team),
        kind: invitation.kind,
        name,
        display_name,
        header: invitation.header.chars().take(1024).collect(),
        purpose: invitation.purpose.chars().take(250).collect(),
        creator_id: Some(taker),
        origin: Some(remote.id),
        ..channel_rules::blank(tx.now())
    };
    channels::insert(tx, &channel).await?;
    tx.record(
        Scope::Channel(channel.id),
        Origin::Remote(remote.id),
        DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id },
    );
    let creator = rialto_model::TeamMember {
        team_id: team,
        user_id: taker,
        create_at: tx.now(),
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    };
    if team_members::insert(tx, &creator).await? {
        let event = DomainEvent::TeamMemberAdded { team, user: taker };
        tx.record(Scope::Team(team), Origin::Local, event);
    }
    Ok(channel)
}

/// `name`, else `name-handle`, `name-handle-2` and so on; true if it is not the name asked for.
async fn free_name(tx: &mut Tx, team: &TeamId, name: &str, handle: &str) -> Result<(String, bool), StoreError> {
    let wanted = rialto_model::names::check_channel_name(name)
        .map_or_else(|_| "shared-channel".to_owned(), |()| name.to_owned());
    if channels::get_by_name(tx, Some(team), &wanted).await?.is_none() {
        let renamed = wanted != name;
        return Ok((wanted, renamed));
    }
    let suffix: String = handle.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(24).collect();
    for n in 1.. {
        let ending = if n == 1 { format!("-{suffix}") } else { format!("-{suffix}-{n}") };
        let kept: String = wanted.chars().take(64 - ending.len()).collect();
        let candidate = format!("{kept}{ending}");
        if channels::get_by_name(tx, Some(team), &candidate).await?.is_none() {
            return Ok((candidate, true));
        }
    }
    Err(StoreError::Failed("no free channel name".to_owned()))
}

/// The name a copy of a channel would get if a peer offered it now; or with which word of ruling 8.4 the offer would be
/// refused. Changes nothing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn would_accept(
    app: &App,
    actor: &RemoteActor,
    id: &ChannelId,
    name: &str,
) -> Result<Result<String, &'static str>, StoreError> {
    const NOT_OWNER: &str = "not_owner";
    // A transaction that is dropped: the search for a free name is the one the real offer makes.
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(channel) = channels::get(&mut tx, id).await? {
        if channel.origin != Some(actor.id()) {
            return Ok(Err(NOT_OWNER));
        }
        if shares::get_live(&mut tx, id, &actor.id()).await?.is_some() {
            return Ok(Ok(channel.name));
        }
    }
    let remote = actor.remote();
    let rules = policies::within(&mut tx, &remote.id).await?;
    let admitted = policies::admits_channel(&mut tx, &remote.id, &rules, 0).await?;
    if rules.incoming == Some(policy::Incoming::None) || admitted.is_err() {
        return Ok(Err("policy"));
    }
    if let Some(channel) = channels::get(&mut tx, id).await? {
        return Ok(Ok(channel.name));
    }
    match destination(&mut tx, remote).await? {
        Some(team) => Ok(Ok(free_name(&mut tx, &team, name, &remote.handle).await?.0)),
        None => Ok(Err(NOT_OWNER)),
    }
}
