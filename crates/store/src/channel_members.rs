//! Who belongs to a channel and how far they have read.

use rialto_model::{ChannelId, ChannelMember, Millis, RemoteId, TeamId, UserId};

use crate::{Arg, FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list, json_map, moderation};

macro_rules! columns {
    () => {
        "m.channel_id, m.user_id, m.scheme_admin, m.scheme_user, m.scheme_guest, m.last_viewed_at, m.msg_count, \
         m.msg_count_root, m.mention_count, m.mention_count_root, m.notify_props, m.last_update_at, \
         COALESCE((SELECT o.guests_without FROM channels o WHERE o.id = m.channel_id), ''), \
         COALESCE((SELECT o.members_without FROM channels o WHERE o.id = m.channel_id), '')"
    };
}
pub(crate) use columns as member_columns;

impl FromRow for ChannelMember {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(ChannelMember {
            channel_id: row.id()?,
            user_id: row.id()?,
            scheme_admin: row.bool()?,
            scheme_user: row.bool()?,
            scheme_guest: row.bool()?,
            last_viewed_at: row.millis()?,
            msg_count: row.int()?,
            msg_count_root: row.int()?,
            mention_count: row.int()?,
            mention_count_root: row.int()?,
            notify_props: row.map()?,
            last_update_at: row.millis()?,
            moderation: moderation::from_row(row)?,
        })
    }
}

/// A person's membership.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, channel: &ChannelId, user: &UserId) -> Result<Option<ChannelMember>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM channel_members m WHERE m.channel_id = $1 AND m.user_id = $2"),
        &[channel.into(), user.into()],
    )
    .await
}

/// Memberships in a channel, by username.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    channel: &ChannelId,
    offset: i64,
    limit: i64,
) -> Result<Vec<ChannelMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM channel_members m JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 ORDER BY u.username LIMIT $3 OFFSET $2"
        ),
        &[channel.into(), offset.into(), limit.into()],
    )
    .await
}

/// Memberships in a channel of these people.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(
    view: &mut Snapshot,
    channel: &ChannelId,
    users: &[UserId],
) -> Result<Vec<ChannelMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM channel_members m WHERE m.channel_id = $1 AND m.user_id IN (SELECT value FROM json_each($2))"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM channel_members m WHERE m.channel_id = $1 AND m.user_id IN (SELECT json_array_elements_text($2::json))"
        ),
    );
    view.fetch_all(LIST, &[channel.into(), (&json_list(users)).into()]).await
}

/// Memberships of a person, in channels of one team and of no team, or in all.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_user(
    view: &mut Snapshot,
    user: &UserId,
    team: Option<&TeamId>,
) -> Result<Vec<ChannelMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM channel_members m JOIN channels c ON c.id = m.channel_id WHERE m.user_id = $1 \
             AND ($2 = '' OR c.team_id = $2 OR c.team_id = '')"
        ),
        &[user.into(), Arg::opt(&team)],
    )
    .await
}

/// Ids of a channel's members after `after`, in order of id; those of `not_of`'s people left out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn page_ids(
    view: &mut Snapshot,
    channel: &ChannelId,
    not_of: &RemoteId,
    after: &str,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = view
        .fetch_all(
            "SELECT m.user_id FROM channel_members m JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 \
             AND u.remote_id <> $2 AND u.is_bot = FALSE AND m.user_id > $3 ORDER BY m.user_id LIMIT $4",
            &[channel.into(), not_of.into(), after.into(), limit.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Ids of all members of a channel, in order of id.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ids(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = view
        .fetch_all("SELECT user_id FROM channel_members WHERE channel_id = $1 ORDER BY user_id", &[channel.into()])
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Copies of peers' channels that somebody administrates and no other active person of this server does.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn copies_looked_after_by_nobody_else(
    view: &mut Snapshot,
    user: &UserId,
) -> Result<Vec<ChannelId>, StoreError> {
    let ids: Vec<Id<ChannelId>> = view
        .fetch_all(
            "SELECT c.id FROM channel_members m JOIN channels c ON c.id = m.channel_id \
             WHERE m.user_id = $1 AND m.scheme_admin AND c.origin_remote_id <> '' AND c.kind IN ('O', 'P') \
             AND NOT EXISTS (SELECT 1 FROM channel_members o JOIN users u ON u.id = o.user_id \
             WHERE o.channel_id = c.id AND o.scheme_admin AND o.user_id <> $1 AND u.delete_at = 0 AND u.remote_id = '') \
             ORDER BY c.id",
            &[user.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Channels a person belongs to.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn channel_ids(view: &mut Snapshot, user: &UserId) -> Result<Vec<ChannelId>, StoreError> {
    let ids: Vec<Id<ChannelId>> =
        view.fetch_all("SELECT channel_id FROM channel_members WHERE user_id = $1", &[user.into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The time zone settings of a channel's active members, without repetition.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn timezones(
    view: &mut Snapshot,
    channel: &ChannelId,
) -> Result<Vec<std::collections::BTreeMap<String, String>>, StoreError> {
    let rows: Vec<Timezone> = view
        .fetch_all(
            "SELECT DISTINCT u.timezone FROM channel_members m JOIN users u ON u.id = m.user_id \
             WHERE m.channel_id = $1 AND u.delete_at = 0",
            &[channel.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

struct Timezone(std::collections::BTreeMap<String, String>);

impl FromRow for Timezone {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self(row.map()?))
    }
}

/// How many people belong to a channel, and how many of them live elsewhere.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, channel: &ChannelId) -> Result<(i64, i64), StoreError> {
    view.fetch_one(
        "SELECT COUNT(*), COUNT(CASE WHEN u.remote_id <> '' THEN 1 END) FROM channel_members m JOIN users u ON u.id = m.user_id \
         WHERE m.channel_id = $1 AND u.delete_at = 0",
        &[channel.into()],
    )
    .await
}

/// Adds a membership; false if it was there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, member: &ChannelMember) -> Result<bool, StoreError> {
    let added = tx
        .execute(
            "INSERT INTO channel_members (channel_id, user_id, scheme_admin, scheme_user, scheme_guest, last_viewed_at, \
             msg_count, msg_count_root, mention_count, mention_count_root, notify_props, last_update_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (channel_id, user_id) DO NOTHING",
            &[
                (&member.channel_id).into(),
                (&member.user_id).into(),
                member.scheme_admin.into(),
                member.scheme_user.into(),
                member.scheme_guest.into(),
                member.last_viewed_at.into(),
                member.msg_count.into(),
                member.msg_count_root.into(),
                member.mention_count.into(),
                member.mention_count_root.into(),
                (&json_map(&member.notify_props)).into(),
                member.last_update_at.into(),
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Removes a membership; false if there was none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, channel: &ChannelId, user: &UserId) -> Result<bool, StoreError> {
    let gone = tx
        .execute("DELETE FROM channel_members WHERE channel_id = $1 AND user_id = $2", &[channel.into(), user.into()])
        .await?;
    Ok(gone > 0)
}

/// Removes everybody whose record `remote` owns from a channel; returns whom.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_of_remote(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = tx
        .fetch_all(
            "DELETE FROM channel_members WHERE channel_id = $1 AND user_id IN (SELECT id FROM users WHERE remote_id = $2) \
             RETURNING user_id",
            &[channel.into(), remote.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Sets role flags and notification settings.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, member: &ChannelMember) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channel_members SET scheme_admin = $3, scheme_user = $4, scheme_guest = $5, notify_props = $6, \
         last_update_at = $7 WHERE channel_id = $1 AND user_id = $2",
        &[
            (&member.channel_id).into(),
            (&member.user_id).into(),
            member.scheme_admin.into(),
            member.scheme_user.into(),
            member.scheme_guest.into(),
            (&json_map(&member.notify_props)).into(),
            member.last_update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Marks everything as read; false if the person is no member.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn mark_viewed(tx: &mut Tx, channel: &ChannelId, user: &UserId, now: Millis) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE channel_members SET last_viewed_at = $3, last_update_at = $3, mention_count = 0, mention_count_root = 0, \
             msg_count = (SELECT CAST(COALESCE(SUM(n.total), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = $1), \
             msg_count_root = (SELECT CAST(COALESCE(SUM(n.total_root), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = $1) \
             WHERE channel_id = $1 AND user_id = $2",
            &[channel.into(), user.into(), now.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Counts a message its author has of course read. Queued: one row a person.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count_own_post(
    tx: &mut Tx,
    channel: &ChannelId,
    user: &UserId,
    is_root: bool,
    now: Millis,
) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE channel_members SET msg_count = msg_count + 1, msg_count_root = msg_count_root + $3, last_viewed_at = $4, \
         last_update_at = $4 WHERE channel_id = $1 AND user_id = $2",
        &[channel.into(), user.into(), i64::from(is_root).into(), now.into()],
    )
}

/// Counts an unread mention for each of `users`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count_mentions(
    tx: &mut Tx,
    channel: &ChannelId,
    users: &[UserId],
    is_root: bool,
    now: Millis,
) -> Result<(), StoreError> {
    for user in users {
        tx.queue(
            "UPDATE channel_members SET mention_count = mention_count + 1, mention_count_root = mention_count_root + $3, \
             last_update_at = $4 WHERE channel_id = $1 AND user_id = $2",
            &[channel.into(), user.into(), i64::from(is_root).into(), now.into()],
        )?;
    }
    Ok(())
}

/// Members of a channel who bear one of these usernames, or everybody local if `all`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn mentioned(
    view: &mut Snapshot,
    channel: &ChannelId,
    names: &[String],
    all: bool,
) -> Result<Vec<UserId>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT u.id FROM channel_members m JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 AND u.remote_id = '' \
         AND u.delete_at = 0 AND ($3 OR u.username IN (SELECT value FROM json_each($2))) ORDER BY u.id",
        "SELECT u.id FROM channel_members m JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 AND u.remote_id = '' \
         AND u.delete_at = 0 AND ($3 OR u.username IN (SELECT json_array_elements_text($2::json))) ORDER BY u.id",
    );
    let ids: Vec<Id<UserId>> = view.fetch_all(LIST, &[channel.into(), (&json_list(names)).into(), all.into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Sets how far a person has read.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_read_state(tx: &mut Tx, member: &ChannelMember) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channel_members SET last_viewed_at = $3, msg_count = $4, msg_count_root = $5, last_update_at = $6 \
         WHERE channel_id = $1 AND user_id = $2",
        &[
            (&member.channel_id).into(),
            (&member.user_id).into(),
            member.last_viewed_at.into(),
            member.msg_count.into(),
            member.msg_count_root.into(),
            member.last_update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}
