//! Channels.

use rialto_model::{Channel, ChannelId, ChannelKind, Millis, Moderation, TeamId, UserId};

use crate::value::like;
use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list, moderation};

macro_rules! columns {
    () => {
        "c.id, c.create_at, c.update_at, c.delete_at, c.team_id, c.kind, c.name, c.display_name, c.header, c.purpose, \
         c.creator_id, c.origin_remote_id, c.shared, \
         (SELECT COALESCE(MAX(n.last_post_at), 0) FROM channel_counts n WHERE n.channel_id = c.id), \
         (SELECT CAST(COALESCE(SUM(n.total), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = c.id), \
         (SELECT CAST(COALESCE(SUM(n.total_root), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = c.id)"
    };
}
pub(crate) use columns as channel_columns;

impl FromRow for Channel {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Channel {
            id: row.id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            team_id: row.opt_id()?,
            kind: ChannelKind::from_letter(&row.text()?)
                .ok_or_else(|| StoreError::Corrupt("a channel of no known kind".to_owned()))?,
            name: row.text()?,
            display_name: row.text()?,
            header: row.text()?,
            purpose: row.text()?,
            creator_id: row.opt_id()?,
            origin: row.opt_id()?,
            shared: row.bool()?,
            last_post_at: row.millis()?,
            total_msg_count: row.int()?,
            total_msg_count_root: row.int()?,
        })
    }
}

/// The channel with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM channels c WHERE c.id = $1"), &[id.into()]).await
}

/// The channel of a team called `name`, archived or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_name(
    view: &mut Snapshot,
    team: Option<&TeamId>,
    name: &str,
) -> Result<Option<Channel>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM channels c WHERE c.team_id = $1 AND c.name = $2"),
        &[Arg::opt(&team), name.into()],
    )
    .await
}

/// A channel with what decides about somebody's rights in it: one read on the hot path of every post.
#[derive(Debug, Clone)]
pub struct ChannelRights {
    /// The channel, its counters not read (0).
    pub channel: Channel,
    /// Whether the person is a member.
    pub is_member: bool,
    /// Names of the roles the person holds in the channel.
    pub channel_roles: Vec<&'static str>,
    /// Names of the roles the person holds in the channel's team.
    pub team_roles: Vec<&'static str>,
    /// What of their channel roles' rights is taken away here.
    pub moderation: Moderation,
}

fn roles(
    row: &mut Row<'_>,
    guest: &'static str,
    user: &'static str,
    admin: &'static str,
) -> Result<Vec<&'static str>, StoreError> {
    let held = [(row.bool()?, guest), (row.bool()?, user), (row.bool()?, admin)];
    Ok(held.into_iter().filter_map(|(held, name)| held.then_some(name)).collect())
}

impl FromRow for ChannelRights {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            channel: Channel::from_row(row)?,
            is_member: row.bool()?,
            channel_roles: roles(row, "channel_guest", "channel_user", "channel_admin")?,
            team_roles: roles(row, "team_guest", "team_user", "team_admin")?,
            moderation: moderation::from_row(row)?,
        })
    }
}

/// The channel with `id` and what `user` is in it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rights(view: &mut Snapshot, id: &ChannelId, user: &UserId) -> Result<Option<ChannelRights>, StoreError> {
    view.fetch_optional(
        "SELECT c.id, c.create_at, c.update_at, c.delete_at, c.team_id, c.kind, c.name, c.display_name, c.header, c.purpose, \
         c.creator_id, c.origin_remote_id, c.shared, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), \
         m.user_id IS NOT NULL, COALESCE(m.scheme_guest, FALSE), COALESCE(m.scheme_user, FALSE), \
         COALESCE(m.scheme_admin, FALSE), COALESCE(t.scheme_guest, FALSE), COALESCE(t.scheme_user, FALSE), \
         COALESCE(t.scheme_admin, FALSE), c.guests_without, c.members_without \
         FROM channels c LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id = $2 \
         LEFT JOIN team_members t ON t.team_id = c.team_id AND t.user_id = $2 AND t.delete_at = 0 WHERE c.id = $1",
        &[id.into(), user.into()],
    )
    .await
}

/// The channels with these ids, in no order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(view: &mut Snapshot, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM channels c WHERE c.id IN (SELECT value FROM json_each($1))"),
        concat!("SELECT ", columns!(), " FROM channels c WHERE c.id IN (SELECT json_array_elements_text($1::json))"),
    );
    view.fetch_all(LIST, &[(&json_list(ids)).into()]).await
}

/// Number of channels of a team that are not archived.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_of_team(view: &mut Snapshot, team: &TeamId) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM channels WHERE team_id = $1 AND delete_at = 0", &[team.into()]).await
}

/// Channels a person belongs to: of one team and those of no team, or of all teams.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_user(
    view: &mut Snapshot,
    user: &UserId,
    team: Option<&TeamId>,
    archived: bool,
) -> Result<Vec<Channel>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM channels c JOIN channel_members m ON m.channel_id = c.id WHERE m.user_id = $1 \
             AND ($2 = '' OR c.team_id = $2 OR c.team_id = '') AND ($3 OR c.delete_at = 0) ORDER BY c.display_name, c.id"
        ),
        &[user.into(), Arg::opt(&team), archived.into()],
    )
    .await
}

/// Which channels of a team a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// The team.
    pub team: &'a TeamId,
    /// Archived ones instead of live ones.
    pub archived: bool,
    /// Public ones, and private ones this person belongs to; None: public ones only.
    pub private_of: Option<&'a UserId>,
    /// All private ones, for administrators.
    pub all_private: bool,
    /// Only private ones.
    pub only_private: bool,
    /// Lower-case text in name or display name; empty for all.
    pub term: &'a str,
    /// Rows to skip.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// Channels of a team, by display name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, filter: Filter<'_>) -> Result<Vec<Channel>, StoreError> {
    let pattern = format!("%{}%", like(filter.term));
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM channels c WHERE c.team_id = $1 AND (c.delete_at <> 0) = $2 \
             AND (NOT $8 OR c.kind = 'P') AND (c.kind = 'O' OR (c.kind = 'P' AND ($4 OR EXISTS (SELECT 1 FROM channel_members m \
                  WHERE m.channel_id = c.id AND m.user_id = $3)))) \
             AND (c.name LIKE $5 ESCAPE '\\' OR LOWER(c.display_name) LIKE $5 ESCAPE '\\') \
             ORDER BY LOWER(c.display_name), c.id LIMIT $7 OFFSET $6"
        ),
        &[
            filter.team.into(),
            filter.archived.into(),
            Arg::opt(&filter.private_of),
            filter.all_private.into(),
            (&pattern).into(),
            filter.offset.into(),
            filter.limit.into(),
            filter.only_private.into(),
        ],
    )
    .await
}

/// Adds a channel.
///
/// # Errors
/// [`StoreError::Unique`] on the name in the team (`channels_name`, `channels.name`) or on the id.
pub async fn insert(tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO channels (id, create_at, update_at, delete_at, team_id, kind, name, display_name, header, purpose, \
         creator_id, origin_remote_id, shared) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            (&channel.id).into(),
            channel.create_at.into(),
            channel.update_at.into(),
            channel.delete_at.into(),
            Arg::opt(&channel.team_id),
            channel.kind.letter().into(),
            (&channel.name).into(),
            (&channel.display_name).into(),
            (&channel.header).into(),
            (&channel.purpose).into(),
            Arg::opt(&channel.creator_id),
            Arg::opt(&channel.origin),
            channel.shared.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes names, header, purpose, kind, team, archiving, origin and the shared mark.
///
/// # Errors
/// [`StoreError::Unique`] as [`insert`].
pub async fn update(tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channels SET update_at = $2, delete_at = $3, team_id = $4, kind = $5, name = $6, display_name = $7, \
         header = $8, purpose = $9, origin_remote_id = $10, shared = $11 WHERE id = $1",
        &[
            (&channel.id).into(),
            channel.update_at.into(),
            channel.delete_at.into(),
            Arg::opt(&channel.team_id),
            channel.kind.letter().into(),
            (&channel.name).into(),
            (&channel.display_name).into(),
            (&channel.header).into(),
            (&channel.purpose).into(),
            Arg::opt(&channel.origin),
            channel.shared.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Counts one more message. Queued: writers of one channel meet here, so it goes last, into a slot of the writer's own.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count_post(tx: &mut Tx, channel: &ChannelId, is_root: bool, at: Millis) -> Result<(), StoreError> {
    let slot = tx.slot();
    tx.queue(
        "INSERT INTO channel_counts (channel_id, slot, total, total_root, last_post_at) VALUES ($1, $2, 1, $3, $4) \
         ON CONFLICT (channel_id, slot) DO UPDATE SET total = channel_counts.total + 1, \
         total_root = channel_counts.total_root + excluded.total_root, last_post_at = CASE \
         WHEN excluded.last_post_at > channel_counts.last_post_at THEN excluded.last_post_at ELSE channel_counts.last_post_at END",
        &[channel.into(), slot.into(), i64::from(is_root).into(), at.into()],
    )
}

/// The channel with `id`, locked for the rest of the transaction: shares of one channel change one after the other.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
    const LOCK: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM channels c WHERE c.id = $1"),
        concat!("SELECT ", columns!(), " FROM channels c WHERE c.id = $1 FOR UPDATE OF c"),
    );
    tx.fetch_optional(LOCK, &[id.into()]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{NOW, begin, channel, id, member, read, scene, team};
    use crate::testing::both;
    use crate::{Db, channel_members, team_members};

    fn ids(list: Vec<Channel>) -> Vec<ChannelId> {
        list.into_iter().map(|channel| channel.id).collect()
    }

    #[tokio::test]
    async fn a_channel_is_read_as_written() {
        both(async |db: Db| {
            let copy = Channel { origin: Some(id(7)), shared: true, delete_at: Some(NOW), ..channel(1, team(1).id) };
            let direct = Channel { team_id: None, kind: ChannelKind::Direct, creator_id: None, ..channel(2, id(1)) };
            let mut tx = begin(&db).await;
            for channel in [&copy, &direct] {
                insert(&mut tx, channel).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            assert_eq!(lock(&mut tx, &copy.id).await.unwrap(), Some(copy.clone()));
            assert_eq!(get(&mut tx, &direct.id).await.unwrap(), Some(direct.clone()));
            assert_eq!(get(&mut tx, &id(3)).await.unwrap(), None);
            let named = get_by_name(&mut tx, Some(&team(1).id), "channel-01").await.unwrap();
            assert_eq!(named, Some(copy.clone()));
            assert_eq!(get_by_name(&mut tx, None, "channel-01").await.unwrap(), None);
            assert_eq!(get_by_name(&mut tx, None, "channel-02").await.unwrap(), Some(direct.clone()));
            let mut listed = list_by_ids(&mut tx, &[id(1), id(2), id(3)]).await.unwrap();
            listed.sort_by_key(|channel| channel.id);
            assert_eq!(listed, [copy.clone(), direct]);
            let changed = Channel {
                update_at: Millis(9),
                delete_at: None,
                team_id: Some(id(5)),
                kind: ChannelKind::Private,
                name: "new".to_owned(),
                display_name: "New".to_owned(),
                header: "h".to_owned(),
                purpose: "p".to_owned(),
                origin: None,
                shared: false,
                ..copy
            };
            update(&mut tx, &Channel { create_at: Millis(1), creator_id: None, ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
        })
        .await;
    }

    #[tokio::test]
    async fn a_name_is_unique_in_its_team() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            insert(&mut tx, &channel(1, id(1))).await.unwrap();
            insert(&mut tx, &Channel { name: channel(1, id(1)).name, ..channel(2, id(2)) }).await.unwrap();
            let error =
                insert(&mut tx, &Channel { name: channel(1, id(1)).name, ..channel(3, id(1)) }).await.unwrap_err();
            assert!(error.is_unique_on("name"), "{error}");
        })
        .await;
    }

    #[tokio::test]
    async fn posts_are_counted_over_all_slots() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            tx.commit().await.unwrap();
            for (is_root, at) in [(true, 10), (false, 30), (true, 20)] {
                let mut tx = begin(&db).await;
                count_post(&mut tx, &scene.channel.id, is_root, Millis(at)).unwrap();
                count_post(&mut tx, &scene.channel.id, is_root, Millis(5)).unwrap();
                tx.commit().await.unwrap();
            }
            let found = get(&mut read(&db).await, &scene.channel.id).await.unwrap().unwrap();
            assert_eq!((found.total_msg_count, found.total_msg_count_root, found.last_post_at), (6, 4, Millis(30)));
        })
        .await;
    }

    #[tokio::test]
    async fn rights_are_those_of_live_memberships() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (channel, ann, bob) = (scene.channel.id, scene.ann.id, scene.bob.id);
            team_members::end(&mut tx, &scene.team.id, &bob, NOW).await.unwrap();
            let ann = rights(&mut tx, &channel, &ann).await.unwrap().unwrap();
            assert_eq!((ann.is_member, ann.channel_roles), (true, vec!["channel_user", "channel_admin"]));
            assert_eq!((ann.team_roles, ann.channel), (vec!["team_user", "team_admin"], scene.channel));
            let bob = rights(&mut tx, &channel, &bob).await.unwrap().unwrap();
            assert_eq!((bob.is_member, bob.team_roles), (true, vec![]));
            let stranger = rights(&mut tx, &channel, &id(9)).await.unwrap().unwrap();
            assert_eq!((stranger.is_member, stranger.channel_roles.len()), (false, 0));
            assert!(rights(&mut tx, &id(9), &id(1)).await.unwrap().is_none());
        })
        .await;
    }

    #[tokio::test]
    async fn a_list_shows_what_its_filter_names() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let team = scene.team.id;
            let private = |n| Channel { kind: ChannelKind::Private, ..channel(n, team) };
            let archived = Channel { delete_at: Some(NOW), ..channel(4, team) };
            let odd = Channel { display_name: "a 100%_\\ Sure".to_owned(), ..channel(5, team) };
            let direct = Channel { team_id: None, kind: ChannelKind::Direct, ..channel(6, team) };
            for channel in [&private(2), &private(3), &archived, &odd, &direct, &channel(7, id(9))] {
                insert(&mut tx, channel).await.unwrap();
            }
            for channel in [id(2), id(4), id(6), id(7)] {
                channel_members::insert(&mut tx, &member(channel, id(1))).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let ann = id(1);
            let public = Filter {
                team: &team,
                archived: false,
                private_of: None,
                all_private: false,
                only_private: false,
                term: "",
                offset: 0,
                limit: 10,
            };
            let none: [ChannelId; 0] = [];
            for (filter, expected) in [
                (public, &[id(5), id(1)][..]),
                (Filter { private_of: Some(&ann), ..public }, &[id(5), id(1), id(2)]),
                (Filter { all_private: true, ..public }, &[id(5), id(1), id(2), id(3)]),
                (Filter { all_private: true, only_private: true, ..public }, &[id(2), id(3)]),
                (Filter { archived: true, ..public }, &[id(4)]),
                (Filter { term: "nel-01", ..public }, &[id(1)]),
                (Filter { term: "nel 01", ..public }, &[id(1)]),
                (Filter { term: "100%_\\ s", ..public }, &[id(5)]),
                (Filter { term: "1__", ..public }, &none),
                (Filter { offset: 1, limit: 1, ..public }, &[id(1)]),
            ] {
                assert_eq!(ids(list(&mut view, filter).await.unwrap()), expected, "{filter:?}");
            }
            for (team, archived, expected) in [
                (Some(&team), false, &[id(1), id(2), id(6)][..]),
                (Some(&team), true, &[id(1), id(2), id(4), id(6)]),
                (None, false, &[id(1), id(2), id(6), id(7)]),
            ] {
                assert_eq!(ids(list_of_user(&mut view, &ann, team, archived).await.unwrap()), expected);
            }
        })
        .await;
    }
}
