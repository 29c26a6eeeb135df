//! Teams.

use rialto_model::{ChannelId, Team, TeamId, TeamKind, UserId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx};

macro_rules! columns {
    () => {
        "t.id, t.create_at, t.update_at, t.delete_at, t.name, t.display_name, t.description, t.email, t.kind, \
         t.allow_open_invite, t.invite_id"
    };
}

impl FromRow for Team {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Team {
            id: row.id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            name: row.text()?,
            display_name: row.text()?,
            description: row.text()?,
            email: row.text()?,
            kind: TeamKind::from_letter(&row.text()?).unwrap_or(TeamKind::Invite),
            allow_open_invite: row.bool()?,
            invite_id: row.text()?,
        })
    }
}

/// The team with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &TeamId) -> Result<Option<Team>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM teams t WHERE t.id = $1"), &[id.into()]).await
}

/// The team with `id`, kept from being changed by others until the transaction ends.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_for_update(tx: &mut Tx, id: &TeamId) -> Result<Option<Team>, StoreError> {
    const GET: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM teams t WHERE t.id = $1"),
        concat!("SELECT ", columns!(), " FROM teams t WHERE t.id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(GET, &[id.into()]).await
}

/// The live team whose invitation link holds `invite_id`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_invite_id(view: &mut Snapshot, invite_id: &str) -> Result<Option<Team>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM teams t WHERE t.invite_id = $1 AND t.delete_at = 0"),
        &[invite_id.into()],
    )
    .await
}

/// The team called `name`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_name(view: &mut Snapshot, name: &str) -> Result<Option<Team>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM teams t WHERE t.name = $1"), &[name.into()]).await
}

/// Teams by display name; `all` also those that are not open to everybody.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, all: bool, offset: i64, limit: i64) -> Result<Vec<Team>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM teams t WHERE t.delete_at = 0 AND ($1 OR t.allow_open_invite) ORDER BY t.display_name, t.id LIMIT $3 OFFSET $2"
        ),
        &[all.into(), offset.into(), limit.into()],
    )
    .await
}

/// Live teams that all members of a channel belong to, by display name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_common(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Team>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM teams t WHERE t.delete_at = 0 AND EXISTS (SELECT 1 FROM channel_members c WHERE c.channel_id = $1) \
             AND NOT EXISTS (SELECT 1 FROM channel_members c WHERE c.channel_id = $1 AND NOT EXISTS (SELECT 1 \
             FROM team_members m WHERE m.team_id = t.id AND m.user_id = c.user_id AND m.delete_at = 0)) \
             ORDER BY t.display_name, t.id"
        ),
        &[channel.into()],
    )
    .await
}

/// Live teams a person belongs to, by display name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_user(view: &mut Snapshot, user: &UserId) -> Result<Vec<Team>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM teams t JOIN team_members m ON m.team_id = t.id WHERE m.user_id = $1 AND m.delete_at = 0 \
             AND t.delete_at = 0 ORDER BY t.display_name, t.id"
        ),
        &[user.into()],
    )
    .await
}

/// The oldest live team anyone may enter: where copies go when nobody chose a team.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn oldest_open(view: &mut Snapshot) -> Result<Option<Team>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM teams t WHERE t.delete_at = 0 AND t.kind = 'O' ORDER BY t.create_at, t.id LIMIT 1"
        ),
        &[],
    )
    .await
}

/// Adds a team.
///
/// # Errors
/// [`StoreError::Unique`] on `teams_name` or `teams.name`.
pub async fn insert(tx: &mut Tx, team: &Team) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO teams (id, create_at, update_at, delete_at, name, display_name, description, email, kind, \
         allow_open_invite, invite_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            (&team.id).into(),
            team.create_at.into(),
            team.update_at.into(),
            team.delete_at.into(),
            (&team.name).into(),
            (&team.display_name).into(),
            (&team.description).into(),
            (&team.email).into(),
            team.kind.letter().into(),
            team.allow_open_invite.into(),
            (&team.invite_id).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes everything of a team but id and creation time.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, team: &Team) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE teams SET update_at = $2, delete_at = $3, display_name = $4, description = $5, email = $6, kind = $7, \
         allow_open_invite = $8, invite_id = $9 WHERE id = $1",
        &[
            (&team.id).into(),
            team.update_at.into(),
            team.delete_at.into(),
            (&team.display_name).into(),
            (&team.description).into(),
            (&team.email).into(),
            team.kind.letter().into(),
            team.allow_open_invite.into(),
            (&team.invite_id).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// What a person has not read in the channels of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// The team.
    pub team_id: TeamId,
    /// Unread messages, channels that count mentions only left out.
    pub messages: i64,
    /// The same without replies.
    pub messages_root: i64,
    /// Unread mentions.
    pub mentions: i64,
    /// The same without replies.
    pub mentions_root: i64,
}

impl FromRow for Unread {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            team_id: row.id()?,
            messages: row.int()?,
            messages_root: row.int()?,
            mentions: row.int()?,
            mentions_root: row.int()?,
        })
    }
}

/// What a person has not read, team by team; a team without channels of theirs is missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_unread(view: &mut Snapshot, user: &UserId) -> Result<Vec<Unread>, StoreError> {
    view.fetch_all(
        "SELECT x.team_id, CAST(SUM(CASE WHEN x.total > x.seen THEN x.total - x.seen ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN x.total_root > x.seen_root THEN x.total_root - x.seen_root ELSE 0 END) AS BIGINT), \
         CAST(SUM(x.mention_count) AS BIGINT), CAST(SUM(x.mention_count_root) AS BIGINT) \
         FROM (SELECT c.team_id, m.mention_count, m.mention_count_root, \
               CASE WHEN m.notify_props LIKE '%\"mark_unread\":\"mention\"%' THEN 0 ELSE \
                   (SELECT COALESCE(SUM(n.total), 0) FROM channel_counts n WHERE n.channel_id = c.id) END AS total, \
               CASE WHEN m.notify_props LIKE '%\"mark_unread\":\"mention\"%' THEN 0 ELSE \
                   (SELECT COALESCE(SUM(n.total_root), 0) FROM channel_counts n WHERE n.channel_id = c.id) END AS total_root, \
               m.msg_count AS seen, m.msg_count_root AS seen_root \
               FROM channel_members m JOIN channels c ON c.id = m.channel_id \
               WHERE m.user_id = $1 AND c.team_id <> '' AND c.delete_at = 0) x \
         GROUP BY x.team_id",
        &[user.into()],
    )
    .await
}
