//! Channels: making, changing, archiving, finding.

use rialto_model::names::{InvalidName, check_channel_name};
use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Millis, Origin, Permission, Scope, Team, TeamId, UserId,
};
use rialto_store::{StoreError, Tx, channel_members, channels, posts};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::channel_members::member_row;
use crate::system_posts::{self, About, SystemPost};

/// Why something about a channel was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The name has a form it must not have.
    #[error("the name {0}")]
    Name(InvalidName),
    /// A field is empty or too long.
    #[error("{field} must have {min} to {max} characters")]
    Length {
        /// Member of API v4.
        field: &'static str,
        /// Least.
        min: usize,
        /// Most.
        max: usize,
    },
    /// The team has a channel of that name.
    #[error("the name is taken")]
    NameTaken,
    /// Archived channels do not change.
    #[error("the channel is archived")]
    Archived,
    /// Nothing to restore.
    #[error("the channel is not archived")]
    NotArchived,
    /// Everybody's first channel stays.
    #[error("the default channel stays")]
    DefaultChannel,
    /// The team has as many channels as a team may.
    #[error("the team has {max} channels")]
    TooMany {
        /// The limit.
        max: i64,
    },
    /// The server does not let anybody delete channels for good.
    #[error("channels are not deleted for good here")]
    DeletionOff,
    /// Some members do not belong to the team it was to be moved to.
    #[error("not everybody belongs to that team")]
    MembersElsewhere,
    /// Direct and group channels are not made or changed like this.
    #[error("not for direct or group channels")]
    DirectOrGroup,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Name of the channel everybody of a team is in.
pub const DEFAULT_CHANNEL: &str = "town-square";

/// A channel somebody wants.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Where.
    pub team: TeamId,
    /// Public or private.
    pub kind: ChannelKind,
    /// Unique in the team.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Text above the messages.
    pub header: String,
    /// What for.
    pub purpose: String,
}

/// Changes to a channel; None leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ChannelPatch {
    /// Unique in the team.
    pub name: Option<String>,
    /// Shown name.
    pub display_name: Option<String>,
    /// Text above the messages.
    pub header: Option<String>,
    /// What for.
    pub purpose: Option<String>,
}

pub(crate) fn check_length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if (min..=max).contains(&length) { Ok(()) } else { Err(Error::Length { field, min, max }) }
}

pub(crate) fn name_taken(error: StoreError) -> Error {
    if error.is_unique_on("channels") && error.is_unique_on("name") { Error::NameTaken } else { Error::Store(error) }
}

/// Makes a public or private channel; its maker joins as channel administrator. Records [`DomainEvent::ChannelCreated`].
///
/// # Errors
/// [`Error`]; client-api 5.4 and 10.
pub async fn create(app: &App, actor: &SessionUser, new: NewChannel) -> Result<Channel, Error> {
    let needs = match new.kind {
        ChannelKind::Public => Permission::CreatePublicChannel,
        ChannelKind::Private => Permission::CreatePrivateChannel,
        ChannelKind::Direct | ChannelKind::Group => return Err(Error::DirectOrGroup),
    };
    check_channel_name(&new.name).map_err(Error::Name)?;
    check_length("display_name", &new.display_name, 1, 64)?;
    check_length("header", &new.header, 0, 1024)?;
    check_length("purpose", &new.purpose, 0, 250)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::team(&mut tx, actor, &new.team, needs).await?;
    let team = access.team().id;
    let max = app.settings.get().max_channels_per_team;
    if channels::count_of_team(&mut tx, &team).await? >= max {
        return Err(Error::TooMany { max });
    }
    let channel = Channel {
        id: app.ids.id(ChannelId::from_random),
        team_id: Some(team),
        creator_id: Some(actor.user_id),
        kind: new.kind,
        name: new.name,
        display_name: new.display_name,
        header: new.header,
        purpose: new.purpose,
        ..blank(tx.now())
    };
    insert(&mut tx, &channel, Origin::Local).await?;
    let mut member = member_row(channel.id, actor.user_id, tx.now());
    member.scheme_admin = true;
    channel_members::insert(&mut tx, &member).await?;
    tx.record(
        Scope::Channel(channel.id),
        Origin::Local,
        DomainEvent::ChannelMemberAdded { channel: channel.id, user: actor.user_id, by: Some(actor.user_id) },
    );
    tx.commit().await?;
    Ok(channel)
}

/// A channel row with nothing in it, to be completed with `..`.
pub(crate) fn blank(now: Millis) -> Channel {
    Channel {
        id: ChannelId::from_random([0; 16]),
        create_at: now,
        update_at: now,
        delete_at: None,
        team_id: None,
        kind: ChannelKind::Private,
        name: String::new(),
        display_name: String::new(),
        header: String::new(),
        purpose: String::new(),
        creator_id: None,
        origin: None,
        shared: false,
        last_post_at: Millis(0),
        total_msg_count: 0,
        total_msg_count_root: 0,
    }
}

/// Inserts a channel and records it.
pub(crate) async fn insert(tx: &mut Tx, channel: &Channel, origin: Origin) -> Result<(), Error> {
    channels::insert(tx, channel).await.map_err(name_taken)?;
    tx.record(
        Scope::Channel(channel.id),
        origin,
        DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id },
    );
    Ok(())
}

/// Makes the channels every team begins with, in the transaction that makes the team.
///
/// # Errors
/// [`Error::Store`].
pub async fn create_default(app: &App, tx: &mut Tx, team: &Team, creator: UserId) -> Result<Vec<ChannelId>, Error> {
    let mut made = Vec::new();
    for (name, display_name) in [(DEFAULT_CHANNEL, "Town Square"), ("off-topic", "Off-Topic")] {
        let channel = Channel {
            id: app.ids.id(ChannelId::from_random),
            team_id: Some(team.id),
            kind: ChannelKind::Public,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            creator_id: Some(creator),
            ..blank(tx.now())
        };
        insert(tx, &channel, Origin::Local).await?;
        made.push(channel.id);
    }
    Ok(made)
}

fn properties_permission(kind: ChannelKind) -> Permission {
    match kind {
        ChannelKind::Public => Permission::ManagePublicChannelProperties,
        _ => Permission::ManagePrivateChannelProperties,
    }
}

/// Changes names, header or purpose, and tells the channel. Copies elsewhere keep theirs (E-059).
///
/// # Errors
/// [`Error`].
pub async fn patch(app: &App, actor: &SessionUser, id: &ChannelId, patch: ChannelPatch) -> Result<Channel, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::readable_channel(&mut tx, actor, id).await?;
    let needs = properties_permission(access.channel().kind);
    if access.channel().kind.is_direct_or_group() && (patch.name.is_some() || patch.display_name.is_some()) {
        return Err(Error::DirectOrGroup);
    }
    if !access.may(needs) && !access.channel().kind.is_direct_or_group() {
        return Err(Denied::Forbidden(needs).into());
    }
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    let old = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    let mut channel = old.clone();
    if let Some(name) = patch.name.filter(|name| *name != old.name) {
        if old.name == DEFAULT_CHANNEL {
            return Err(Error::DefaultChannel);
        }
        check_channel_name(&name).map_err(Error::Name)?;
        channel.name = name;
    }
    if let Some(display_name) = patch.display_name {
        check_length("display_name", &display_name, 1, 64)?;
        channel.display_name = display_name;
    }
    if let Some(header) = patch.header {
        check_length("header", &header, 0, 1024)?;
        channel.header = header;
    }
    if let Some(purpose) = patch.purpose {
        check_length("purpose", &purpose, 0, 250)?;
        channel.purpose = purpose;
    }
    if channel == old {
        return Ok(old);
    }
    channel.update_at = old.update_at.next_version(tx.now());
    channels::update(&mut tx, &channel).await.map_err(name_taken)?;
    record_update(&mut tx, &channel, Origin::Local);
    let name = system_posts::username(&mut tx, &actor.user_id).await?;
    for (about, what, before, after) in [
        (About::Header, "header", &old.header, &channel.header),
        (About::Purpose, "purpose", &old.purpose, &channel.purpose),
        (About::DisplayName, "displayname", &old.display_name, &channel.display_name),
    ] {
        if before != after {
            let (old_key, new_key) = (format!("old_{what}"), format!("new_{what}"));
            let message = format!("@{name} changed the channel {what} from: {before} to: {after}");
            let props = [("username", name.as_str()), (&old_key, before), (&new_key, after)];
            system_posts::write(
                app,
                &mut tx,
                SystemPost { channel: *id, about, user: Some(actor.user_id), message, props: &props },
            )?;
        }
    }
    tx.commit().await?;
    Ok(channel)
}

pub(crate) fn record_update(tx: &mut Tx, channel: &Channel, origin: Origin) {
    tx.record(Scope::Channel(channel.id), origin, DomainEvent::ChannelUpdated { channel: channel.id });
}

/// Makes a public channel private, or the reverse. Copies elsewhere keep their type (E-058).
///
/// # Errors
/// [`Error`].
pub async fn set_privacy(app: &App, actor: &SessionUser, id: &ChannelId, kind: ChannelKind) -> Result<Channel, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let needs = match kind {
        ChannelKind::Public => Permission::ConvertPrivateChannelToPublic,
        ChannelKind::Private => Permission::ConvertPublicChannelToPrivate,
        ChannelKind::Direct | ChannelKind::Group => return Err(Error::DirectOrGroup),
    };
    let access = access::channel(&mut tx, actor, id, needs).await?;
    if access.channel().kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if channel.name == DEFAULT_CHANNEL {
        return Err(Error::DefaultChannel);
    }
    if channel.kind != kind {
        channel.kind = kind;
        channel.update_at = channel.update_at.next_version(tx.now());
        channels::update(&mut tx, &channel).await?;
        record_update(&mut tx, &channel, Origin::Local);
        let name = system_posts::username(&mut tx, &actor.user_id).await?;
        let word = if kind == ChannelKind::Public { "public" } else { "private" };
        let message = format!("@{name} made this channel {word}.");
        let props = [("username", name.as_str())];
        let post =
            SystemPost { channel: *id, about: About::Privacy, user: Some(actor.user_id), message, props: &props };
        system_posts::write(app, &mut tx, post)?;
        tx.commit().await?;
    }
    Ok(channel)
}

/// Archives a channel; it stays readable.
///
/// # Errors
/// [`Error`].
pub async fn archive(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::readable_channel(&mut tx, actor, id).await?;
    let needs = match access.channel().kind {
        ChannelKind::Public => Permission::DeletePublicChannel,
        ChannelKind::Private => Permission::DeletePrivateChannel,
        ChannelKind::Direct | ChannelKind::Group => return Err(Error::DirectOrGroup),
    };
    if !access.may(needs) {
        return Err(Denied::Forbidden(needs).into());
    }
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if channel.name == DEFAULT_CHANNEL {
        return Err(Error::DefaultChannel);
    }
    if channel.is_archived() {
        return Err(Error::Archived);
    }
    let name = system_posts::username(&mut tx, &actor.user_id).await?;
    let message = format!("@{name} archived the channel.");
    let props = [("username", name.as_str())];
    let post = SystemPost { channel: *id, about: About::Archived, user: Some(actor.user_id), message, props: &props };
    system_posts::write(app, &mut tx, post)?;
    channel.update_at = channel.update_at.next_version(tx.now());
    channel.delete_at = Some(tx.now());
    channels::update(&mut tx, &channel).await?;
    tx.record(scope_of_life(&channel), Origin::Local, DomainEvent::ChannelArchived { channel: *id });
    crate::shares::touch_of_channel(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Brings an archived channel back.
///
/// # Errors
/// [`Error`].
pub async fn restore(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Channel, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    access::channel(&mut tx, actor, id, Permission::ManageTeam).await?;
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if !channel.is_archived() {
        return Err(Error::NotArchived);
    }
    channel.update_at = channel.update_at.next_version(tx.now());
    channel.delete_at = None;
    channels::update(&mut tx, &channel).await?;
    tx.record(scope_of_life(&channel), Origin::Local, DomainEvent::ChannelRestored { channel: *id });
    crate::shares::touch_of_channel(&mut tx, id).await?;
    let name = system_posts::username(&mut tx, &actor.user_id).await?;
    let message = format!("@{name} brought the channel back.");
    let props = [("username", name.as_str())];
    let post = SystemPost { channel: *id, about: About::Restored, user: Some(actor.user_id), message, props: &props };
    system_posts::write(app, &mut tx, post)?;
    tx.commit().await?;
    Ok(channel)
}

/// Archiving and restoring concern everybody of the team where the channel is public (client-api 9.5).
pub(crate) fn scope_of_life(channel: &Channel) -> Scope {
    match (channel.kind, channel.team_id) {
        (ChannelKind::Public, Some(team)) => Scope::Team(team),
        _ => Scope::Channel(channel.id),
    }
}

/// A channel its reader may see.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Channel, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    Ok(channels::get(&mut view, id).await?.ok_or(Denied::Absent("channel"))?)
}

/// Of these channels the ones the actor may see, in no order.
///
/// # Errors
/// [`Error::Store`].
pub async fn list_by_ids(app: &App, actor: &SessionUser, ids: &[ChannelId]) -> Result<Vec<Channel>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut seen = Vec::new();
    for channel in channels::list_by_ids(&mut view, ids).await? {
        match access::readable_channel(&mut view, actor, &channel.id).await {
            Ok(_) => seen.push(channel),
            Err(Denied::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(seen)
}

/// A channel of a team by name. Private ones are absent for who may not read them.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get_by_name(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    name: &str,
    archived: bool,
) -> Result<Channel, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let found = channels::get_by_name(&mut view, Some(team), name).await?;
    let channel = found.filter(|c| archived || !c.is_archived()).ok_or(Denied::Absent("channel"))?;
    match access::readable_channel(&mut view, actor, &channel.id).await {
        Ok(_) => Ok(channel),
        Err(Denied::Forbidden(_)) if channel.kind != ChannelKind::Public => Err(Denied::Absent("channel").into()),
        Err(denied) => Err(denied.into()),
    }
}

/// Channels the actor belongs to, in a team (with those of no team) or everywhere.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list_mine(
    app: &App,
    actor: &SessionUser,
    team: Option<&TeamId>,
    archived: bool,
) -> Result<Vec<Channel>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    if let Some(team) = team {
        access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    }
    Ok(channels::list_of_user(&mut view, &actor.user_id, team, archived).await?)
}

/// What a list of a team's channels is to hold.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Text in name or display name, any case; empty for all.
    pub term: String,
    /// Archived ones instead of live ones.
    pub archived: bool,
    /// Also the private ones the actor belongs to (administrators: all).
    pub private: bool,
    /// Rows to skip.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// Channels of a team somebody may find.
///
/// # Errors
/// [`Error::Denied`] without `list_team_channels`.
pub async fn search(app: &App, actor: &SessionUser, team: &TeamId, search: Search) -> Result<Vec<Channel>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::team(&mut view, actor, team, Permission::ListTeamChannels).await?;
    let filter = channels::Filter {
        team,
        archived: search.archived,
        private_of: search.private.then_some(&actor.user_id),
        all_private: search.private && access.may(Permission::ManageSystem),
        only_private: false,
        term: &search.term.to_lowercase(),
        offset: search.offset,
        limit: search.limit,
    };
    Ok(channels::list(&mut view, filter).await?)
}

/// The private channels of a team.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`.
pub async fn list_private(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    offset: i64,
    limit: i64,
) -> Result<Vec<Channel>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ManageSystem).await?;
    let filter = channels::Filter {
        team,
        archived: false,
        private_of: None,
        all_private: true,
        only_private: true,
        term: "",
        offset,
        limit,
    };
    Ok(channels::list(&mut view, filter).await?)
}

/// Numbers about a channel.
#[derive(Debug, Clone, Copy)]
pub struct Stats {
    /// Active members.
    pub members: i64,
    /// Of them, people of other servers.
    pub remote_members: i64,
    /// Pinned posts.
    pub pinned: i64,
}

/// Numbers about a channel its reader may see.
///
/// # Errors
/// [`Error::Denied`].
pub async fn stats(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Stats, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    let (members, remote_members) = channel_members::count(&mut view, id).await?;
    Ok(Stats { members, remote_members, pinned: posts::count_pinned(&mut view, id).await? })
}
