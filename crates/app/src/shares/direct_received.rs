//! Conversations a peer opens with our people: between its own people and ours, and nobody else's. Source: wire 5.3,
//! behaviour 4.7, ruling 62, R-05.

use std::collections::{BTreeSet, HashMap};

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Origin, Permission, PermissionSet, RemoteCluster, Scope, Share,
    ShareState, User, UserId,
};
use rialto_store::{StoreError, Tx, channels, remotes, shares, users};

use super::direct;
use super::received::{InvitationRefused, MAX_COPIES};
use super::{change, channel_rules};
use crate::access::{RemoteActor, ShareAccess};
use crate::apply::{self, IncomingUser, RELAYED};
use crate::audit::{self, About};
use crate::connections::{policies, quotas};
use crate::{App, channel_members, direct_channels};

/// A direct or group channel a peer offers, checked for form.
#[derive(Debug, Clone)]
pub struct IncomingConversation {
    /// The channel, same id here.
    pub channel_id: ChannelId,
    /// Direct or group.
    pub kind: ChannelKind,
    /// Who opened it; only groups say so.
    pub creator: Option<UserId>,
    /// Everybody in it, by wire id.
    pub people: Vec<UserId>,
    /// Those the peer describes.
    pub described: Vec<IncomingUser>,
}

/// Takes a conversation a peer opens. Idempotent; one that was opened here at the same moment is the same (E-112).
///
/// # Errors
/// [`InvitationRefused`]; nothing is written then.
pub async fn accept_conversation(
    app: &App,
    actor: &RemoteActor,
    incoming: IncomingConversation,
) -> Result<Share, InvitationRefused> {
    if !app.settings.get().direct_messages_enabled() {
        return Err(InvitationRefused::Disabled);
    }
    let people: BTreeSet<UserId> = incoming.people.iter().copied().collect();
    let fits = match incoming.kind {
        ChannelKind::Direct => people.len() == 2,
        ChannelKind::Group => direct_channels::GROUP.contains(&people.len()),
        ChannelKind::Public | ChannelKind::Private => false,
    };
    if !fits || people.len() != incoming.people.len() {
        return Err(InvitationRefused::People);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, &actor.id()).await?.filter(RemoteCluster::is_live);
    let remote = remote.ok_or(InvitationRefused::Exists)?;
    let rules = policies::within(&mut tx, &remote.id).await?;
    rules.may_converse(incoming.kind).map_err(InvitationRefused::Policy)?;
    let share = match channels::lock(&mut tx, &incoming.channel_id).await? {
        Some(channel) => go_on(app, &mut tx, &remote, channel, &incoming, &people).await?,
        None => open(app, &mut tx, actor, &remote, &incoming, &people).await?,
    };
    tx.commit().await?;
    Ok(share)
}

/// A conversation that is here already: opened on both sides, offered again, or revived.
async fn go_on(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    channel: Channel,
    incoming: &IncomingConversation,
    people: &BTreeSet<UserId>,
) -> Result<Share, InvitationRefused> {
    let same = channel.kind == incoming.kind && direct::people_on_the_wire(tx, &channel.id).await? == *people;
    if !same {
        return Err(InvitationRefused::Exists);
    }
    let live = shares::get_live(tx, &channel.id, &remote.id).await?;
    let fresh = direct::fresh(app, tx.now(), channel.id, remote.id, remote.creator_id);
    let access = ShareAccess::of_conversation(remote.clone(), live.clone().unwrap_or(fresh), channel.clone());
    let parties = parties(app, tx, &access, incoming, people, false).await?;
    for person in &parties.theirs {
        // In a group that two opened at once somebody may so far stand in for them whom the other one relays.
        join(tx, &channel.id, person.id, remote).await?;
    }
    let Some(mut share) = live else {
        let share = access.share().clone();
        direct::insert(tx, &share).await?;
        return Ok(share);
    };
    if share.home {
        // Both opened it: each speaks for its own people, to everybody, and relays nobody of the other's.
        shares::give_up_home(tx, &share.id).await?;
        share.home = false;
    }
    if share.state != ShareState::Active {
        // It offers what we were about to offer: no invitation has to be answered any more.
        share.state = ShareState::Active;
        change(tx, &mut share, Origin::Remote(remote.id)).await?;
    }
    Ok(share)
}

/// A conversation that is new here.
async fn open(
    app: &App,
    tx: &mut Tx,
    actor: &RemoteActor,
    remote: &RemoteCluster,
    incoming: &IncomingConversation,
    people: &BTreeSet<UserId>,
) -> Result<Share, InvitationRefused> {
    if shares::list_of_remote(tx, &remote.id, false).await?.len() >= MAX_COPIES {
        return Err(InvitationRefused::Quota);
    }
    if !quotas::count_channel(app, tx, &remote.id).await? {
        return Err(InvitationRefused::TooMany);
    }
    let share = direct::fresh(app, tx.now(), incoming.channel_id, remote.id, remote.creator_id);
    let mut channel = Channel {
        id: incoming.channel_id,
        kind: incoming.kind,
        origin: Some(remote.id),
        shared: true,
        ..channel_rules::blank(tx.now())
    };
    let access = ShareAccess::of_conversation(remote.clone(), share.clone(), channel.clone());
    let Parties { ours, theirs, relayed, creator } = parties(app, tx, &access, incoming, people, true).await?;
    let everybody: Vec<User> = ours.into_iter().chain(theirs).chain(relayed).collect();
    let ids: BTreeSet<UserId> = everybody.iter().map(|person| person.id).collect();
    channel.name = direct_channels::name(incoming.kind, &ids);
    // These people have a conversation under another id: there is only one.
    if channels::get_by_name(tx, None, &channel.name).await?.is_some() {
        return Err(InvitationRefused::Exists);
    }
    if incoming.kind == ChannelKind::Group {
        channel.display_name = direct_channels::usernames(&everybody);
    }
    channel.creator_id = Some(creator);
    channels::insert(tx, &channel).await?;
    let created = DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id };
    tx.record(Scope::Channel(channel.id), Origin::Remote(remote.id), created);
    for person in &ids {
        join(tx, &channel.id, *person, remote).await?;
    }
    direct::insert(tx, &share).await?;
    let detail = incoming.kind.letter();
    let about = About {
        action: "conversation_opened_by_peer",
        channel: Some(channel.id),
        result: "ok",
        detail,
        ..About::default()
    };
    audit::by_remote(tx, actor, about)?;
    Ok(share)
}

async fn join(tx: &mut Tx, channel: &ChannelId, person: UserId, remote: &RemoteCluster) -> Result<(), StoreError> {
    channel_members::insert(tx, channel, person, false, None, Origin::Remote(remote.id)).await.map(|_| ())
}

/// Who takes part, sorted by who speaks for them.
struct Parties {
    /// People of this server.
    ours: Vec<User>,
    /// The peer's own people.
    theirs: Vec<User>,
    /// People of third organisations, for whom the peer speaks in a group of its own.
    relayed: Vec<User>,
    /// Who opened it.
    creator: UserId,
}

/// Sorts the people and demands of each that they may be there. `relays`: third organisations come through this peer.
async fn parties(
    app: &App,
    tx: &mut Tx,
    access: &ShareAccess,
    incoming: &IncomingConversation,
    people: &BTreeSet<UserId>,
    relays: bool,
) -> Result<Parties, InvitationRefused> {
    let described: HashMap<UserId, &IncomingUser> = incoming.described.iter().map(|one| (one.wire_id, one)).collect();
    let (mut ours, mut theirs, mut relayed) = (Vec::new(), Vec::new(), Vec::new());
    let mut by_wire_id = HashMap::new();
    for wire_id in people {
        if let Some(local) = users::get(tx, wire_id).await?.filter(User::is_local) {
            ours.push(local);
            continue;
        }
        let description = described.get(wire_id).copied();
        if !relays && description.is_some_and(|one| one.relayed) {
            continue;
        }
        let person = match description {
            Some(_) if awaits_rehoming(tx, access.remote(), wire_id).await? => return Err(InvitationRefused::NotYet),
            Some(description) => apply::introduce(app, tx, access, description).await?,
            None => apply::owned(tx, access, wire_id).await?,
        };
        match person {
            Some(person) if person.props.contains_key(RELAYED) => relayed.push(person),
            Some(person) => {
                by_wire_id.insert(*wire_id, person.id);
                theirs.push(person);
            }
            None if awaits_rehoming(tx, access.remote(), wire_id).await? => return Err(InvitationRefused::NotYet),
            // In a group that is here already third organisations' people need not be this peer's to name.
            None if !relays => {}
            None => return Err(InvitationRefused::People),
        }
    }
    // Nobody opens a conversation in somebody else's name.
    let creator = match incoming.kind {
        ChannelKind::Group => incoming.creator.and_then(|creator| by_wire_id.get(&creator).copied()),
        _ if ours.len() == 1 && relayed.is_empty() => theirs.first().map(|person| person.id),
        _ => None,
    };
    let creator = creator.ok_or(InvitationRefused::People)?;
    let inactive = |person: &User| person.delete_at.is_some() || person.is_bot || person.id == app.system_user;
    if ours.is_empty() || ours.iter().chain(&theirs).chain(&relayed).any(inactive) {
        return Err(InvitationRefused::People);
    }
    for person in &ours {
        if !may_see_all(tx, person, theirs.iter().chain(&relayed)).await? {
            return Err(InvitationRefused::People);
        }
    }
    Ok(Parties { ours, theirs, relayed, creator })
}

/// A person of an earlier connection to the same site, whom this one will own as soon as we have called that site
/// ourselves (ruling 20).
async fn awaits_rehoming(tx: &mut Tx, remote: &RemoteCluster, wire_id: &UserId) -> Result<bool, StoreError> {
    let owner = users::get(tx, wire_id).await?.and_then(|person| person.remote_id);
    let Some(owner) = owner.filter(|owner| *owner != remote.id) else { return Ok(false) };
    let owner = remotes::get(tx, &owner).await?;
    Ok(owner.is_some_and(|owner| owner.delete_at.is_some() && owner.site_url == remote.site_url))
}

/// Whether one of our people may see these (behaviour 4.7.6).
async fn may_see_all(tx: &mut Tx, person: &User, others: impl Iterator<Item = &User>) -> Result<bool, StoreError> {
    if PermissionSet::of_roles(person.system_roles()).allows(Permission::ViewMembers) {
        return Ok(true);
    }
    let known = users::known_to(tx, &person.id).await?;
    Ok(others.into_iter().all(|other| known.contains(&other.id)))
}
