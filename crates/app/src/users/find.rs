//! Finding people, and who may see whom: everybody with `view_members` sees everybody, others those they share a
//! channel with.

use rialto_model::{ChannelId, Permission, TeamId, User, UserId};
use rialto_store::users::{self, Filter};
use rialto_store::{Snapshot, StoreError};

use super::Error;
use crate::App;
use crate::access::{self, Denied, SessionUser};

/// Which people a list shows.
#[derive(Debug, Clone, Default)]
pub struct Find {
    /// Members of this team.
    pub in_team: Option<TeamId>,
    /// Nobody of this team.
    pub not_in_team: Option<TeamId>,
    /// Members of this channel.
    pub in_channel: Option<ChannelId>,
    /// Nobody of this channel.
    pub not_in_channel: Option<ChannelId>,
    /// Only people of no team.
    pub without_team: bool,
    /// Only holders of this system role; empty for everybody.
    pub role: String,
    /// Beginning of a username or name, in any case; empty for everybody.
    pub term: String,
    /// Also deactivated people.
    pub inactive: bool,
    /// Rows to skip.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// One person.
///
/// # Errors
/// [`Error::Absent`], also for people the actor may not see.
pub async fn get(app: &App, actor: &SessionUser, id: &UserId) -> Result<User, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let found = users::get(&mut view, id).await?;
    one_visible(&mut view, actor, found).await
}

/// The person called `name`.
///
/// # Errors
/// As [`get`].
pub async fn get_by_username(app: &App, actor: &SessionUser, name: &str) -> Result<User, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let found = users::get_by_username(&mut view, &name.to_lowercase()).await?;
    one_visible(&mut view, actor, found).await
}

/// The person with the address `email`.
///
/// # Errors
/// [`Error::Denied`] where addresses are hidden; otherwise as [`get`].
pub async fn get_by_email(app: &App, actor: &SessionUser, email: &str) -> Result<User, Error> {
    if !app.settings.get().show_email {
        actor.require(Permission::ManageSystem)?;
    }
    let mut view = app.db.read(app.clock.now()).await?;
    // The address of a remote person is a stand-in nobody may look for.
    let found = users::get_by_email(&mut view, &email.to_lowercase()).await?.filter(User::is_local);
    one_visible(&mut view, actor, found).await
}

/// People by id, in no order; unknown and invisible ones are missing.
///
/// # Errors
/// [`Error::Store`].
pub async fn list_by_ids(app: &App, actor: &SessionUser, ids: &[UserId]) -> Result<Vec<User>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let found = users::list_by_ids(&mut view, ids).await?;
    Ok(visible(&mut view, actor, found).await?)
}

/// People by username, as [`list_by_ids`].
///
/// # Errors
/// [`Error::Store`].
pub async fn list_by_usernames(app: &App, actor: &SessionUser, names: &[String]) -> Result<Vec<User>, Error> {
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut view = app.db.read(app.clock.now()).await?;
    let found = users::list_by_usernames(&mut view, &names).await?;
    Ok(visible(&mut view, actor, found).await?)
}

/// People by username, as the filter says. People of other servers are not listed by team: they are in one for the
/// sake of their channels only (behaviour 4.5, ruling 49).
///
/// # Errors
/// [`Error::Denied`] without `view_team` in a team, or without the right to read a channel, that the filter names.
pub async fn list(app: &App, actor: &SessionUser, find: &Find) -> Result<Vec<User>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    may_filter(&mut view, actor, find).await?;
    run(app, &mut view, actor, find).await
}

async fn may_filter(view: &mut Snapshot, actor: &SessionUser, find: &Find) -> Result<(), Denied> {
    for team in [&find.in_team, &find.not_in_team].into_iter().flatten() {
        access::team(view, actor, team, Permission::ViewTeam).await?;
    }
    for channel in [&find.in_channel, &find.not_in_channel].into_iter().flatten() {
        access::readable_channel(view, actor, channel).await?;
    }
    Ok(())
}

async fn run(app: &App, view: &mut Snapshot, actor: &SessionUser, find: &Find) -> Result<Vec<User>, Error> {
    let term = find.term.trim().trim_start_matches('@').to_lowercase();
    let filter = Filter {
        in_team: find.in_team.as_ref(),
        in_channel: find.in_channel.as_ref(),
        not_in_channel: find.not_in_channel.as_ref(),
        not_in_team: find.not_in_team.as_ref(),
        prefix: &term,
        inactive: find.inactive,
        local: find.in_team.is_some() && find.in_channel.is_none(),
        without_team: find.without_team,
        role: &find.role,
        without: Some(&app.system_user),
        offset: find.offset,
        limit: find.limit,
    };
    let found = users::list(view, filter).await?;
    Ok(visible(view, actor, found).await?)
}

/// People whose name begins with the filter's term: those of its channel, and apart from them those of its team who
/// are not in the channel. Without a channel the second list is empty.
///
/// # Errors
/// As [`list`].
pub async fn autocomplete(app: &App, actor: &SessionUser, find: &Find) -> Result<(Vec<User>, Vec<User>), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    may_filter(&mut view, actor, find).await?;
    // Members of a channel belong to its team, remote ones included, so the channel alone decides.
    let inside = Find { in_team: find.in_team.filter(|_| find.in_channel.is_none()), ..find.clone() };
    let users = run(app, &mut view, actor, &inside).await?;
    let outside = match find.in_channel {
        Some(channel) => {
            let outside = Find { in_channel: None, not_in_channel: Some(channel), ..find.clone() };
            run(app, &mut view, actor, &outside).await?
        }
        None => Vec::new(),
    };
    Ok((users, outside))
}

/// Everybody who shares a channel with the actor.
///
/// # Errors
/// [`Error::Store`].
pub async fn known(app: &App, actor: &SessionUser) -> Result<Vec<UserId>, Error> {
    Ok(users::known_to(&mut app.db.read(app.clock.now()).await?, &actor.user_id).await?)
}

/// Number of people with an active account here.
///
/// # Errors
/// [`Error::Store`].
pub async fn count(app: &App, include_remote: bool) -> Result<i64, Error> {
    Ok(users::count(&mut app.db.read(app.clock.now()).await?, include_remote).await?)
}

async fn visible(view: &mut Snapshot, actor: &SessionUser, mut found: Vec<User>) -> Result<Vec<User>, StoreError> {
    if !actor.may(Permission::ViewMembers) {
        let known = users::known_to(view, &actor.user_id).await?;
        found.retain(|user| user.id == actor.user_id || known.contains(&user.id));
    }
    Ok(found)
}

async fn one_visible(view: &mut Snapshot, actor: &SessionUser, found: Option<User>) -> Result<User, Error> {
    visible(view, actor, found.into_iter().collect()).await?.pop().ok_or(Error::Absent)
}
