//! Who belongs to a team. Whoever enters belongs to its default channels as well; whoever leaves leaves all of its
//! channels.

use rialto_model::{DomainEvent, Origin, Permission, Scope, Team, TeamId, TeamMember, User, UserId};
use rialto_store::{StoreError, Tx, team_members, teams, users};

use super::Error;
use crate::access::{self, SessionUser};
use crate::{App, channel_members};

fn membership(tx: &Tx, team: &TeamId, user: &UserId, admin: bool) -> TeamMember {
    TeamMember {
        team_id: *team,
        user_id: *user,
        create_at: tx.now(),
        delete_at: None,
        scheme_admin: admin,
        scheme_user: true,
        scheme_guest: false,
    }
}

/// The first member of a new team: its administrator.
pub(super) async fn found(tx: &mut Tx, team: &Team, user: &UserId) -> Result<(), StoreError> {
    let member = membership(tx, &team.id, user, true);
    insert(tx, &member, Origin::Local).await?;
    channel_members::join_defaults(tx, &team.id, *user, true).await
}

async fn insert(tx: &mut Tx, member: &TeamMember, origin: Origin) -> Result<bool, StoreError> {
    let added = team_members::insert(tx, member).await?;
    if added {
        let event = DomainEvent::TeamMemberAdded { team: member.team_id, user: member.user_id };
        tx.record(Scope::Team(member.team_id), origin, event);
    }
    Ok(added)
}

/// Takes a local person into a team and its default channels, inside a transaction that may have another purpose.
///
/// # Errors
/// [`Error::Full`], [`Error::Archived`], [`Error::RemoteUser`], [`Error::InactiveUser`].
pub(crate) async fn enter(app: &App, tx: &mut Tx, team: &Team, user: &User) -> Result<TeamMember, Error> {
    if team.delete_at.is_some() {
        return Err(Error::Archived);
    }
    if !user.is_local() {
        return Err(Error::RemoteUser);
    }
    if user.delete_at.is_some() {
        return Err(Error::InactiveUser);
    }
    let known = team_members::get(tx, &team.id, &user.id).await?;
    if let Some(known) = known.filter(|member| member.delete_at.is_none()) {
        return Ok(known);
    }
    if team_members::count(tx, &team.id, true).await? >= app.settings.get().max_users_per_team {
        return Err(Error::Full);
    }
    let member = membership(tx, &team.id, &user.id, false);
    if insert(tx, &member, Origin::Local).await? {
        channel_members::join_defaults(tx, &team.id, user.id, false).await?;
    }
    Ok(member)
}

/// Adds a person to a team: oneself to an open one with `join_public_teams` (to any with `join_private_teams`), others
/// with `add_user_to_team`. Adding a member again changes nothing.
///
/// # Errors
/// [`Error`].
pub async fn add_member(app: &App, actor: &SessionUser, team: &TeamId, user: &UserId) -> Result<TeamMember, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let found = teams::get_for_update(&mut tx, team).await?.ok_or(Error::Absent)?;
    if actor.user_id == *user {
        let may = found.allow_open_invite && actor.may(Permission::JoinPublicTeams);
        if !may {
            let needs =
                if found.allow_open_invite { Permission::JoinPublicTeams } else { Permission::JoinPrivateTeams };
            access::team(&mut tx, actor, team, needs).await?;
        }
    } else {
        access::team(&mut tx, actor, team, Permission::AddUserToTeam).await?;
    }
    let person = users::get(&mut tx, user).await?.ok_or(Error::UnknownUser)?;
    let member = enter(app, &mut tx, &found, &person).await?;
    tx.commit().await?;
    Ok(member)
}

/// Enters the team whose invitation link holds `invite_id`.
///
/// # Errors
/// [`Error::BadInvitation`]; otherwise as [`add_member`].
pub async fn join_by_invitation(app: &App, actor: &SessionUser, invite_id: &str) -> Result<TeamMember, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let found = teams::get_by_invite_id(&mut tx, invite_id).await?.ok_or(Error::BadInvitation)?;
    let team = teams::get_for_update(&mut tx, &found.id).await?.ok_or(Error::BadInvitation)?;
    let person = users::get(&mut tx, &actor.user_id).await?.ok_or(Error::UnknownUser)?;
    let member = enter(app, &mut tx, &team, &person).await?;
    tx.commit().await?;
    Ok(member)
}

/// Takes a person out of a team and all of its channels.
///
/// # Errors
/// [`Error::NotMember`]; [`Error::Denied`] for others without `remove_user_from_team`.
pub async fn remove_member(app: &App, actor: &SessionUser, team: &TeamId, user: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    teams::get_for_update(&mut tx, team).await?.ok_or(Error::Absent)?;
    if actor.user_id != *user {
        access::team(&mut tx, actor, team, Permission::RemoveUserFromTeam).await?;
    }
    let now = tx.now();
    if !team_members::end(&mut tx, team, user, now).await? {
        return Err(Error::NotMember);
    }
    channel_members::leave_all(&mut tx, team, *user, Some(actor.user_id)).await?;
    let event = DomainEvent::TeamMemberRemoved { team: *team, user: *user };
    tx.record(Scope::Team(*team), Origin::Local, event);
    tx.commit().await?;
    Ok(())
}

/// Gives or takes the roles of a member.
///
/// # Errors
/// [`Error::RemoteUser`] for people of other servers, who never get a role; [`Error::NotMember`]; [`Error::Denied`]
/// without `manage_team_roles`.
pub async fn set_scheme_roles(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    user: &UserId,
    admin: bool,
) -> Result<TeamMember, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    teams::get_for_update(&mut tx, team).await?.ok_or(Error::Absent)?;
    access::team(&mut tx, actor, team, Permission::ManageTeamRoles).await?;
    let person = users::get(&mut tx, user).await?.ok_or(Error::UnknownUser)?;
    if !person.is_local() {
        return Err(Error::RemoteUser);
    }
    let known = team_members::get(&mut tx, team, user).await?.filter(|member| member.delete_at.is_none());
    let mut member = known.ok_or(Error::NotMember)?;
    if member.scheme_admin == admin {
        return Ok(member);
    }
    member.scheme_admin = admin;
    team_members::update(&mut tx, &member).await?;
    let event = DomainEvent::TeamMemberUpdated { team: *team, user: *user };
    tx.record(Scope::Team(*team), Origin::Local, event);
    tx.commit().await?;
    Ok(member)
}

/// One membership.
///
/// # Errors
/// [`Error::NotMember`]; [`Error::Denied`] without `view_team`.
pub async fn get_member(app: &App, actor: &SessionUser, team: &TeamId, user: &UserId) -> Result<TeamMember, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let found = team_members::get(&mut view, team, user).await?;
    found.filter(|member| member.delete_at.is_none()).ok_or(Error::NotMember)
}

/// Memberships of local people, by username.
///
/// # Errors
/// [`Error::Denied`] without `view_team`.
pub async fn list_members(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    offset: i64,
    limit: i64,
) -> Result<Vec<TeamMember>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    Ok(team_members::list(&mut view, team, offset, limit).await?)
}

/// Memberships of these people, in no order.
///
/// # Errors
/// [`Error::Denied`] without `view_team`.
pub async fn list_members_by_ids(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    users: &[UserId],
) -> Result<Vec<TeamMember>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    Ok(team_members::list_by_ids(&mut view, team, users).await?)
}

/// Memberships of somebody in live teams.
///
/// # Errors
/// [`Error::Denied`] for other people's without `read_other_users_teams`.
pub async fn list_memberships(app: &App, actor: &SessionUser, user: &UserId) -> Result<Vec<TeamMember>, Error> {
    if actor.user_id != *user {
        actor.require(Permission::ReadOtherUsersTeams)?;
    }
    Ok(team_members::list_of_user(&mut app.db.read(app.clock.now()).await?, user).await?)
}

/// Local members of a team: all, and those not deactivated.
///
/// # Errors
/// [`Error::Denied`] without `view_team`.
pub async fn count_members(app: &App, actor: &SessionUser, team: &TeamId) -> Result<(i64, i64), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    Ok((team_members::count(&mut view, team, false).await?, team_members::count(&mut view, team, true).await?))
}
