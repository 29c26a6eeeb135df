//! Shares: which channel goes to which organisation, in which mode, from when to when.

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Origin, Permission, RemoteCluster, RemoteId, Scope, Seq, Share,
    ShareId, ShareMode, ShareState, TeamId,
};
use rialto_store::{StoreError, Tx, channel_members as member_rows, channels, outbox, remotes, shares, teams};

use crate::access::{self, Denied, RemoteActor, SessionUser};
use crate::audit::{self, About};
use crate::system_posts::{self, SystemPost, escape};
use crate::{App, channel_members, channels as channel_rules};

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
}

/// The channel an administrator manages sharing of, if they see it (behaviour 2.5, ruling 70).
async fn managed(tx: &mut Tx, actor: &SessionUser, id: &ChannelId) -> Result<Channel, Error> {
    let access = access::channel(tx, actor, id, Permission::ManageSharedChannels).await?;
    if access.channel().kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    if !access.may(Permission::ReadChannel) && access.channel().kind != ChannelKind::Public {
        return Err(Denied::Absent("channel").into());
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
    if let Some(share) = shares::get_live(&mut tx, id, &remote.id).await? {
        if share.mode == mode || !invitation.convert {
            return Err(Error::AlreadyInvited(Box::new(share)));
        }
        end(app, &mut tx, &channel, &remote, share, Ending::UninvitedHere, false).await?;
    }
    if remote.profile == rialto_model::PeerProfile::Mattermost5 {
        if shares::newest(&mut tx, id, &remote.id).await?.is_some() {
            return Err(Error::OnceOnly);
        }
        if remote.remote_team_id.is_empty() {
            return Err(Error::NoTeamThere);
        }
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
    note(&mut tx, actor, "invite_to_channel", &channel, &remote)?;
    tx.commit().await?;
    let queued = !remote.is_online(now, offline_after);
    Ok(Invited { newly_shared, share, remote, queued })
}

fn note(
    tx: &mut Tx,
    actor: &SessionUser,
    action: &str,
    channel: &Channel,
    remote: &RemoteCluster,
) -> Result<(), StoreError> {
    let about =
        About { action, remote: Some(remote.id), channel: Some(channel.id), result: "ok", detail: &channel.name };
    audit::by_user(tx, actor, about)
}

/// Makes the shared mark say whether a live share exists.
async fn set_shared(tx: &mut Tx, channel: &Channel, origin: Origin) -> Result<bool, StoreError> {
    let shared = !shares::list_of_channel(tx, &channel.id).await?.is_empty();
    if shared != channel.shared {
        let mut channel = channel.clone();
        channel.shared = shared;
        channel.update_at = channel.update_at.next_version(tx.now());
        channels::update(tx, &channel).await?;
        channel_rules::record_update(tx, &channel, origin);
    }
    Ok(shared)
}

/// How a share came to its end; decides what the channel is told (M-05, M-06) and whether the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// An administrator here took one organisation out, or a copy left.
    UninvitedHere,
    /// An administrator here removed the connection.
    RemovedHere,
    /// The peer ended it, or said that it had.
    EndedThere,
    /// The peer removed the connection.
    RemovedThere,
}

impl Ending {
    fn reason(self) -> &'static str {
        match self {
            Ending::UninvitedHere => "uninvited",
            Ending::EndedThere => "left",
            Ending::RemovedHere | Ending::RemovedThere => "removed",
        }
    }
}

/// Ends one share. `tell` writes the system post; several endings at once are told in one.
async fn end(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    mut share: Share,
    ending: Ending,
    tell: bool,
) -> Result<(), StoreError> {
    let was_seen = share.state != ShareState::Queued;
    share.state = ShareState::Ended;
    share.reason = ending.reason().to_owned();
    share.update_at = share.update_at.next_version(tx.now());
    shares::update(tx, &share).await?;
    outbox::forget(tx, &remote.id, Some(&channel.id)).await?;
    let origin = match ending {
        Ending::UninvitedHere | Ending::RemovedHere => Origin::Local,
        Ending::EndedThere | Ending::RemovedThere => Origin::Remote(remote.id),
    };
    tx.record(
        Scope::Channel(channel.id),
        origin,
        DomainEvent::ShareEnded { share: share.id, channel: channel.id, remote: remote.id },
    );
    // People who only took part through the share leave the list of members; what they wrote stays.
    for user in member_rows::delete_of_remote(tx, &channel.id, &remote.id).await? {
        let event = DomainEvent::ChannelMemberRemoved { channel: channel.id, user, by: None };
        tx.record(Scope::Channel(channel.id), Origin::Remote(remote.id), event);
    }
    let still_shared = set_shared(tx, channel, origin).await?;
    if tell && was_seen {
        tell_ended(app, tx, channel, &[remote.display_name.as_str()], ending, still_shared)?;
    }
    Ok(())
}

fn tell_ended(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    organisations: &[&str],
    ending: Ending,
    still_shared: bool,
) -> Result<(), StoreError> {
    let names = organisations.iter().map(|name| format!("**{}**", escape(name))).collect::<Vec<_>>().join(", ");
    let mut message = match ending {
        Ending::UninvitedHere | Ending::RemovedHere => format!("Sharing this channel with {names} has ended."),
        Ending::EndedThere | Ending::RemovedThere => format!("{names} has ended sharing this channel."),
    };
    message.push_str(if still_shared {
        " Other organisations still take part."
    } else {
        " The channel is no longer shared; everything written so far stays here."
    });
    let post = SystemPost { channel: channel.id, about: system_posts::About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Takes one connection out of a channel; the channel goes on (SC-072 to SC-075). On a copy the home is the only one.
/// Returns the connection ended and those that go on.
///
/// # Errors
/// [`Error`].
pub async fn uninvite(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    remote: Option<&RemoteId>,
) -> Result<(RemoteCluster, Vec<RemoteCluster>), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = managed(&mut tx, actor, id).await?;
    let live = shares::list_of_channel(&mut tx, id).await?;
    if live.is_empty() {
        return Err(Error::NotShared);
    }
    let wanted = remote.copied().or_else(|| live.iter().find(|share| !share.home).map(|share| share.remote_id));
    let Some(share) = live.iter().find(|share| Some(share.remote_id) == wanted) else {
        let others = remotes::list_of_channel(&mut tx, id).await?;
        return Err(Error::NotInvited(others.into_iter().map(|remote| remote.display_name).collect()));
    };
    let remote = remotes::get(&mut tx, &share.remote_id).await?.ok_or(Denied::Absent("connection"))?;
    note(&mut tx, actor, "uninvite_from_channel", &channel, &remote)?;
    end(app, &mut tx, &channel, &remote, share.clone(), Ending::UninvitedHere, true).await?;
    let rest = remotes::list_of_channel(&mut tx, id).await?;
    tx.commit().await?;
    Ok((remote, rest))
}

/// Ends all shares of a channel; a copy leaves its share (SC-076 to SC-080). Returns with whom it was shared.
///
/// # Errors
/// [`Error`].
pub async fn unshare(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<RemoteCluster>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut channel = managed(&mut tx, actor, id).await?;
    let live = shares::list_of_channel(&mut tx, id).await?;
    if live.is_empty() && !channel.shared {
        return Err(Error::NotShared);
    }
    let mut ended = Vec::new();
    for share in live {
        let remote = remotes::get(&mut tx, &share.remote_id).await?.ok_or(Denied::Absent("connection"))?;
        note(&mut tx, actor, "unshare_channel", &channel, &remote)?;
        end(app, &mut tx, &channel, &remote, share, Ending::UninvitedHere, false).await?;
        channel = channels::get(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
        ended.push(remote);
    }
    if ended.is_empty() {
        // Marked as shared without anybody invited (behaviour 2.8).
        set_shared(&mut tx, &channel, Origin::Local).await?;
    } else {
        let names: Vec<&str> = ended.iter().map(|remote| remote.display_name.as_str()).collect();
        tell_ended(app, &mut tx, &channel, &names, Ending::UninvitedHere, false)?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// Ends every share of a connection, in the transaction that ends the connection. Returns the channels.
pub(crate) async fn end_all_of(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    ending: Ending,
) -> Result<Vec<Channel>, StoreError> {
    let mut touched = Vec::new();
    for share in shares::list_of_remote(tx, &remote.id, false).await? {
        if let Some(channel) = channels::lock(tx, &share.channel_id).await? {
            end(app, tx, &channel, remote, share, ending, true).await?;
            touched.push(channel);
        }
    }
    Ok(touched)
}

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

/// The organisations of a channel its reader may see.
///
/// # Errors
/// [`Error::Denied`].
pub async fn organisations(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<RemoteCluster>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    Ok(remotes::list_of_channel(&mut view, id).await?)
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
}

/// Why a peer's invitation was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InvitationRefused {
    /// The id is in use here and no former copy of the same home (INV-4, INV-6, ruling 43).
    #[error("the channel exists")]
    Exists,
    /// Our administrator ended the share of this copy; another has to let it in again (ruling 43).
    #[error("an administrator here has ended this share")]
    EndedHere,
    /// No team to put the copy in; may work later.
    #[error("no destination team")]
    NoTeam,
    /// More shared channels than one peer may bring.
    #[error("too many channels")]
    Quota,
    /// Storage failed; may work later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies one peer may bring (ruling README 2: counts are capped).
const MAX_COPIES: usize = 2_000;

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
    if let Some(channel) = &existing {
        if channel.origin != Some(remote.id) || channel.kind.is_direct_or_group() {
            return Err(InvitationRefused::Exists);
        }
        if let Some(mut share) = shares::get_live(&mut tx, &channel.id, &remote.id).await? {
            // The mode is the home's decision, and this peer is the recorded home (ruling 44).
            if share.mode != mode {
                share.mode = mode;
                change(&mut tx, &mut share, Origin::Remote(remote.id)).await?;
                channel_rules::record_update(&mut tx, channel, Origin::Remote(remote.id));
                tx.commit().await?;
            }
            return Ok(share);
        }
        let last = shares::newest(&mut tx, &channel.id, &remote.id).await?;
        if last.is_some_and(|share| share.reason == Ending::UninvitedHere.reason()) {
            return Err(InvitationRefused::EndedHere);
        }
    }
    if shares::list_of_remote(&mut tx, &remote.id, false).await?.len() >= MAX_COPIES {
        return Err(InvitationRefused::Quota);
    }
    let channel = match existing {
        Some(channel) => channel,
        None => make_copy(&mut tx, &remote, &invitation).await?,
    };
    let now = tx.now();
    let share = Share {
        id: app.ids.id(ShareId::from_random),
        channel_id: channel.id,
        remote_id: remote.id,
        home: false,
        creator_id: remote.creator_id,
        mode,
        state: ShareState::Active,
        reason: String::new(),
        description: String::new(),
        create_at: now,
        update_at: now,
        from_seq: None,
        last_sync_at: None,
    };
    shares::insert(&mut tx, &share).await?;
    set_shared(&mut tx, &channel, Origin::Remote(remote.id)).await?;
    tx.record(
        Scope::Channel(channel.id),
        Origin::Local,
        DomainEvent::ShareStarted { share: share.id, channel: channel.id, remote: remote.id },
    );
    // After the share has started, so that the home learns of this member.
    channel_members::insert(&mut tx, &channel.id, remote.creator_id, true, None, Origin::Local).await?;
    tell_active(app, &mut tx, &channel, &remote, &share)?;
    let about = About {
        action: "channel_shared_by_peer",
        channel: Some(channel.id),
        result: "ok",
        detail: &channel.name,
        ..About::default()
    };
    audit::by_remote(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(share)
}

/// Makes the copy in the connection's destination team, under a free name (E-050), never touching what exists.
async fn make_copy(
    tx: &mut Tx,
    remote: &RemoteCluster,
    invitation: &IncomingInvitation,
) -> Result<Channel, InvitationRefused> {
    let team = match &remote.default_team_id {
        Some(id) => teams::get(tx, id).await?.filter(|team| team.delete_at.is_none()),
        None => teams::oldest_open(tx).await?,
    };
    let team = team.ok_or(InvitationRefused::NoTeam)?.id;
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
        creator_id: Some(remote.creator_id),
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
        user_id: remote.creator_id,
        create_at: tx.now(),
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    };
    if teams::insert_member(tx, &creator).await? {
        let event = DomainEvent::TeamMemberAdded { team, user: remote.creator_id };
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

async fn change(tx: &mut Tx, share: &mut Share, origin: Origin) -> Result<(), StoreError> {
    share.update_at = share.update_at.next_version(tx.now());
    shares::update(tx, share).await?;
    let event = DomainEvent::ShareChanged { share: share.id, channel: share.channel_id, remote: share.remote_id };
    tx.record(Scope::Channel(share.channel_id), origin, event);
    Ok(())
}

/// What the sender found out about a share it was to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The invitation is about to leave; after this a peer that must be invited once is not invited again.
    Inviting,
    /// The peer has taken it; changes after `from` are sent.
    Active {
        /// Position of the event that began the share.
        from: Seq,
    },
    /// The peer refused; the text is for people.
    Refused {
        /// In plain words.
        reason: String,
    },
}

/// Notes how far a share has come. Does nothing if it has ended meanwhile (E-048); returns the share if it lives.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begun(app: &App, id: &ShareId, begun: Begun) -> Result<Option<Share>, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(found) = shares::get(&mut tx, id).await? else { return Ok(None) };
    let Some(channel) = channels::lock(&mut tx, &found.channel_id).await? else { return Ok(None) };
    // Read again under the lock of the channel.
    let Some(mut share) = shares::get(&mut tx, id).await?.filter(|share| share.state.is_live()) else {
        return Ok(None);
    };
    let Some(remote) = remotes::get(&mut tx, &share.remote_id).await? else { return Ok(None) };
    match begun {
        Begun::Inviting => {
            share.state = ShareState::Invited;
            change(&mut tx, &mut share, Origin::Local).await?;
        }
        Begun::Active { from } => {
            let fresh = share.home && share.state != ShareState::Active;
            share.state = ShareState::Active;
            share.from_seq = Some(from);
            change(&mut tx, &mut share, Origin::Local).await?;
            if fresh {
                tell_active(app, &mut tx, &channel, &remote, &share)?;
            }
        }
        Begun::Refused { reason } => {
            share.state = ShareState::Failed;
            share.reason = reason;
            change(&mut tx, &mut share, Origin::Local).await?;
            set_shared(&mut tx, &channel, Origin::Local).await?;
        }
    }
    tx.commit().await?;
    Ok(Some(share))
}

/// The peer has ended the share, by its word or by refusing what we send (M-06). Does nothing if it has ended already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ended_by_peer(app: &App, remote: &RemoteId, channel: &ChannelId) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(channel) = channels::lock(&mut tx, channel).await? else { return Ok(false) };
    let share = shares::get_live(&mut tx, &channel.id, remote).await?;
    let (Some(share), Some(remote)) = (share, remotes::get(&mut tx, remote).await?) else { return Ok(false) };
    end(app, &mut tx, &channel, &remote, share, Ending::EndedThere, true).await?;
    tx.commit().await?;
    Ok(true)
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
        tx.commit().await?;
    }
    Ok(channel)
}

/// The name a copy of a channel would get if a peer offered it now; None if the offer would be refused. Changes nothing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn would_accept(
    app: &App,
    actor: &RemoteActor,
    id: &ChannelId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    // A transaction that is dropped: the search for a free name is the one the real offer makes.
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(channel) = channels::get(&mut tx, id).await? {
        return Ok((channel.origin == Some(actor.id())).then_some(channel.name));
    }
    let remote = actor.remote();
    let team = match &remote.default_team_id {
        Some(team) => teams::get(&mut tx, team).await?.filter(|team| team.delete_at.is_none()),
        None => teams::oldest_open(&mut tx).await?,
    };
    match team {
        Some(team) => Ok(Some(free_name(&mut tx, &team.id, name, &remote.handle).await?.0)),
        None => Ok(None),
    }
}

/// A live share and its channel, for the sender that is to begin it.
///
/// # Errors
/// [`StoreError`] as the database says; None if it has ended meanwhile.
pub async fn of_sender(app: &App, id: &ShareId) -> Result<Option<(Share, Channel)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some(share) = shares::get(&mut view, id).await?.filter(|share| share.state.is_live()) else { return Ok(None) };
    Ok(channels::get(&mut view, &share.channel_id).await?.map(|channel| (share, channel)))
}

/// A share that has ended and was not followed by another, so that the peer is to be told.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ended(app: &App, id: &ShareId) -> Result<Option<Share>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(shares::get(&mut view, id).await?.filter(|share| share.state == ShareState::Ended && share.from_seq.is_some()))
}

/// Shares of ours that a peer was invited to and has not taken, for its sender to go on with after a restart. Those it has
/// not come to yet are found in the log.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn waiting_for_peer(app: &App, remote: &RemoteId) -> Result<Vec<Share>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let live = shares::list_of_remote(&mut view, remote, false).await?;
    Ok(live.into_iter().filter(|share| share.home && share.state == ShareState::Invited).collect())
}
