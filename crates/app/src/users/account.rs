//! Passwords, roles and activation of accounts.

use rialto_model::{DomainEvent, Origin, Permission, PermissionSet, Scope, User, UserId, roles};
use rialto_store::{Tx, blocks, statuses as status_rows, users};

use super::{Error, profile, succession};
use crate::access::{Denied, SessionUser};
use crate::statuses::{self, Presence};
use crate::{App, passwords, sessions};

/// Sets a password: one's own with the current one, others' by administering accounts. All other sessions of the person
/// end (G-34).
///
/// # Errors
/// [`Error`].
pub async fn set_password(app: &App, actor: &SessionUser, id: &UserId, current: &str, new: &str) -> Result<(), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let user = users::get(&mut view, id).await?.ok_or(Error::Absent)?;
    profile::may_edit(app, actor, &user)?;
    let found = users::credentials(&mut view, &user.username).await?;
    drop(view);
    passwords::check(&app.settings.get(), new)?;
    let is_own = actor.user_id == *id;
    if is_own {
        let _turn = app.passwords.turn(id).await?;
        if !app.passwords.verify(current, found.as_ref().map(|found| found.password_hash.as_str())).await? {
            return Err(Error::WrongPassword);
        }
    }
    let hash = app.passwords.hash(&app.ids, new).await?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let before = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    profile::may_edit(app, actor, &before)?;
    // Strictly growing, so that a sign-in under way with the old password notices (see `sessions::sign_in`).
    users::set_password(&mut tx, id, &hash, before.last_password_update.next_version(app.clock.now())).await?;
    sessions::end_all(&mut tx, id, is_own.then_some(actor.session_id)).await?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(())
}

/// Sets the system roles of a person; `names` are separated by spaces.
///
/// # Errors
/// [`Error::Denied`] without `manage_roles`, or without `manage_system` where somebody gets or loses it;
/// [`Error::UnknownRole`]; [`Error::RemoteUser`].
pub async fn set_roles(app: &App, actor: &SessionUser, id: &UserId, names: &str) -> Result<(), Error> {
    actor.require(Permission::ManageRoles)?;
    let names: Vec<&str> = names
        .split_ascii_whitespace()
        .map(|name| roles::system_role(name).ok_or(Error::UnknownRole))
        .collect::<Result<_, _>>()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut user = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    if !user.is_local() {
        return Err(Error::RemoteUser);
    }
    if user.id == app.system_user {
        return Err(Error::Denied(Denied::Forbidden(Permission::ManageRoles)));
    }
    let (before, after) = (administers(user.system_roles()), administers(names.iter().copied()));
    if before || after {
        actor.require(Permission::ManageSystem)?;
    }
    let joined = names.join(" ");
    if user.roles == joined {
        return Ok(());
    }
    user.roles = joined;
    user.update_at = user.update_at.next_version(tx.now());
    users::update(&mut tx, &user).await?;
    tx.record(Scope::User(*id), Origin::Local, DomainEvent::UserRolesChanged { user: *id });
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: *id });
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(())
}

fn administers<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    PermissionSet::of_roles(names).allows(Permission::ManageSystem)
}

/// Activates or deactivates an account. Whoever is deactivated is signed out everywhere at once; a remote person is only
/// blocked here (behaviour 4.5).
///
/// # Errors
/// [`Error::Denied`] without `sysconsole_write_user_management_users`, or without `manage_system` for somebody who has it.
pub async fn set_active(app: &App, actor: &SessionUser, id: &UserId, active: bool) -> Result<User, Error> {
    actor.require(Permission::SysconsoleWriteUserManagementUsers)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut user = users::get_for_update(&mut tx, id).await?.ok_or(Error::Absent)?;
    if administers(user.system_roles()) {
        actor.require(Permission::ManageSystem)?;
    }
    if user.id == app.system_user {
        return Err(Error::Denied(Denied::Forbidden(Permission::SysconsoleWriteUserManagementUsers)));
    }
    if user.delete_at.is_none() == active {
        return Ok(user);
    }
    user = activate(app, &mut tx, user, active).await?;
    tx.commit().await?;
    app.sessions.forget_user(id);
    Ok(user)
}

/// Activates or deactivates an account that is not so yet, with everything that follows. The caller forgets the user's
/// sessions after its commit.
pub(crate) async fn activate(app: &App, tx: &mut Tx, mut user: User, active: bool) -> Result<User, Error> {
    let id = user.id;
    user.update_at = user.update_at.next_version(tx.now());
    user.delete_at = (!active).then_some(tx.now());
    if !active {
        // Whoever is gone says no more what they are doing (E-093).
        user.props.remove(profile::CUSTOM_STATUS);
    }
    users::update(tx, &user).await?;
    if !user.is_local() {
        blocks::set_deactivated(tx, &id, user.delete_at).await?;
        // Lifted here, they are as active as their home says.
        user = users::get(tx, &id).await?.ok_or(Error::Absent)?;
    }
    tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: id });
    if !active {
        succession::hand_over(app, tx, &user).await?;
        sessions::end_all(tx, &id, None).await?;
        let status = status_rows::Status {
            user_id: id,
            status: Presence::Offline.as_str().to_owned(),
            manual: false,
            last_activity_at: tx.now(),
            dnd_end_time: 0,
        };
        statuses::write(tx, &status).await?;
    }
    Ok(user)
}
