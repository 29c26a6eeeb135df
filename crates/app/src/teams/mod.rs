//! Teams: making and changing them, and what people may find out about them.

mod members;
#[cfg(test)]
mod tests;

use rialto_model::names::{InvalidName, check_team_name};
use rialto_model::{DomainEvent, Millis, Origin, Permission, Scope, Team, TeamId, TeamKind, UserId};
use rialto_store::{StoreError, team_members, teams};

pub use members::{
    add_member, count_members, get_member, join_by_invitation, list_members, list_members_by_ids, list_memberships,
    remove_member, set_scheme_roles,
};
pub use rialto_store::teams::Unread;

pub(crate) use members::enter;

use crate::access::{self, Denied, SessionUser};
use crate::{App, channels};

/// Teams looked through by a search.
const SEARCHED: i64 = 10_000;

/// Why something about a team was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such team, or none this actor may know of.
    #[error("no such team")]
    Absent,
    /// The person does not belong to it.
    #[error("no such member")]
    NotMember,
    /// There is no such person.
    #[error("no such person")]
    UnknownUser,
    /// The name is not one.
    #[error("name {0}")]
    InvalidName(InvalidName),
    /// Empty or longer than 64 characters.
    #[error("display_name must have 1 to 64 characters")]
    InvalidDisplayName,
    /// Longer than 255 characters.
    #[error("description is too long")]
    InvalidDescription,
    /// Another team has the name.
    #[error("the name is taken")]
    NameTaken,
    /// As many members as a team may have.
    #[error("the team is full")]
    Full,
    /// A person of another server: in teams for the sake of shared channels only (behaviour 4.5).
    #[error("a remote user")]
    RemoteUser,
    /// The account is deactivated.
    #[error("a deactivated user")]
    InactiveUser,
    /// The invitation leads to no team.
    #[error("the invitation is not valid")]
    BadInvitation,
    /// The team is archived.
    #[error("the team is archived")]
    Archived,
    /// A default channel could not be made.
    #[error(transparent)]
    Channel(#[from] channels::Error),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let is_name = error.is_unique_on("teams_name") || error.is_unique_on("teams.name");
        if is_name { Error::NameTaken } else { Error::Store(error) }
    }
}

/// A request for a team.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "fields are those of the team")]
pub struct NewTeam {
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub email: String,
    pub kind: TeamKind,
    pub allow_open_invite: bool,
}

/// A change of a team; what is None stays.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "fields are those of the team")]
pub struct TeamChange {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub kind: Option<TeamKind>,
    pub allow_open_invite: Option<bool>,
}

/// A team, and which of its secrets the viewer may see.
#[derive(Debug, Clone)]
pub struct SeenTeam {
    /// The team, in full.
    pub team: Team,
    /// With its address (`manage_team`).
    pub with_email: bool,
    /// With the secret of its invitation link (`invite_user`).
    pub with_invite_id: bool,
}

fn check(team: &Team) -> Result<(), Error> {
    check_team_name(&team.name).map_err(Error::InvalidName)?;
    if team.display_name.is_empty() || team.display_name.chars().count() > 64 {
        return Err(Error::InvalidDisplayName);
    }
    if team.description.chars().count() > 255 {
        return Err(Error::InvalidDescription);
    }
    Ok(())
}

/// Makes a team with its default channels; whoever makes it administers it.
///
/// # Errors
/// [`Error::Denied`] without `create_team`.
pub async fn create(app: &App, actor: &SessionUser, new: NewTeam) -> Result<Team, Error> {
    actor.require(Permission::CreateTeam)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let team = Team {
        id: app.ids.id(TeamId::from_random),
        create_at: tx.now(),
        update_at: tx.now(),
        delete_at: None,
        name: new.name.trim().to_lowercase(),
        display_name: new.display_name.trim().to_owned(),
        description: new.description,
        email: new.email.trim().to_lowercase(),
        kind: new.kind,
        allow_open_invite: new.allow_open_invite,
        invite_id: app.ids.token(),
    };
    check(&team)?;
    teams::insert(&mut tx, &team).await?;
    tx.record(Scope::Team(team.id), Origin::Local, DomainEvent::TeamCreated { team: team.id });
    channels::create_default(app, &mut tx, &team, actor.user_id).await?;
    members::found(&mut tx, &team, &actor.user_id).await?;
    tx.commit().await?;
    Ok(team)
}

/// One team, for members, administrators, and everybody where it is open.
///
/// # Errors
/// [`Error::Absent`]; [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &TeamId) -> Result<SeenTeam, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let team = teams::get(&mut view, id).await?.ok_or(Error::Absent)?;
    drop(view);
    see(app, actor, team).await
}

/// The team called `name`, as [`get`].
///
/// # Errors
/// As [`get`].
pub async fn get_by_name(app: &App, actor: &SessionUser, name: &str) -> Result<SeenTeam, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let team = teams::get_by_name(&mut view, &name.to_lowercase()).await?.ok_or(Error::Absent)?;
    drop(view);
    see(app, actor, team).await
}

async fn see(app: &App, actor: &SessionUser, team: Team) -> Result<SeenTeam, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    match access::team(&mut view, actor, &team.id, Permission::ViewTeam).await {
        Ok(access) => Ok(SeenTeam {
            with_email: access.may(Permission::ManageTeam),
            with_invite_id: access.may(Permission::InviteUser),
            team,
        }),
        Err(Denied::Forbidden(_)) if team.allow_open_invite && actor.may(Permission::ListPublicTeams) => {
            Ok(SeenTeam { team, with_email: false, with_invite_id: false })
        }
        Err(denied) => Err(Error::Denied(denied)),
    }
}

/// Whether there is a team of that name, archived or not.
///
/// # Errors
/// [`Error::Store`].
pub async fn exists(app: &App, name: &str) -> Result<bool, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(teams::get_by_name(&mut view, &name.to_lowercase()).await?.is_some())
}

/// Teams this actor may know of: open ones, and all with `list_private_teams`. `term` is part of a name, in any case.
///
/// # Errors
/// [`Error::Denied`] without either permission.
pub async fn search(app: &App, actor: &SessionUser, term: &str) -> Result<Vec<SeenTeam>, Error> {
    let all = actor.may(Permission::ListPrivateTeams);
    if !all {
        actor.require(Permission::ListPublicTeams)?;
    }
    let term = term.trim().to_lowercase();
    let mut view = app.db.read(app.clock.now()).await?;
    let found = teams::list(&mut view, all, 0, SEARCHED).await?;
    Ok(found
        .into_iter()
        .filter(|team| team.name.contains(&term) || team.display_name.to_lowercase().contains(&term))
        .map(|team| SeenTeam {
            with_email: actor.may(Permission::ManageTeam),
            with_invite_id: actor.may(Permission::InviteUser),
            team,
        })
        .collect())
}

/// The live teams somebody belongs to.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn list_of_user(app: &App, actor: &SessionUser, user: &UserId) -> Result<Vec<SeenTeam>, Error> {
    let is_own = actor.user_id == *user;
    if !is_own {
        actor.require(Permission::EditOtherUsers)?;
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let list = teams::list_of_user(&mut view, user).await?;
    let members = team_members::list_of_user(&mut view, &actor.user_id).await?;
    Ok(list
        .into_iter()
        .map(|team| {
            let roles = members.iter().filter(|member| member.team_id == team.id).flat_map(|member| member.roles());
            let held = rialto_model::PermissionSet::of_roles(roles);
            SeenTeam {
                with_email: actor.may(Permission::ManageTeam) || held.allows(Permission::ManageTeam),
                with_invite_id: actor.may(Permission::InviteUser) || held.allows(Permission::InviteUser),
                team,
            }
        })
        .collect())
}

/// What somebody has not read, team by team.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn list_unread(app: &App, actor: &SessionUser, user: &UserId) -> Result<Vec<Unread>, Error> {
    if actor.user_id != *user {
        actor.require(Permission::EditOtherUsers)?;
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let known = teams::list_unread(&mut view, user).await?;
    let members = team_members::list_of_user(&mut view, user).await?;
    Ok(members
        .into_iter()
        .map(|member| {
            let none = Unread { team_id: member.team_id, messages: 0, messages_root: 0, mentions: 0, mentions_root: 0 };
            known.iter().find(|unread| unread.team_id == member.team_id).copied().unwrap_or(none)
        })
        .collect())
}

/// What the invitation link of a team tells somebody outside.
///
/// # Errors
/// [`Error::BadInvitation`].
pub async fn get_by_invitation(app: &App, invite_id: &str) -> Result<Team, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    teams::get_by_invite_id(&mut view, invite_id).await?.ok_or(Error::BadInvitation)
}

/// Changes a team. A change that changes nothing leaves no trace.
///
/// # Errors
/// [`Error::Denied`] without `manage_team`.
pub async fn update(app: &App, actor: &SessionUser, id: &TeamId, change: TeamChange) -> Result<Team, Error> {
    edit(app, actor, id, |team, _| {
        if let Some(name) = change.display_name {
            name.trim().clone_into(&mut team.display_name);
        }
        team.description = change.description.unwrap_or(std::mem::take(&mut team.description));
        team.kind = change.kind.unwrap_or(team.kind);
        team.allow_open_invite = change.allow_open_invite.unwrap_or(team.allow_open_invite);
    })
    .await
}

/// Makes earlier invitation links of a team worthless.
///
/// # Errors
/// [`Error::Denied`] without `manage_team`.
pub async fn regenerate_invite_id(app: &App, actor: &SessionUser, id: &TeamId) -> Result<Team, Error> {
    let invite_id = app.ids.token();
    edit(app, actor, id, |team, _| team.invite_id = invite_id).await
}

/// Archives a team, or brings it back.
///
/// # Errors
/// [`Error::Denied`] without `manage_team`.
pub async fn set_archived(app: &App, actor: &SessionUser, id: &TeamId, archived: bool) -> Result<Team, Error> {
    edit(app, actor, id, |team, now| {
        if archived != team.delete_at.is_some() {
            team.delete_at = archived.then_some(now);
        }
    })
    .await
}

async fn edit(
    app: &App,
    actor: &SessionUser,
    id: &TeamId,
    change: impl FnOnce(&mut Team, Millis),
) -> Result<Team, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let before = teams::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    access::team(&mut tx, actor, id, Permission::ManageTeam).await?;
    let mut team = before.clone();
    change(&mut team, tx.now());
    if team == before {
        return Ok(team);
    }
    check(&team)?;
    team.update_at = before.update_at.next_version(tx.now());
    teams::update(&mut tx, &team).await?;
    tx.record(Scope::Team(*id), Origin::Local, DomainEvent::TeamUpdated { team: *id });
    if team.delete_at != before.delete_at {
        crate::shares::touch_of_team(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(team)
}
