//! Who belongs to a channel: joining, adding, leaving, removing, reading.

use rialto_model::{
    Channel, ChannelId, ChannelKind, ChannelMember, DomainEvent, Millis, Origin, Permission, Scope, TeamId, User,
    UserId,
};
use rialto_store::{
    StoreError, Tx, blocks, channel_members, channels, posts, shares, team_members, users as user_rows,
};

use crate::access::{self, ChannelAccess, Denied, SessionUser, ShareAccess};
use crate::channels::DEFAULT_CHANNEL;
use crate::system_posts::{self, About, SystemPost};
use crate::{App, arrivals, member_requests, threads};

/// Why something about memberships was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nobody of that id, or deactivated.
    #[error("no such person")]
    NoUser,
    /// The person does not belong to the channel's team.
    #[error("the person is not in the team")]
    NotInTeam,
    /// Archived channels take nobody.
    #[error("the channel is archived")]
    Archived,
    /// Nobody leaves the default channel but with the team.
    #[error("nobody leaves the default channel")]
    DefaultChannel,
    /// Direct and group channels have the members they have.
    #[error("not for direct or group channels")]
    DirectOrGroup,
    /// A person of another server joins through it, not from here (ruling 50).
    #[error("ask {organisation} to add them")]
    AskOrganisation {
        /// Display name of the connection.
        organisation: String,
    },
    /// A person of another server only belongs to channels shared with it (behaviour 4.5).
    #[error("not part of a channel shared with {organisation}")]
    NotShared {
        /// Display name of the connection.
        organisation: String,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fresh membership of an ordinary member who has read nothing.
pub(crate) fn member_row(channel: ChannelId, user: UserId, now: Millis) -> ChannelMember {
    ChannelMember {
        channel_id: channel,
        user_id: user,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
        last_viewed_at: Millis(0),
        msg_count: 0,
        msg_count_root: 0,
        mention_count: 0,
        mention_count_root: 0,
        notify_props: rialto_model::channel::default_notify_props(),
        last_update_at: now,
        moderation: rialto_model::Moderation::default(),
    }
}

/// A member that joins now: what was written before does not count as unread.
async fn joining(tx: &mut Tx, channel: &ChannelId, user: UserId) -> Result<ChannelMember, StoreError> {
    let mut member = member_row(*channel, user, tx.now());
    if let Some(channel) = channels::get(tx, channel).await? {
        member.msg_count = channel.total_msg_count;
        member.msg_count_root = channel.total_msg_count_root;
        member.last_viewed_at = tx.now();
    }
    Ok(member)
}

/// Makes somebody a member of a team without a word, because they come to belong to one of its channels (ruling 49).
pub(crate) async fn join_team_silently(
    tx: &mut Tx,
    team: &TeamId,
    user: UserId,
    origin: Origin,
) -> Result<(), StoreError> {
    let member = rialto_model::TeamMember {
        team_id: *team,
        user_id: user,
        create_at: tx.now(),
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    };
    if team_members::insert(tx, &member).await? {
        tx.record(Scope::Team(*team), origin, DomainEvent::TeamMemberAdded { team: *team, user });
    }
    Ok(())
}

/// Inserts a membership and records it; false if it was there. No permission is asked and nothing is posted.
pub(crate) async fn insert(
    tx: &mut Tx,
    channel: &ChannelId,
    user: UserId,
    admin: bool,
    by: Option<UserId>,
    origin: Origin,
) -> Result<bool, StoreError> {
    let mut member = joining(tx, channel, user).await?;
    member.scheme_admin = admin;
    let added = channel_members::insert(tx, &member).await?;
    if added {
        tx.record(Scope::Channel(*channel), origin, DomainEvent::ChannelMemberAdded { channel: *channel, user, by });
    }
    Ok(added)
}

/// Puts somebody who has just joined a team into its default channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn join_defaults(tx: &mut Tx, team: &TeamId, user: UserId, admin: bool) -> Result<(), StoreError> {
    for name in [DEFAULT_CHANNEL, "off-topic"] {
        if let Some(channel) = channels::get_by_name(tx, Some(team), name).await?.filter(|c| !c.is_archived()) {
            insert(tx, &channel.id, user, admin, Some(user), Origin::Local).await?;
        }
    }
    Ok(())
}

/// Takes somebody who has left a team out of all its channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn leave_all(tx: &mut Tx, team: &TeamId, user: UserId, by: Option<UserId>) -> Result<(), StoreError> {
    for channel in channels::list_of_user(tx, &user, Some(team), true).await? {
        if channel.team_id == Some(*team) {
            delete(tx, &channel.id, user, by, Origin::Local).await?;
        }
    }
    Ok(())
}

async fn delete(
    tx: &mut Tx,
    channel: &ChannelId,
    user: UserId,
    by: Option<UserId>,
    origin: Origin,
) -> Result<bool, StoreError> {
    let gone = channel_members::delete(tx, channel, &user).await?;
    if gone {
        tx.record(Scope::Channel(*channel), origin, DomainEvent::ChannelMemberRemoved { channel: *channel, user, by });
    }
    Ok(gone)
}

/// Adds people to a channel, or the actor joins it. Who belongs already is answered again. Who is of another Rialto is not
/// answered: their own server was asked to add them (behaviour 4.5, ruling 50).
///
/// # Errors
/// [`Error`]; nobody is added then.
pub async fn add(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    people: &[UserId],
) -> Result<Vec<ChannelMember>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::readable_channel(&mut tx, actor, id).await?;
    let channel = access.channel().clone();
    check_may_add(&access, people)?;
    if channel.is_archived() {
        return Err(Error::Archived);
    }
    let team = channel.team_id.ok_or(Error::DirectOrGroup)?;
    let adder = system_posts::username(&mut tx, &actor.user_id).await?;
    let mut members = Vec::new();
    for user in people {
        let person = user_rows::get(&mut tx, user).await?.filter(|p| p.delete_at.is_none()).ok_or(Error::NoUser)?;
        if let Some(member) = channel_members::get(&mut tx, id, user).await? {
            members.push(member);
            continue;
        }
        // Whoever was removed here is let in again here; delivery goes on with that (behaviour 4.4.5).
        let returns = !person.is_local() && blocks::delete(&mut tx, id, user).await?;
        if returns {
            member_requests::tell_blocked(&mut tx, &channel, &person, false).await?;
        } else if !person.is_local() {
            if member_requests::ask(&mut tx, actor.user_id, &channel, &person).await? {
                continue;
            }
            refuse_remote(&mut tx, &channel, &person).await?;
        }
        let in_team = team_members::get(&mut tx, &team, user).await?.is_some_and(|m| m.delete_at.is_none());
        if !in_team {
            return Err(Error::NotInTeam);
        }
        insert(&mut tx, id, *user, false, Some(actor.user_id), Origin::Local).await?;
        rialto_store::member_requests::delete(&mut tx, id, user).await?;
        announce_added(app, &mut tx, id, (actor.user_id, &adder), (*user, &person.username))?;
        members.extend(channel_members::get(&mut tx, id, user).await?);
    }
    tx.commit().await?;
    Ok(members)
}

fn check_may_add(access: &ChannelAccess, people: &[UserId]) -> Result<(), Error> {
    let needs = match access.channel().kind {
        ChannelKind::Public if people == [access.user()] => Permission::JoinPublicChannels,
        ChannelKind::Public => Permission::ManagePublicChannelMembers,
        ChannelKind::Private => Permission::ManagePrivateChannelMembers,
        ChannelKind::Direct | ChannelKind::Group => return Err(Error::DirectOrGroup),
    };
    if access.may(needs) { Ok(()) } else { Err(Denied::Forbidden(needs).into()) }
}

/// People of another server are added by their server; from here it can only be asked (behaviour 4.5, ruling 50).
async fn refuse_remote(tx: &mut Tx, channel: &Channel, person: &User) -> Result<(), Error> {
    let Some(remote) = person.remote_id else { return Ok(()) };
    let organisation = match rialto_store::remotes::get(tx, &remote).await? {
        Some(remote) => remote.display_name,
        None => return Err(Error::NoUser),
    };
    if shares::get_live(tx, &channel.id, &remote).await?.is_some() {
        return Err(Error::AskOrganisation { organisation });
    }
    Err(Error::NotShared { organisation })
}

fn announce_added(
    app: &App,
    tx: &mut Tx,
    channel: &ChannelId,
    (adder_id, adder): (UserId, &str),
    (user_id, user): (UserId, &str),
) -> Result<(), StoreError> {
    let added_id = user_id.to_string();
    let (about, message, props) = if adder_id == user_id {
        (About::Joined, format!("@{user} joined the channel."), vec![("username", user)])
    } else {
        let props = vec![("username", adder), ("addedUsername", user), ("addedUserId", added_id.as_str())];
        (About::Added, format!("@{user} was added to the channel by @{adder}."), props)
    };
    let post = SystemPost { channel: *channel, about, user: Some(adder_id), message, props: &props };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Removes somebody from a channel, or the actor leaves it. Who is no member stays none.
///
/// # Errors
/// [`Error`].
pub async fn remove(app: &App, actor: &SessionUser, id: &ChannelId, user: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::readable_channel(&mut tx, actor, id).await?;
    let needs = match access.channel().kind {
        ChannelKind::Public => Permission::ManagePublicChannelMembers,
        ChannelKind::Private => Permission::ManagePrivateChannelMembers,
        ChannelKind::Direct | ChannelKind::Group => return Err(Error::DirectOrGroup),
    };
    if *user != actor.user_id && !access.may(needs) {
        return Err(Denied::Forbidden(needs).into());
    }
    if access.channel().name == DEFAULT_CHANNEL {
        return Err(Error::DefaultChannel);
    }
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    if !delete(&mut tx, id, *user, Some(actor.user_id), Origin::Local).await? {
        return Err(Denied::Absent("member").into());
    }
    if let Some(person) = user_rows::get(&mut tx, user).await?.filter(|person| !person.is_local()) {
        // Their server's next word does not bring them back (E-101); it is told, so that it can say so (behaviour 4.4.5).
        blocks::insert(&mut tx, id, user).await?;
        member_requests::tell_blocked(&mut tx, access.channel(), &person, true).await?;
    }
    let name = system_posts::username(&mut tx, user).await?;
    let user_id = user.to_string();
    let (about, message) = if *user == actor.user_id {
        (About::Left, format!("@{name} left the channel."))
    } else {
        (About::Removed, format!("@{name} was removed from the channel."))
    };
    let props = [("username", name.as_str()), ("removedUsername", name.as_str()), ("removedUserId", user_id.as_str())];
    system_posts::write(
        app,
        &mut tx,
        SystemPost { channel: *id, about, user: Some(actor.user_id), message, props: &props },
    )?;
    tx.commit().await?;
    Ok(())
}

/// A peer's person joins or leaves a channel shared with it: team membership follows silently (ruling 49).
///
/// Ownership is the caller's to have checked: `user` is a person the peer may speak for.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn apply(app: &App, tx: &mut Tx, share: &ShareAccess, user: UserId, joins: bool) -> Result<bool, StoreError> {
    let channel = share.channel();
    // Who takes part in a conversation was settled when it was opened.
    if channel.kind.is_direct_or_group() {
        return Ok(false);
    }
    if !joins {
        let left = delete(tx, &channel.id, user, Some(user), share.origin()).await?;
        if left {
            arrivals::left(app, tx, share, &user).await?;
        }
        return Ok(left);
    }
    if blocks::is_blocked(tx, &channel.id, &user).await? {
        return Ok(false);
    }
    if let Some(team) = &channel.team_id {
        join_team_silently(tx, team, user, share.origin()).await?;
    }
    let joined = insert(tx, &channel.id, user, false, Some(user), share.origin()).await?;
    rialto_store::member_requests::delete(tx, &channel.id, &user).await?;
    if joined {
        arrivals::joined(app, tx, share, &user).await?;
    }
    Ok(joined)
}

/// Sets the role flags of a member.
///
/// # Errors
/// [`Error`]; people of other servers never administrate (behaviour 4.5).
pub async fn set_roles(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    user: &UserId,
    admin: bool,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    access::channel(&mut tx, actor, id, Permission::ManageChannelRoles).await?;
    let person = user_rows::get(&mut tx, user).await?.ok_or(Error::NoUser)?;
    let mut member = channel_members::get(&mut tx, id, user).await?.ok_or(Denied::Absent("member"))?;
    if admin && !person.is_local() {
        return Err(Denied::Forbidden(Permission::ManageChannelRoles).into());
    }
    if member.scheme_admin != admin {
        member.scheme_admin = admin;
        update(&mut tx, member).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Sets notification settings of the actor; keys not named stay.
///
/// # Errors
/// [`Error`].
pub async fn set_notify_props(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    props: std::collections::BTreeMap<String, String>,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut member = channel_members::get(&mut tx, id, &actor.user_id).await?.ok_or(Denied::Absent("member"))?;
    let known = |key: &str| member.notify_props.contains_key(key);
    if let Some(key) = props.keys().find(|key| !known(key)) {
        tracing::debug!(key, "a notification setting of no meaning here is kept as given");
    }
    member.notify_props.extend(props);
    update(&mut tx, member).await?;
    tx.commit().await?;
    Ok(())
}

async fn update(tx: &mut Tx, mut member: ChannelMember) -> Result<(), StoreError> {
    member.last_update_at = tx.now();
    channel_members::update(tx, &member).await?;
    tx.record(
        Scope::User(member.user_id),
        Origin::Local,
        DomainEvent::ChannelMemberUpdated { channel: member.channel_id, user: member.user_id },
    );
    Ok(())
}

/// What somebody sees who looks at a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Its messages; threads are read apart.
    Messages,
    /// Its messages, replies among them.
    Everything,
}

/// Marks channels as read by the actor; returns when each was viewed.
///
/// # Errors
/// [`Error`].
pub async fn view(
    app: &App,
    actor: &SessionUser,
    ids: &[ChannelId],
    seen: Seen,
) -> Result<Vec<(ChannelId, Millis)>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let (now, mut viewed) = (tx.now(), Vec::new());
    for id in ids {
        if channel_members::mark_viewed(&mut tx, id, &actor.user_id, now).await? {
            viewed.push((*id, now));
            tx.record(
                Scope::User(actor.user_id),
                Origin::Local,
                DomainEvent::ChannelViewed { channel: *id, user: actor.user_id, at: now },
            );
            if seen == Seen::Everything {
                threads::channel_viewed(&mut tx, &actor.user_id, id).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(viewed)
}

/// A membership in a channel the actor may read.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &ChannelId, user: &UserId) -> Result<ChannelMember, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    Ok(channel_members::get(&mut view, id, user).await?.ok_or(Denied::Absent("member"))?)
}

/// A page of the memberships of a channel the actor may read, by username.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    offset: i64,
    limit: i64,
) -> Result<Vec<ChannelMember>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    Ok(channel_members::list(&mut view, id, offset, limit).await?)
}

/// The memberships of these people in a channel the actor may read.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_by_ids(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    people: &[UserId],
) -> Result<Vec<ChannelMember>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    Ok(channel_members::list_by_ids(&mut view, id, people).await?)
}

/// The time zones a channel's members live in, by name.
///
/// # Errors
/// [`Error::Denied`].
pub async fn timezones(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<String>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    let settings = channel_members::timezones(&mut view, id).await?;
    let zone = |settings: std::collections::BTreeMap<String, String>| {
        let automatic = settings.get("useAutomaticTimezone").is_some_and(|value| value == "true");
        settings.get(if automatic { "automaticTimezone" } else { "manualTimezone" }).cloned()
    };
    let zones: std::collections::BTreeSet<String> =
        settings.into_iter().filter_map(zone).filter(|name| !name.is_empty()).collect();
    Ok(zones.into_iter().collect())
}

/// The actor's memberships, in one team's channels (with those of no team) or everywhere.
///
/// # Errors
/// [`Error::Store`].
pub async fn list_mine(app: &App, actor: &SessionUser, team: Option<&TeamId>) -> Result<Vec<ChannelMember>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(channel_members::list_of_user(&mut view, &actor.user_id, team).await?)
}

/// Marks a channel as unread from a post on; returns the membership as it is then.
///
/// # Errors
/// [`Error`].
pub async fn set_unread_from(
    app: &App,
    actor: &SessionUser,
    post: &rialto_model::PostId,
) -> Result<(Channel, ChannelMember), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = posts::get(&mut tx, post).await?.ok_or(Denied::Absent("post"))?;
    let access = access::channel(&mut tx, actor, &post.channel_id, Permission::ReadChannel).await?;
    let mut member =
        channel_members::get(&mut tx, &post.channel_id, &actor.user_id).await?.ok_or(Denied::Absent("member"))?;
    let channel = channels::get(&mut tx, &post.channel_id).await?.ok_or(Denied::Absent("channel"))?;
    let (newer, newer_roots) = posts::count_from(&mut tx, &post.channel_id, post.create_at).await?;
    member.last_viewed_at = Millis(post.create_at.0 - 1);
    member.msg_count = (channel.total_msg_count - newer).max(0);
    member.msg_count_root = (channel.total_msg_count_root - newer_roots).max(0);
    member.last_update_at = tx.now();
    channel_members::set_read_state(&mut tx, &member).await?;
    tx.record(
        Scope::User(actor.user_id),
        access.origin(),
        DomainEvent::ChannelMemberUpdated { channel: post.channel_id, user: actor.user_id },
    );
    tx.commit().await?;
    Ok((channel, member))
}
