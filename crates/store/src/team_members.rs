//! Who belongs to which team.

use rialto_model::{Millis, TeamId, TeamMember, UserId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "m.team_id, m.user_id, m.create_at, m.delete_at, m.scheme_admin, m.scheme_user, m.scheme_guest"
    };
}
pub(crate) use columns as team_member_columns;

impl FromRow for TeamMember {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(TeamMember {
            team_id: row.id()?,
            user_id: row.id()?,
            create_at: row.millis()?,
            delete_at: row.opt_millis()?,
            scheme_admin: row.bool()?,
            scheme_user: row.bool()?,
            scheme_guest: row.bool()?,
        })
    }
}

/// A person's membership, also one that has ended.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, team: &TeamId, user: &UserId) -> Result<Option<TeamMember>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM team_members m WHERE m.team_id = $1 AND m.user_id = $2"),
        &[team.into(), user.into()],
    )
    .await
}

/// Live memberships of local people in a team, by username. People of other servers are there for their channels'
/// sake only and not listed (behaviour 4.5).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, team: &TeamId, offset: i64, limit: i64) -> Result<Vec<TeamMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.team_id = $1 AND m.delete_at = 0 \
             AND u.remote_id = '' ORDER BY u.username LIMIT $3 OFFSET $2"
        ),
        &[team.into(), offset.into(), limit.into()],
    )
    .await
}

/// Live memberships of these people in a team.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(view: &mut Snapshot, team: &TeamId, users: &[UserId]) -> Result<Vec<TeamMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM team_members m WHERE m.team_id = $1 AND m.delete_at = 0 AND m.user_id IN (SELECT value FROM json_each($2))"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM team_members m WHERE m.team_id = $1 AND m.delete_at = 0 \
             AND m.user_id IN (SELECT json_array_elements_text($2::json))"
        ),
    );
    view.fetch_all(LIST, &[team.into(), (&json_list(users)).into()]).await
}

/// Live memberships of a person in live teams.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_user(view: &mut Snapshot, user: &UserId) -> Result<Vec<TeamMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = $1 AND m.delete_at = 0 AND t.delete_at = 0"
        ),
        &[user.into()],
    )
    .await
}

/// Local members, all or only active ones.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, team: &TeamId, active: bool) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.team_id = $1 AND m.delete_at = 0 \
         AND u.remote_id = '' AND (NOT $2 OR u.delete_at = 0)",
        &[team.into(), active.into()],
    )
    .await
}

/// Adds a membership, or revives one that had ended; false if it was live already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, member: &TeamMember) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "INSERT INTO team_members (team_id, user_id, create_at, delete_at, scheme_admin, scheme_user, scheme_guest) \
             VALUES ($1, $2, $3, 0, $4, $5, $6) ON CONFLICT (team_id, user_id) DO UPDATE SET delete_at = 0, \
             scheme_admin = excluded.scheme_admin, scheme_user = excluded.scheme_user, \
             scheme_guest = excluded.scheme_guest WHERE team_members.delete_at <> 0",
            &[
                (&member.team_id).into(),
                (&member.user_id).into(),
                member.create_at.into(),
                member.scheme_admin.into(),
                member.scheme_user.into(),
                member.scheme_guest.into(),
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// Ends a membership; false if it was not live.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn end(tx: &mut Tx, team: &TeamId, user: &UserId, now: Millis) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE team_members SET delete_at = $3, scheme_admin = FALSE WHERE team_id = $1 AND user_id = $2 AND delete_at = 0",
            &[team.into(), user.into(), now.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Sets the flags of a live membership; false if there is none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, member: &TeamMember) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE team_members SET scheme_admin = $3, scheme_user = $4, scheme_guest = $5 \
             WHERE team_id = $1 AND user_id = $2 AND delete_at = 0",
            &[
                (&member.team_id).into(),
                (&member.user_id).into(),
                member.scheme_admin.into(),
                member.scheme_user.into(),
                member.scheme_guest.into(),
            ],
        )
        .await?;
    Ok(changed > 0)
}
