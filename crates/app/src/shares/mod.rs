//! Shares: which channel goes to which organisation, in which mode, from when to when.

pub mod direct;
#[cfg(test)]
mod direct_limits_tests;
mod direct_received;
#[cfg(test)]
mod direct_tests;
mod ending;
mod healing;
mod lists;
mod noted;
#[cfg(test)]
mod one_side_tests;
mod organisations;
mod received;
mod requests;
#[cfg(test)]
mod requests_tests;
mod self_check;
mod sending;
#[cfg(test)]
mod tests;

pub use direct_received::{IncomingConversation, accept_conversation};
pub use ending::{Ending, ended_by_peer, uninvite, unshare};
pub(crate) use ending::{end_all_in, end_all_of};
pub use healing::heal;
pub use lists::{ShareRow, SharedChannel, list, list_of_remote, list_of_team, organisations};
pub use noted::{PeerNote, PeerState, Standing, noted, to_tell};
pub(crate) use noted::{is_archived, touch_of_channel, touch_of_team};
pub(crate) use organisations::known as known_organisations;
pub use organisations::{Organisation, also_taking_part};
pub use received::{IncomingInvitation, InvitationRefused, accept, would_accept};
pub use requests::{APPROVAL, DESTINATION, ShareRequest, approve, list_requests, refuse};
pub(crate) use requests::{let_in_waiting, waits};
pub use self_check::{ORPHANED, check};
pub use sending::{Begun, begun, ended, is_renewed, live_over, of_sender, was_invited_before};

use rialto_model::{
    Channel, ChannelId, DomainEvent, Extent, History, Origin, Permission, RemoteCluster, RemoteId, Rule, Scope, Share,
    ShareId, ShareMode, ShareState,
};
use rialto_store::{StoreError, Tx, channels, remotes, shares};

use crate::access::{self, Denied, SessionUser};
use crate::audit::{self, About};
use crate::connections::policies;
use crate::system_posts::{self, SystemPost, escape};
use crate::{App, backfill, channels as channel_rules};

/// Why something about a share was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// These federate by themselves (behaviour 4.7).
    #[error("not for direct or group channels")]
    DirectOrGroup,
    /// Archived channels are not shared.
    #[error("the channel is archived")]
    Archived,
    /// The channel came from another organisation; only its home shares it (SC-037, SC-038).
    #[error("the channel originates from {0}")]
    Foreign(String),
    /// The connection has ended.
    #[error("the connection has ended")]
    ConnectionEnded(Box<RemoteCluster>),
    /// Already shared with it, in this mode and state.
    #[error("already invited")]
    AlreadyInvited(Box<Share>),
    /// A peer that would destroy its copy is invited once in a lifetime (ruling 40).
    #[error("this peer cannot be invited to the channel again")]
    OnceOnly,
    /// A peer of 2021 has to say in which team of it the copy goes.
    #[error("this peer has named no team for the copy")]
    NoTeamThere,
    /// Nothing to end.
    #[error("the channel is not shared")]
    NotShared,
    /// Shared, but not with this connection; with those named.
    #[error("not shared with this connection")]
    NotInvited(Vec<String>),
    /// The connection offers no channel of that id, or it is decided about.
    #[error("no such channel waits")]
    NotOffered,
    /// No team to put the copy in.
    #[error("no destination team")]
    NoTeam,
    /// A rule of the connection forbids it (behaviour 8.6).
    #[error("the rule {0} of the connection forbids it")]
    Policy(Rule),
    /// Earlier messages are not sent, or not so many.
    #[error(transparent)]
    History(#[from] backfill::Refusal),
    /// No earlier messages are being sent to it.
    #[error("no earlier messages are being sent")]
    NoHistory,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an invitation did.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The channel became a shared one by it.
    pub newly_shared: bool,
    /// The share.
    pub share: Share,
    /// With whom.
    pub remote: RemoteCluster,
    /// Not at once: the peer has not accepted the connection yet, or does not answer.
    pub queued: bool,
    /// It took part already, and only earlier messages were asked for.
    pub already: bool,
    /// What is sent of the past.
    pub history: Option<Extent>,
}

/// What an administrator asks for.
#[derive(Debug, Clone, Default)]
pub struct Invitation {
    /// Read-only for the other side.
    pub read_only: bool,
    /// Free text for the status table.
    pub description: String,
    /// End a share in the other mode first.
    pub convert: bool,
    /// What to send of the past; None is nothing. Of a living share it is sent from where it ended before.
    pub history: Option<History>,
}

/// The channel an administrator manages sharing of, if they may read it: the permission alone shows nobody a channel, and
/// one that cannot be read answers as an unknown one (behaviour 2.5, ruling 70).
pub(crate) async fn managed(tx: &mut Tx, actor: &SessionUser, id: &ChannelId) -> Result<Channel, Error> {
    actor.require(Permission::ManageSharedChannels)?;
    let access = match access::readable_channel(tx, actor, id).await {
        Err(Denied::Forbidden(_)) => return Err(Denied::Absent("channel").into()),
        other => other?,
    };
    if access.channel().kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    Ok(channels::lock(tx, id).await?.ok_or(Denied::Absent("channel"))?)
}

/// The organisation a copy came from, None for channels of our own.
async fn origin_name(tx: &mut Tx, channel: &Channel) -> Result<Option<String>, StoreError> {
    let Some(origin) = channel.origin else { return Ok(None) };
    let name = remotes::get(tx, &origin).await?.map(|remote| remote.display_name);
    Ok(Some(name.unwrap_or_else(|| "another organisation".to_owned())))
}

/// Invites a connection to a channel, which becomes shared by its first invitation (SC-061, SC-062).
/// Records [`DomainEvent::ShareStarted`], at which the sender invites the peer.
///
/// # Errors
/// [`Error`]; nothing is shared then.
pub async fn invite(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    remote: &RemoteId,
    invitation: Invitation,
) -> Result<Invited, Error> {
    let offline_after = app.settings.get().offline_after_ms();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = managed(&mut tx, actor, id).await?;
    if channel.is_archived() {
        return Err(Error::Archived);
    }
    if let Some(origin) = origin_name(&mut tx, &channel).await? {
        return Err(Error::Foreign(origin));
    }
    let remote = remotes::lock(&mut tx, remote).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::ConnectionEnded(Box::new(remote)));
    }
    let mode = if invitation.read_only { ShareMode::ReadOnly } else { ShareMode::Participation };
    let history = match invitation.history {
        Some(asked) => Some(backfill::extent(&app.settings.get(), &remote, asked)?),
        None => None,
    };
    let policy = policies::within(&mut tx, &remote.id).await?;
    if history.is_some() && !policy.history {
        return Err(Error::Policy(Rule::History));
    }
    let live = shares::get_live(&mut tx, id, &remote.id).await?;
    if let (Some(share), Some(extent)) = (live.as_ref().filter(|share| share.mode == mode), history) {
        return go_on(app, tx, actor, &channel, remote, share.clone(), extent).await;
    }
    if let Some(share) = live.as_ref().filter(|share| share.mode == mode || !invitation.convert) {
        return Err(Error::AlreadyInvited(Box::new(share.clone())));
    }
    policy.may_share(channel.team_id.as_ref(), &channel.name, invitation.read_only).map_err(Error::Policy)?;
    if live.is_none() {
        policies::admits_channel(&mut tx, &remote.id, &policy, 0).await?.map_err(Error::Policy)?;
    }
    // Of a peer that has not said what it is only what was sent counts; it is looked at again before anything is.
    let sent = |share: &Share| remote.profile == rialto_model::PeerProfile::Mattermost5 || share.from_seq.is_some();
    if remote.profile.is_invited_once() && shares::newest(&mut tx, id, &remote.id).await?.as_ref().is_some_and(sent) {
        return Err(Error::OnceOnly);
    }
    if let Some(share) = live {
        if let Some(extent) = history {
            backfill::begin(&mut tx, actor, &share, extent).await?;
        }
        let done = convert(app, tx, actor, &channel, remote, share, mode).await?;
        return Ok(Invited { history, ..done });
    }
    if remote.profile == rialto_model::PeerProfile::Mattermost5 && remote.remote_team_id.is_empty() {
        return Err(Error::NoTeamThere);
    }
    let now = tx.now();
    let share = Share {
        id: app.ids.id(ShareId::from_random),
        channel_id: *id,
        remote_id: remote.id,
        home: true,
        creator_id: actor.user_id,
        mode,
        state: ShareState::Queued,
        reason: String::new(),
        description: invitation.description,
        create_at: now,
        update_at: now,
        from_seq: None,
        last_sync_at: None,
    };
    shares::insert(&mut tx, &share).await?;
    let newly_shared = !channel.shared;
    set_shared(&mut tx, &channel, Origin::Local).await?;
    tx.record(
        Scope::Channel(*id),
        Origin::Local,
        DomainEvent::ShareStarted { share: share.id, channel: *id, remote: remote.id },
    );
    if let Some(extent) = history {
        backfill::begin(&mut tx, actor, &share, extent).await?;
        audit::on_share(&mut tx, actor, "send_history", &channel, &remote)?;
    }
    audit::on_share(&mut tx, actor, "invite_to_channel", &channel, &remote)?;
    tx.commit().await?;
    let queued = !remote.is_online(now, offline_after);
    Ok(Invited { newly_shared, share, remote, queued, already: false, history })
}

/// Sends the past over a share that lives, from where that ended before.
async fn go_on(
    app: &App,
    mut tx: Tx,
    actor: &SessionUser,
    channel: &Channel,
    remote: RemoteCluster,
    share: Share,
    extent: Extent,
) -> Result<Invited, Error> {
    backfill::begin(&mut tx, actor, &share, extent).await?;
    audit::on_share(&mut tx, actor, "send_history", channel, &remote)?;
    let queued = !remote.is_online(tx.now(), app.settings.get().offline_after_ms());
    tx.commit().await?;
    Ok(Invited { newly_shared: false, share, remote, queued, already: true, history: Some(extent) })
}

/// Changes the mode of a living share: what waits for the peer goes on waiting, nobody leaves, and the peer is told in the
/// order of the log (ruling 44).
async fn convert(
    app: &App,
    mut tx: Tx,
    actor: &SessionUser,
    channel: &Channel,
    remote: RemoteCluster,
    mut share: Share,
    mode: ShareMode,
) -> Result<Invited, Error> {
    share.mode = mode;
    change(&mut tx, &mut share, Origin::Local).await?;
    if share.state == ShareState::Active {
        tell_mode(app, &mut tx, channel, &remote, &share)?;
        // A Mattermost learns of it by another invitation (ruling 41).
        if remote.profile != rialto_model::PeerProfile::Rialto {
            let event = DomainEvent::ShareStarted { share: share.id, channel: channel.id, remote: remote.id };
            tx.record(Scope::Channel(channel.id), Origin::Local, event);
        }
    }
    channel_rules::record_update(&mut tx, channel, Origin::Local);
    audit::on_share(&mut tx, actor, "change_share_mode", channel, &remote)?;
    let queued = !remote.is_online(tx.now(), app.settings.get().offline_after_ms());
    tx.commit().await?;
    Ok(Invited { newly_shared: false, share, remote, queued, already: false, history: None })
}

/// Makes the shared mark say whether a live share exists. The row is read afresh: ending one share and beginning another
/// in one transaction changes it twice.
async fn set_shared(tx: &mut Tx, channel: &Channel, origin: Origin) -> Result<bool, StoreError> {
    let shared = !shares::list_of_channel(tx, &channel.id).await?.is_empty();
    // The mark of a conversation says that its people are of several servers, and that stays (client-api 11).
    if channel.kind.is_direct_or_group() {
        return Ok(shared);
    }
    let Some(mut channel) = channels::lock(tx, &channel.id).await? else { return Ok(shared) };
    if shared != channel.shared {
        channel.shared = shared;
        channel.update_at = channel.update_at.next_version(tx.now());
        channels::update(tx, &channel).await?;
        channel_rules::record_update(tx, &channel, origin);
    }
    Ok(shared)
}

/// M-02.
fn tell_active(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &Share,
) -> Result<(), StoreError> {
    let name = escape(&remote.display_name);
    let message = match (share.home, share.mode) {
        (true, ShareMode::Participation) => {
            format!("This channel is now shared with **{name}**, whose people can read and write here.")
        }
        (true, ShareMode::ReadOnly) => {
            format!("This channel is now shared with **{name}**, whose people can read here.")
        }
        (false, ShareMode::Participation) => {
            format!("**{name}** shares this channel with us; everybody here can read and write.")
        }
        (false, ShareMode::ReadOnly) => format!("**{name}** shares this channel with us read-only."),
    };
    let post = SystemPost { channel: channel.id, about: system_posts::About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// M-21.
fn tell_mode(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &Share,
) -> Result<(), StoreError> {
    let name = escape(&remote.display_name);
    let message = match (share.home, share.mode) {
        (true, ShareMode::Participation) => format!("People of **{name}** can write here from now on."),
        (true, ShareMode::ReadOnly) => format!("People of **{name}** can only read here from now on."),
        (false, ShareMode::Participation) => format!("**{name}** lets everybody here write from now on."),
        (false, ShareMode::ReadOnly) => format!("**{name}** shares this channel with us read-only from now on."),
    };
    let post = SystemPost { channel: channel.id, about: system_posts::About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

async fn change(tx: &mut Tx, share: &mut Share, origin: Origin) -> Result<(), StoreError> {
    share.update_at = share.update_at.next_version(tx.now());
    shares::update(tx, share).await?;
    let event = DomainEvent::ShareChanged { share: share.id, channel: share.channel_id, remote: share.remote_id };
    tx.record(Scope::Channel(share.channel_id), origin, event);
    Ok(())
}

/// Marks a channel as shared without inviting anybody (behaviour 2.8).
///
/// # Errors
/// [`Error`].
pub async fn mark_shared(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Channel, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut channel = managed(&mut tx, actor, id).await?;
    if let Some(origin) = origin_name(&mut tx, &channel).await? {
        return Err(Error::Foreign(origin));
    }
    if !channel.shared {
        channel.shared = true;
        channel.update_at = channel.update_at.next_version(tx.now());
        channels::update(&mut tx, &channel).await?;
        channel_rules::record_update(&mut tx, &channel, Origin::Local);
        let about = About {
            action: "mark_shared",
            channel: Some(*id),
            result: "ok",
            detail: &channel.name,
            ..About::default()
        };
        audit::by_user(&mut tx, actor, about)?;
        tx.commit().await?;
    }
    Ok(channel)
}
