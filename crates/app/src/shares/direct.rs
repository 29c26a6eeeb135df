//! Direct and group messages with people of other servers: who can be reached, and the shares that reach them.
//!
//! Such a conversation is shared by itself with each organisation that takes part; nobody manages that. Its members
//! never change. Source: behaviour 4.7 and 7.8, wire 5.3, ruling 62.

use std::collections::{BTreeMap, BTreeSet};

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Millis, Origin, PeerProfile, RemoteCluster, RemoteId, Rule, Scope,
    Share, ShareId, ShareMode, ShareState, User, UserId,
};
use rialto_store::{Snapshot, StoreError, Tx, channel_members, channels, remotes, shares, users};

use crate::access::{Denied, SessionUser};
use crate::apply::RELAYED;
use crate::connections::policies;
use crate::settings::Settings;
use crate::system_posts::{self, About, SystemPost, escape};
use crate::{App, direct_channels};

/// The capability by which a Rialto says that it takes direct and group messages now. It goes when they are switched
/// off there, so that composers here close before anything is written in vain (E-113).
pub const CAPABILITY: &str = "direct";

/// People in a direct or group conversation at most.
const MOST_PEOPLE: i64 = 8;

/// A refused conversation is offered again this long after the refusal, ms: to a Mattermost at most daily (ruling 62).
const AGAIN: i64 = 24 * 3_600_000;
/// The same to another Rialto, which says by [`CAPABILITY`] that it is worth trying.
const AGAIN_RIALTO: i64 = 5 * 60_000;

/// Why people of another server cannot be written to (behaviour 4.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// By our settings.
    #[error("direct messages with people of other organisations are switched off here")]
    Off,
    /// Known through a middle server only (E-085).
    #[error("people of organisations we are not directly connected with cannot be written to")]
    NotConnected,
    /// A rule of the connection with this organisation (behaviour 8.6).
    #[error("a rule of the connection with {0} forbids it: {1}")]
    Policy(String, Rule),
    /// The connection is over.
    #[error("the connection with {0} has ended")]
    Ended(String),
    /// The other side has them off, or has said no.
    #[error("{0} does not take direct messages at present")]
    Refused(String),
    /// A server that knows direct messages only.
    #[error("people of {0} cannot take part in group messages")]
    NoGroups(String),
    /// Deactivated, or an integration's account.
    #[error("this account does not take messages at present")]
    Person,
}

/// Whether an organisation takes conversations of this kind now, as far as it can be known here.
async fn takes(
    view: &mut Snapshot,
    settings: &Settings,
    remote: Option<&RemoteCluster>,
    kind: ChannelKind,
) -> Result<Result<(), Unreachable>, StoreError> {
    if let Some(remote) = remote
        && let Err(rule) = policies::within(view, &remote.id).await?.may_converse(kind)
    {
        return Ok(Err(Unreachable::Policy(remote.display_name.clone(), rule)));
    }
    Ok(is_taken(settings, remote, kind))
}

fn is_taken(settings: &Settings, remote: Option<&RemoteCluster>, kind: ChannelKind) -> Result<(), Unreachable> {
    if !settings.direct_messages_enabled() {
        return Err(Unreachable::Off);
    }
    let Some(remote) = remote else { return Err(Unreachable::NotConnected) };
    let name = || remote.display_name.clone();
    if !remote.is_live() {
        return Err(Unreachable::Ended(name()));
    }
    match (remote.profile, kind) {
        (PeerProfile::Rialto, _) if !remote.has(CAPABILITY) => Err(Unreachable::Refused(name())),
        (PeerProfile::Mattermost5 | PeerProfile::Unknown, ChannelKind::Group) => Err(Unreachable::NoGroups(name())),
        _ => Ok(()),
    }
}

/// Whether a person can take part in a conversation opened here; the organisation's answer is [`takes`]'s.
fn is_open_to_messages(person: &User) -> Result<(), Unreachable> {
    if person.props.contains_key(RELAYED) {
        return Err(Unreachable::NotConnected);
    }
    if person.delete_at.is_some() || (person.is_bot && !person.is_local()) {
        return Err(Unreachable::Person);
    }
    Ok(())
}

/// The connections over which these people are reached, in order of id.
///
/// # Errors
/// The inner ones say who cannot be reached and why.
pub(crate) async fn reach(
    app: &App,
    view: &mut Snapshot,
    kind: ChannelKind,
    people: &[User],
) -> Result<Result<Vec<RemoteCluster>, Unreachable>, StoreError> {
    let settings = app.settings.get();
    let mut found = BTreeMap::new();
    for person in people {
        let Some(id) = person.remote_id else { continue };
        let remote = remotes::get(view, &id).await?;
        let taken = takes(view, &settings, remote.as_ref(), kind).await?;
        let reachable = taken.and_then(|()| is_open_to_messages(person));
        if let Err(why) = reachable {
            return Ok(Err(why));
        }
        found.extend(remote.map(|remote| (id, remote)));
    }
    Ok(Ok(found.into_values().collect()))
}

/// Everybody in a direct or group channel.
async fn participants(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<User>, StoreError> {
    let members = channel_members::list(view, channel, 0, MOST_PEOPLE + 1).await?;
    let ids: Vec<UserId> = members.into_iter().map(|member| member.user_id).collect();
    users::list_by_ids(view, &ids).await
}

/// Connections that take part in a conversation but have no live share of it now and may be asked (again): it went on
/// without them because the connection was over or they refused. Empty for conversations of this server alone.
///
/// # Errors
/// [`Denied::Closed`]: nothing can be written now.
pub(crate) async fn standing(app: &App, view: &mut Snapshot, channel: &Channel) -> Result<Vec<RemoteCluster>, Denied> {
    // The mark stays when the shares of a conversation end, for a conversation does not change its people.
    if !channel.kind.is_direct_or_group() || !channel.shared {
        return Ok(Vec::new());
    }
    let settings = app.settings.get();
    let mut missing = Vec::new();
    let people = participants(view, &channel.id).await?;
    // Whom a home relays is reached through that home.
    let direct = || people.iter().filter(|person| !person.props.contains_key(RELAYED));
    let organisations: BTreeSet<RemoteId> = direct().filter_map(|person| person.remote_id).collect();
    for id in organisations {
        let remote = remotes::get(view, &id).await?;
        takes(view, &settings, remote.as_ref(), channel.kind).await?.map_err(Denied::Closed)?;
        let Some(remote) = remote else { continue };
        match shares::newest(view, &channel.id, &id).await? {
            Some(share) if share.state.is_live() => {}
            Some(share) if share.state == ShareState::Failed => {
                let wait = if remote.profile == PeerProfile::Rialto { AGAIN_RIALTO } else { AGAIN };
                if view.now().since(share.update_at) < wait {
                    return Err(Denied::Closed(Unreachable::Refused(remote.display_name)));
                }
                missing.push(remote);
            }
            Some(_) | None => missing.push(remote),
        }
    }
    if channel.kind == ChannelKind::Direct
        && let Some(other) = direct().find(|person| !person.is_local())
    {
        is_open_to_messages(other).map_err(Denied::Closed)?;
    }
    Ok(missing)
}

/// Shares a conversation again with organisations that take part and have no share of it: after a connection was made
/// anew (E-114), or some time after a refusal. True if any share began.
///
/// # Errors
/// As [`standing`].
pub(crate) async fn resume(app: &App, tx: &mut Tx, channel: &Channel, actor: &SessionUser) -> Result<bool, Denied> {
    let missing = standing(app, tx, channel).await?;
    if missing.is_empty() {
        return Ok(false);
    }
    for remote in &missing {
        remotes::lock(tx, &remote.id).await?;
    }
    channels::lock(tx, &channel.id).await?;
    let mut begun = false;
    // Looked at again under the locks: somebody else may have been quicker, or the connection has just ended.
    for remote in standing(app, tx, channel).await? {
        begin(app, tx, channel, &remote.id, actor.user_id).await?;
        begun = true;
    }
    Ok(begun)
}

/// Begins to share a conversation with an organisation. Records [`DomainEvent::ShareStarted`], at which its sender
/// offers it; what is written from now on follows behind that.
pub(crate) async fn begin(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteId,
    creator: UserId,
) -> Result<(), StoreError> {
    let share = Share { home: true, state: ShareState::Queued, ..fresh(app, tx.now(), channel.id, *remote, creator) };
    insert(tx, &share).await
}

/// A share of a conversation, a guest's and active.
pub(super) fn fresh(app: &App, now: Millis, channel: ChannelId, remote: RemoteId, creator: UserId) -> Share {
    Share {
        id: app.ids.id(ShareId::from_random),
        channel_id: channel,
        remote_id: remote,
        home: false,
        creator_id: creator,
        mode: ShareMode::Participation,
        state: ShareState::Active,
        reason: String::new(),
        description: String::new(),
        create_at: now,
        update_at: now,
        from_seq: None,
        last_sync_at: None,
    }
}

pub(super) async fn insert(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    shares::insert(tx, share).await?;
    let started = DomainEvent::ShareStarted { share: share.id, channel: share.channel_id, remote: share.remote_id };
    tx.record(Scope::Channel(share.channel_id), Origin::Local, started);
    Ok(())
}

/// The id of a conversation opened here. Both servers of a direct message, and all of a group, come to the same one, so
/// that two who open it at the same moment open one conversation (E-112). The id of the connection, which nobody but
/// its two servers knows, keeps others from taking a direct message's id first.
pub(crate) async fn channel_id(
    view: &mut Snapshot,
    kind: ChannelKind,
    people: &[User],
    organisations: &[RemoteCluster],
) -> Result<ChannelId, StoreError> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    match (kind, organisations) {
        (ChannelKind::Direct, [remote]) => hash.update(format!("rialto direct message\n{}", remote.id)),
        _ => hash.update("rialto group message"),
    }
    for id in wire_ids(view, people).await?.values().collect::<BTreeSet<_>>() {
        hash.update(format!("\n{id}"));
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    Ok(ChannelId::from_random(bytes))
}

/// What people are called on the wire, by their id here (ruling 52).
async fn wire_ids(view: &mut Snapshot, people: &[User]) -> Result<BTreeMap<UserId, UserId>, StoreError> {
    let mut ids = BTreeMap::new();
    for person in people {
        let wire_id = if person.is_local() { None } else { users::wire_id(view, &person.id).await? };
        ids.insert(person.id, wire_id.unwrap_or(person.id));
    }
    Ok(ids)
}

/// The wire ids of those who take part in a conversation.
pub(super) async fn people_on_the_wire(
    view: &mut Snapshot,
    channel: &ChannelId,
) -> Result<BTreeSet<UserId>, StoreError> {
    let people = participants(view, channel).await?;
    Ok(wire_ids(view, &people).await?.into_values().collect())
}

/// A conversation as it is offered to an organisation that takes part.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name where people are called as on the wire.
    pub name: String,
    /// Who opened it, by wire id.
    pub creator: UserId,
    /// Everybody, by wire id, the creator first.
    pub people: Vec<UserId>,
    /// Those of them who are not the organisation's own.
    pub described: Vec<User>,
    /// Wire ids of those who have another id here.
    pub wire_ids: BTreeMap<UserId, UserId>,
}

/// What the sender offers a peer when a share of a conversation begins. None if the creator takes no part.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn offer(app: &App, share: &Share, channel: &Channel) -> Result<Option<Offer>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let people = participants(&mut view, &channel.id).await?;
    let wire_ids = wire_ids(&mut view, &people).await?;
    let Some(creator) = wire_ids.get(&share.creator_id).copied() else { return Ok(None) };
    let mut ids: Vec<UserId> = wire_ids.values().copied().filter(|id| *id != creator).collect();
    ids.insert(0, creator);
    let set: BTreeSet<UserId> = ids.iter().copied().collect();
    Ok(Some(Offer {
        name: direct_channels::name(channel.kind, &set),
        creator,
        people: ids,
        described: people.into_iter().filter(|person| person.remote_id != Some(share.remote_id)).collect(),
        wire_ids,
    }))
}

/// Channels shared with the peer and alive that a person belongs to, conversations left out: where somebody can be
/// introduced to a server that must know people before it takes their messages (wire 9.3).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn common_channels(app: &App, remote: &RemoteId, person: &UserId) -> Result<Vec<ChannelId>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = Vec::new();
    for share in shares::list_of_remote(&mut view, remote, false).await? {
        if share.state != ShareState::Active
            || channel_members::get(&mut view, &share.channel_id, person).await?.is_none()
        {
            continue;
        }
        let channel = channels::get(&mut view, &share.channel_id).await?;
        if channel.is_some_and(|channel| !channel.kind.is_direct_or_group()) {
            found.push(share.channel_id);
        }
    }
    Ok(found)
}

/// True if the peer was told of a person in any channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_known_there(app: &App, remote: &RemoteId, person: &UserId) -> Result<bool, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(!rialto_store::outbox::announced_channels(&mut view, remote, person).await?.is_empty())
}

/// Organisations of a group that bring their people's items to everybody themselves: they opened the same group at the
/// same moment as we did, so nobody has to relay for them.
pub(crate) async fn speak_for_themselves(
    view: &mut Snapshot,
    channel: &Channel,
) -> Result<BTreeSet<RemoteId>, StoreError> {
    if channel.kind != ChannelKind::Group {
        return Ok(BTreeSet::new());
    }
    let live = shares::list_of_channel(view, &channel.id).await?;
    Ok(live.into_iter().filter(|share| !share.home).map(|share| share.remote_id).collect())
}

/// Says in a conversation that an organisation did not take it: what was written since has not arrived (E-113).
pub(super) fn tell_refused(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    reason: &str,
) -> Result<(), StoreError> {
    let (name, reason) = (escape(&remote.display_name), escape(reason));
    let message =
        format!("**{name}** does not take this conversation: {reason}. What was written here was not delivered.");
    let post = SystemPost { channel: channel.id, about: About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Says in a conversation that it is over with an organisation.
pub(super) fn tell_ended(app: &App, tx: &mut Tx, channel: &Channel, organisation: &str) -> Result<(), StoreError> {
    let name = escape(organisation);
    let message =
        format!("This conversation with **{name}** cannot go on at present; everything written so far stays here.");
    let post = SystemPost { channel: channel.id, about: About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}
