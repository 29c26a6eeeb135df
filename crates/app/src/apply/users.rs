//! People a peer tells of: made, kept up to date, never taken from anybody (INV-2, INV-4).

use rialto_model::user::GUEST;
use rialto_model::{DomainEvent, Origin, RemoteCluster, Scope, ShareId, User, UserId};
use rialto_store::{StoreError, Tx, blocks, users};

use super::{Applied, Code, IncomingUser, waiting};
use crate::access::ShareAccess;
use crate::connections::{policies, quotas};
use crate::{App, arrivals, channel_members};

/// The property by which clients and peers know somebody as "not directly connected" (client-api 11).
pub(crate) const RELAYED: &str = "OriginalRemoteId";

/// True for somebody a peer told of as the home of a channel, and whose own server it is not.
pub(super) fn is_relayed(user: &User) -> bool {
    user.props.contains_key(RELAYED)
}

/// A peer that tells of people, and how far its word goes.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) remote: &'a RemoteCluster,
    /// The share as the home of whose channel it tells of people of third organisations too (ruling 53).
    pub(super) relays: Option<ShareId>,
}

impl<'a> Teller<'a> {
    fn of(share: &'a ShareAccess) -> Self {
        Self { remote: share.remote(), relays: share.may_relay().then_some(share.share().id) }
    }

    fn origin(self) -> Origin {
        Origin::Remote(self.remote.id)
    }
}

/// Makes or updates a peer's person, and puts them in the channel where that is how the peer tells who belongs.
pub(super) async fn apply(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingUser,
) -> Result<Applied, StoreError> {
    // A direct message is between two servers (behaviour 4.7).
    let direct = share.channel().kind == rialto_model::ChannelKind::Direct;
    if incoming.relayed && direct {
        return Ok(Applied::Refused(Code::NotOwner));
    }
    let (applied, id) = match describe_person(app, tx, Teller::of(share), incoming).await? {
        Ok(described) => described,
        Err(code) => return Ok(Applied::Refused(code)),
    };
    // Another Rialto says who joins and leaves; a Mattermost only ever shows people by sending them (wire 6.4, 7.3).
    if share.remote().profile != rialto_model::PeerProfile::Rialto && incoming.delete_at.is_none() {
        channel_members::apply(app, tx, share, id, true).await?;
    }
    // Also for somebody known: what waits may belong to another channel, or have come while they were refused.
    waiting::release(app, tx, share, incoming.wire_id.as_str()).await?;
    Ok(applied)
}

/// Makes or updates a peer's person and says who that is here; or why there is no such person of the peer's.
pub(super) async fn describe_person(
    app: &App,
    tx: &mut Tx,
    teller: Teller<'_>,
    incoming: &IncomingUser,
) -> Result<Result<(Applied, UserId), Code>, StoreError> {
    let remote = teller.remote.id;
    if incoming.relayed && teller.relays.is_none() {
        return Ok(Err(Code::NotOwner));
    }
    let alias = users::alias(tx, &remote, &incoming.wire_id).await?;
    let known = users::get(tx, &alias.unwrap_or(incoming.wire_id)).await?;
    // Nobody is refused for being known: only who would be new counts.
    let is_new = known.as_ref().is_none_or(|user| user.remote_id != Some(remote));
    if is_new && !policies::admits_person(tx, &remote).await? {
        return Ok(Err(Code::Policy));
    }
    let made = match known {
        None => make(app, tx, teller, incoming, incoming.wire_id).await?,
        // Only where it may speak for them does a peer say what became of people of third organisations.
        Some(user) if user.remote_id == Some(remote) && is_relayed(&user) && teller.relays.is_none() => {
            return Ok(Err(Code::NotOwner));
        }
        Some(user) if user.remote_id == Some(remote) => {
            let id = user.id;
            return Ok(Ok((update(app, tx, teller, user, incoming).await?, id)));
        }
        Some(user) if may_stand_beside(teller, &user, incoming) => {
            let fresh = app.ids.id(UserId::from_random);
            users::insert_alias(tx, &remote, &incoming.wire_id, &fresh).await?;
            make(app, tx, teller, incoming, fresh).await?
        }
        Some(_) => return Ok(Err(Code::NotOwner)),
    };
    Ok(made.map(|id| (Applied::Changed, id)).ok_or(Code::Quota))
}

/// Whether a person whose id another connection's person bears here becomes a person of their own, beside that one
/// (ruling 52). The home may speak for guests in its own channel, but not borrow an identity we know directly; and who
/// was only known through a middle server may be met directly later.
fn may_stand_beside(teller: Teller<'_>, known: &User, incoming: &IncomingUser) -> bool {
    let relayed_here = is_relayed(known);
    !known.is_local() && if incoming.relayed { teller.relays.is_some() } else { relayed_here }
}

/// The first name on the list nobody else bears.
async fn free_name(tx: &mut Tx, names: &[String], own: Option<&UserId>) -> Result<Option<String>, StoreError> {
    for name in names {
        match users::get_by_username(tx, name).await? {
            None => return Ok(Some(name.clone())),
            Some(holder) if Some(&holder.id) == own => return Ok(Some(name.clone())),
            Some(_) => {}
        }
    }
    Ok(None)
}

async fn make(
    app: &App,
    tx: &mut Tx,
    teller: Teller<'_>,
    incoming: &IncomingUser,
    id: UserId,
) -> Result<Option<UserId>, StoreError> {
    let Some(username) = free_name(tx, &incoming.stand_ins, None).await? else { return Ok(None) };
    // Whole messages were asked to wait before; here only one that overtook another is caught (E-135).
    if !quotas::count_person(app, tx, &teller.remote.id).await? {
        return Ok(None);
    }
    let now = tx.now();
    let mut user = User {
        id,
        create_at: if incoming.create_at.0 > 0 { incoming.create_at.min(now) } else { now },
        update_at: now,
        delete_at: None,
        username,
        email: format!("{id}@remote.invalid"),
        email_verified: false,
        nickname: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        position: String::new(),
        roles: String::new(),
        locale: "en".to_owned(),
        timezone: Default::default(),
        props: Default::default(),
        notify_props: Default::default(),
        remote_id: Some(teller.remote.id),
        remote_username: String::new(),
        remote_update_at: incoming.update_at,
        is_bot: incoming.is_bot,
        bot_description: String::new(),
        last_password_update: now,
        picture_at: rialto_model::Millis(0),
    };
    describe(&mut user, teller, incoming);
    user.delete_at = incoming.delete_at;
    users::insert(tx, &user, "").await?;
    blocks::set_deactivated_at_home(tx, &id, incoming.delete_at).await?;
    tx.record(Scope::Server, teller.origin(), DomainEvent::UserCreated { user: id });
    Ok(Some(id))
}

/// The positive list of what a peer says of its people (INV-5).
fn describe(user: &mut User, teller: Teller<'_>, incoming: &IncomingUser) {
    user.nickname.clone_from(&incoming.nickname);
    user.first_name.clone_from(&incoming.first_name);
    user.last_name.clone_from(&incoming.last_name);
    user.position.clone_from(&incoming.position);
    if !incoming.locale.is_empty() {
        user.locale.clone_from(&incoming.locale);
    }
    user.timezone.clone_from(&incoming.timezone);
    user.remote_username.clone_from(&incoming.username);
    user.props = std::collections::BTreeMap::from([("RemoteUsername".to_owned(), incoming.username.clone())]);
    if let Some(share) = teller.relays.filter(|_| incoming.relayed) {
        user.props.insert(RELAYED.to_owned(), share.to_string());
    }
    // A mark, not a right: people of other servers have none here (behaviour 4.1, E-096).
    user.roles = if incoming.is_guest { GUEST } else { "system_user" }.to_owned();
    if let Some(email) = &incoming.email {
        user.props.insert("RemoteEmail".to_owned(), email.clone());
    }
    // Whoever is gone says no more what they are doing (E-093).
    if let Some(status) = incoming.custom_status.as_ref().filter(|_| incoming.delete_at.is_none()) {
        user.props.insert("customStatus".to_owned(), status.clone());
    }
}

async fn update(
    app: &App,
    tx: &mut Tx,
    teller: Teller<'_>,
    before: User,
    incoming: &IncomingUser,
) -> Result<Applied, StoreError> {
    if incoming.update_at <= before.remote_update_at {
        return Ok(Applied::Known);
    }
    let mut user = before.clone();
    // A new name there, or a new name of the connection here: the one the person bears is none of those it would get.
    if incoming.username != before.remote_username || !incoming.stand_ins.contains(&before.username) {
        let Some(name) = free_name(tx, &incoming.stand_ins, Some(&before.id)).await? else {
            return Ok(Applied::Refused(Code::Quota));
        };
        user.username = name;
    }
    describe(&mut user, teller, incoming);
    // What was decided here about the person stands, whatever the home says (behaviour 4.5).
    blocks::set_deactivated_at_home(tx, &user.id, incoming.delete_at).await?;
    user.delete_at = users::get(tx, &user.id).await?.and_then(|settled| settled.delete_at);
    let changed = user != before;
    user.remote_update_at = incoming.update_at;
    if changed {
        user.update_at = before.update_at.next_version(tx.now());
        tx.record(Scope::Server, teller.origin(), DomainEvent::UserUpdated { user: user.id });
    }
    users::update(tx, &user).await?;
    if before.delete_at.is_none() && user.delete_at.is_some() {
        arrivals::deactivated(app, tx, teller.remote, &user).await?;
    }
    Ok(if changed { Applied::Changed } else { Applied::Known })
}
