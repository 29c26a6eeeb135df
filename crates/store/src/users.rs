//! People.

use rialto_model::{ChannelId, Millis, RemoteId, TeamId, User, UserId};

use crate::value::like;
use crate::{Arg, FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list, json_map};

macro_rules! columns {
    () => {
        "u.id, u.create_at, u.update_at, u.delete_at, u.username, u.email, u.email_verified, u.nickname, u.first_name, \
         u.last_name, u.position, u.roles, u.locale, u.timezone, u.props, u.notify_props, u.remote_id, \
         u.remote_username, u.remote_update_at, u.is_bot, u.bot_description, u.last_password_update, u.picture_at"
    };
}
pub(crate) use columns as user_columns;

pub(crate) use columns;

impl FromRow for User {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(User {
            id: row.id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            username: row.text()?,
            email: row.text()?,
            email_verified: row.bool()?,
            nickname: row.text()?,
            first_name: row.text()?,
            last_name: row.text()?,
            position: row.text()?,
            roles: row.text()?,
            locale: row.text()?,
            timezone: row.map()?,
            props: row.map()?,
            notify_props: row.map()?,
            remote_id: row.opt_id()?,
            remote_username: row.text()?,
            remote_update_at: row.millis()?,
            is_bot: row.bool()?,
            bot_description: row.text()?,
            last_password_update: row.millis()?,
            picture_at: row.millis()?,
        })
    }
}

/// What sign-in compares.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// PHC string, empty if it cannot sign in.
    pub password_hash: String,
    /// Failures since the last success.
    pub failed_attempts: i64,
}

impl FromRow for Credentials {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { user: User::from_row(row)?, password_hash: row.text()?, failed_attempts: row.int()? })
    }
}

/// The person with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &UserId) -> Result<Option<User>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM users u WHERE u.id = $1"), &[id.into()]).await
}

/// The person with `id`, kept from being changed by others until the transaction ends.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_for_update(tx: &mut Tx, id: &UserId) -> Result<Option<User>, StoreError> {
    const GET: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM users u WHERE u.id = $1"),
        concat!("SELECT ", columns!(), " FROM users u WHERE u.id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(GET, &[id.into()]).await
}

/// The person called `username`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_username(view: &mut Snapshot, username: &str) -> Result<Option<User>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM users u WHERE u.username = $1"), &[username.into()]).await
}

/// The person with address `email`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_email(view: &mut Snapshot, email: &str) -> Result<Option<User>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM users u WHERE u.email = $1"), &[email.into()]).await
}

/// Account and password hash by username or address.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn credentials(view: &mut Snapshot, login: &str) -> Result<Option<Credentials>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            ", u.password_hash, u.failed_attempts FROM users u WHERE u.username = $1 OR u.email = $1"
        ),
        &[login.into()],
    )
    .await
}

/// The people with these ids, in no order, unknown ones missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(view: &mut Snapshot, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM users u WHERE u.id IN (SELECT value FROM json_each($1))"),
        concat!("SELECT ", columns!(), " FROM users u WHERE u.id IN (SELECT json_array_elements_text($1::json))"),
    );
    view.fetch_all(LIST, &[(&json_list(ids)).into()]).await
}

/// The people with these usernames, in no order, unknown ones missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_usernames(view: &mut Snapshot, names: &[String]) -> Result<Vec<User>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM users u WHERE u.username IN (SELECT value FROM json_each($1))"),
        concat!("SELECT ", columns!(), " FROM users u WHERE u.username IN (SELECT json_array_elements_text($1::json))"),
    );
    view.fetch_all(LIST, &[(&json_list(names)).into()]).await
}

/// Which people a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Members of this team only.
    pub in_team: Option<&'a TeamId>,
    /// Members of this channel only.
    pub in_channel: Option<&'a ChannelId>,
    /// Nobody of this channel.
    pub not_in_channel: Option<&'a ChannelId>,
    /// Nobody of this team.
    pub not_in_team: Option<&'a TeamId>,
    /// Lower-case text that begins a username (with or without suffix), a name or a nickname; empty for everybody.
    pub prefix: &'a str,
    /// Also deactivated people.
    pub inactive: bool,
    /// Only people whose account lives here.
    pub local: bool,
    /// Only people of no team.
    pub without_team: bool,
    /// Only holders of this system role; empty for everybody.
    pub role: &'a str,
    /// Somebody who is never listed.
    pub without: Option<&'a UserId>,
    /// Rows to skip.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// People by username.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, filter: Filter<'_>) -> Result<Vec<User>, StoreError> {
    let pattern = format!("{}%", like(filter.prefix));
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM users u WHERE ($6 OR u.delete_at = 0) \
             AND ($1 = '' OR EXISTS (SELECT 1 FROM team_members t WHERE t.team_id = $1 AND t.user_id = u.id AND t.delete_at = 0)) \
             AND ($2 = '' OR EXISTS (SELECT 1 FROM channel_members m WHERE m.channel_id = $2 AND m.user_id = u.id)) \
             AND ($3 = '' OR NOT EXISTS (SELECT 1 FROM channel_members m WHERE m.channel_id = $3 AND m.user_id = u.id)) \
             AND ($4 = '' OR NOT EXISTS (SELECT 1 FROM team_members t WHERE t.team_id = $4 AND t.user_id = u.id AND t.delete_at = 0)) \
             AND ($5 = '%' OR u.username LIKE $5 ESCAPE '\\' OR LOWER(u.first_name) LIKE $5 ESCAPE '\\' \
                  OR LOWER(u.last_name) LIKE $5 ESCAPE '\\' OR LOWER(u.nickname) LIKE $5 ESCAPE '\\') \
             AND (NOT $9 OR u.remote_id = '') \
             AND (NOT $10 OR NOT EXISTS (SELECT 1 FROM team_members t WHERE t.user_id = u.id AND t.delete_at = 0)) \
             AND ($11 = '' OR ' ' || u.roles || ' ' LIKE '% ' || $11 || ' %') AND u.id <> $12 \
             ORDER BY u.username LIMIT $7 OFFSET $8"
        ),
        &[
            Arg::opt(&filter.in_team),
            Arg::opt(&filter.in_channel),
            Arg::opt(&filter.not_in_channel),
            Arg::opt(&filter.not_in_team),
            (&pattern).into(),
            filter.inactive.into(),
            filter.limit.into(),
            filter.offset.into(),
            filter.local.into(),
            filter.without_team.into(),
            filter.role.into(),
            Arg::opt(&filter.without),
        ],
    )
    .await
}

/// Number of people who are not deactivated, with or without remote ones; integrations are no people.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, remote: bool) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM users WHERE delete_at = 0 AND is_bot = FALSE AND ($1 OR remote_id = '')",
        &[remote.into()],
    )
    .await
}

/// True if no person was ever made here; the system account does not count.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn none_exist(view: &mut Snapshot) -> Result<bool, StoreError> {
    let first: Option<String> =
        view.fetch_optional("SELECT id FROM users WHERE is_bot = FALSE AND remote_id = '' LIMIT 1", &[]).await?;
    Ok(first.is_none())
}

/// Active local holders of a system role.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_with_role(view: &mut Snapshot, role: &str) -> Result<Vec<User>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM users u WHERE u.delete_at = 0 AND u.remote_id = '' AND ' ' || u.roles || ' ' LIKE '% ' || $1 || ' %'"
        ),
        &[role.into()],
    )
    .await
}

/// Adds a person.
///
/// # Errors
/// [`StoreError::Unique`] on `username` or `email`.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO users (id, create_at, update_at, delete_at, username, email, email_verified, nickname, first_name, last_name, \
         position, roles, locale, timezone, props, notify_props, remote_id, remote_username, remote_update_at, is_bot, \
         last_password_update, password_hash, picture_at, bot_description) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
         $24)",
        &[
            (&user.id).into(),
            user.create_at.into(),
            user.update_at.into(),
            user.delete_at.into(),
            (&user.username).into(),
            (&user.email).into(),
            user.email_verified.into(),
            (&user.nickname).into(),
            (&user.first_name).into(),
            (&user.last_name).into(),
            (&user.position).into(),
            (&user.roles).into(),
            (&user.locale).into(),
            (&json_map(&user.timezone)).into(),
            (&json_map(&user.props)).into(),
            (&json_map(&user.notify_props)).into(),
            Arg::opt(&user.remote_id),
            (&user.remote_username).into(),
            user.remote_update_at.into(),
            user.is_bot.into(),
            user.last_password_update.into(),
            password_hash.into(),
            user.picture_at.into(),
            (&user.bot_description).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes profile, roles, activation and version of a person; never owner, id or password.
///
/// # Errors
/// [`StoreError::Unique`] on `username` or `email`.
pub async fn update(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET update_at = $2, delete_at = $3, username = $4, email = $5, email_verified = $6, nickname = $7, \
         first_name = $8, last_name = $9, position = $10, roles = $11, locale = $12, timezone = $13, props = $14, \
         notify_props = $15, remote_username = $16, remote_update_at = $17, bot_description = $18 WHERE id = $1",
        &[
            (&user.id).into(),
            user.update_at.into(),
            user.delete_at.into(),
            (&user.username).into(),
            (&user.email).into(),
            user.email_verified.into(),
            (&user.nickname).into(),
            (&user.first_name).into(),
            (&user.last_name).into(),
            (&user.position).into(),
            (&user.roles).into(),
            (&user.locale).into(),
            (&json_map(&user.timezone)).into(),
            (&json_map(&user.props)).into(),
            (&json_map(&user.notify_props)).into(),
            (&user.remote_username).into(),
            user.remote_update_at.into(),
            (&user.bot_description).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Sets a new password hash and forgets failed attempts.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_password(tx: &mut Tx, id: &UserId, hash: &str, at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET password_hash = $2, last_password_update = $3, failed_attempts = 0 WHERE id = $1",
        &[id.into(), hash.into(), at.into()],
    )
    .await
    .map(|_| ())
}

/// Counts an attempt to sign in before it is made, so that attempts at the same time cannot outrun the limit. False if
/// `limit` attempts have failed and the last of them is younger than `hold` ms: then this one is not to be made.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_attempt(tx: &mut Tx, id: &UserId, now: Millis, limit: i64, hold: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE users SET failed_attempts = CASE WHEN failed_attempts >= $3 THEN 1 ELSE failed_attempts + 1 END, \
             last_attempt_at = $2 WHERE id = $1 AND (failed_attempts < $3 OR last_attempt_at <= $4)",
            &[id.into(), now.into(), limit.into(), (now.0 - hold).into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Forgets failed attempts after one that succeeded.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn clear_attempts(tx: &mut Tx, id: &UserId) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET failed_attempts = 0 WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// Everybody who shares a channel with somebody.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn known_to(view: &mut Snapshot, user: &UserId) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = view
        .fetch_all(
            "SELECT DISTINCT o.user_id FROM channel_members m JOIN channel_members o ON o.channel_id = m.channel_id \
             WHERE m.user_id = $1 AND o.user_id <> $1",
            &[user.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The local stand-in for a wire id that another connection's person owns (ruling 52).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn alias(view: &mut Snapshot, remote: &RemoteId, wire_id: &UserId) -> Result<Option<UserId>, StoreError> {
    let found: Option<Id<UserId>> = view
        .fetch_optional(
            "SELECT user_id FROM user_aliases WHERE remote_id = $1 AND wire_id = $2",
            &[remote.into(), wire_id.into()],
        )
        .await?;
    Ok(found.map(|id| id.0))
}

/// The wire id of a stand-in, None where local and wire id are the same.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn wire_id(view: &mut Snapshot, user: &UserId) -> Result<Option<UserId>, StoreError> {
    let found: Option<Id<UserId>> =
        view.fetch_optional("SELECT wire_id FROM user_aliases WHERE user_id = $1", &[user.into()]).await?;
    Ok(found.map(|id| id.0))
}

/// Keeps the stand-in of a wire id.
///
/// # Errors
/// [`StoreError::Unique`] if one is kept already.
pub async fn insert_alias(tx: &mut Tx, remote: &RemoteId, wire: &UserId, user: &UserId) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO user_aliases (remote_id, wire_id, user_id) VALUES ($1, $2, $3)",
        &[remote.into(), wire.into(), user.into()],
    )
    .await
    .map(|_| ())
}

/// Deactivates everybody a connection owns; returns whom.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn deactivate_of_remote(tx: &mut Tx, remote: &RemoteId, now: Millis) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = tx
        .fetch_all(
            "UPDATE users SET delete_at = $2, update_at = CASE WHEN update_at >= $2 THEN update_at + 1 ELSE $2 END \
             WHERE remote_id = $1 AND remote_id <> '' AND delete_at = 0 RETURNING id",
            &[remote.into(), now.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}
