//! Teams and their members.

use rialto_model::{Millis, Team, TeamId, TeamKind, TeamMember, UserId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "t.id, t.create_at, t.update_at, t.delete_at, t.name, t.display_name, t.description, t.email, t.kind, \
         t.allow_open_invite, t.invite_id"
    };
}

macro_rules! member_columns {
    () => {
        "m.team_id, m.user_id, m.create_at, m.delete_at, m.scheme_admin, m.scheme_user, m.scheme_guest"
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

/// A person's membership, also one that has ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_member(view: &mut Snapshot, team: &TeamId, user: &UserId) -> Result<Option<TeamMember>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", member_columns!(), " FROM team_members m WHERE m.team_id = $1 AND m.user_id = $2"),
        &[team.into(), user.into()],
    )
    .await
}

/// Live memberships of local people in a team, by username. People of other servers are there for their channels'
/// sake only and not listed (behaviour 4.5).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_members(
    view: &mut Snapshot,
    team: &TeamId,
    offset: i64,
    limit: i64,
) -> Result<Vec<TeamMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            member_columns!(),
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
pub async fn list_members_by_ids(
    view: &mut Snapshot,
    team: &TeamId,
    users: &[UserId],
) -> Result<Vec<TeamMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM team_members m WHERE m.team_id = $1 AND m.delete_at = 0 AND m.user_id IN (SELECT value FROM json_each($2))"
        ),
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM team_members m WHERE m.team_id = $1 AND m.delete_at = 0 \
             AND m.user_id IN (SELECT json_array_elements_text($2::json))"
        ),
    );
    view.fetch_all(LIST, &[team.into(), (&json_list(users)).into()]).await
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

/// Live memberships of a person in live teams.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_memberships(view: &mut Snapshot, user: &UserId) -> Result<Vec<TeamMember>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            member_columns!(),
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
pub async fn count_members(view: &mut Snapshot, team: &TeamId, active: bool) -> Result<i64, StoreError> {
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
pub async fn insert_member(tx: &mut Tx, member: &TeamMember) -> Result<bool, StoreError> {
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
pub async fn end_member(tx: &mut Tx, team: &TeamId, user: &UserId, now: Millis) -> Result<bool, StoreError> {
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
pub async fn update_member(tx: &mut Tx, member: &TeamMember) -> Result<bool, StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{NOW, begin, channel, id, member, read, remote_user, scene, team, team_member, user};
    use crate::testing::both;
    use crate::{Db, channel_members, channels, users};
    use rialto_model::{Channel, ChannelMember};

    fn ids(list: Vec<Team>) -> Vec<TeamId> {
        list.into_iter().map(|team| team.id).collect()
    }

    #[tokio::test]
    async fn a_team_is_read_as_written() {
        both(async |db: Db| {
            let archived = Team { delete_at: Some(NOW), kind: TeamKind::Invite, allow_open_invite: false, ..team(1) };
            let mut tx = begin(&db).await;
            insert(&mut tx, &archived).await.unwrap();
            insert(&mut tx, &team(2)).await.unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(archived.clone()));
            assert_eq!(get(&mut tx, &id(3)).await.unwrap(), None);
            assert_eq!(get_by_name(&mut tx, "team-01").await.unwrap(), Some(archived.clone()));
            assert_eq!(get_by_name(&mut tx, "team-03").await.unwrap(), None);
            assert_eq!(get_for_update(&mut tx, &id(2)).await.unwrap(), Some(team(2)));
            assert_eq!(get_by_invite_id(&mut tx, "invite-02").await.unwrap(), Some(team(2)));
            assert_eq!(get_by_invite_id(&mut tx, "invite-01").await.unwrap(), None, "archived");
            let changed = Team {
                update_at: Millis(9),
                delete_at: None,
                display_name: "New".to_owned(),
                description: "d".to_owned(),
                email: "e".to_owned(),
                kind: TeamKind::Open,
                allow_open_invite: true,
                invite_id: "i".to_owned(),
                ..archived
            };
            update(&mut tx, &Team { create_at: Millis(1), ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
            assert_eq!(get(&mut tx, &id(2)).await.unwrap(), Some(team(2)));
            let error = insert(&mut tx, &Team { name: team(2).name, ..team(3) }).await.unwrap_err();
            assert!(error.is_unique_on("name"), "{error}");
        })
        .await;
    }

    #[tokio::test]
    async fn lists_show_live_teams_by_display_name() {
        both(async |db: Db| {
            let closed = Team { kind: TeamKind::Invite, allow_open_invite: false, create_at: Millis(1), ..team(1) };
            let archived = Team { delete_at: Some(NOW), create_at: Millis(2), ..team(2) };
            let first = Team { display_name: "A".to_owned(), ..team(4) };
            let mut tx = begin(&db).await;
            for team in [&closed, &archived, &team(3), &first] {
                insert(&mut tx, team).await.unwrap();
                insert_member(&mut tx, &team_member(team.id, id(1))).await.unwrap();
            }
            assert_eq!(ids(list(&mut tx, false, 0, 10).await.unwrap()), [id(4), id(3)]);
            assert_eq!(ids(list(&mut tx, true, 0, 10).await.unwrap()), [id(4), id(1), id(3)]);
            assert_eq!(ids(list(&mut tx, true, 1, 1).await.unwrap()), [id(1)]);
            assert_eq!(oldest_open(&mut tx).await.unwrap().map(|team| team.id), Some(id(3)));
            assert!(end_member(&mut tx, &id(3), &id(1), NOW).await.unwrap());
            assert_eq!(ids(list_of_user(&mut tx, &id(1)).await.unwrap()), [id(4), id(1)]);
            let mut teams: Vec<_> =
                list_memberships(&mut tx, &id(1)).await.unwrap().into_iter().map(|member| member.team_id).collect();
            teams.sort();
            assert_eq!(teams, [id(1), id(4)]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_membership_ends_and_comes_back() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (team, ann) = (scene.team.id, scene.ann.id);
            assert_eq!(get_member(&mut tx, &team, &ann).await.unwrap(), Some(team_member(team, ann)));
            assert_eq!(get_member(&mut tx, &team, &id(9)).await.unwrap(), None);
            assert!(!insert_member(&mut tx, &team_member(team, ann)).await.unwrap());
            assert!(end_member(&mut tx, &team, &ann, NOW).await.unwrap());
            assert!(!end_member(&mut tx, &team, &ann, NOW).await.unwrap());
            let over = TeamMember { delete_at: Some(NOW), scheme_admin: false, ..team_member(team, ann) };
            assert_eq!(get_member(&mut tx, &team, &ann).await.unwrap(), Some(over));
            assert!(!update_member(&mut tx, &team_member(team, ann)).await.unwrap());
            let guest =
                TeamMember { scheme_admin: false, scheme_user: false, scheme_guest: true, ..team_member(team, ann) };
            assert!(insert_member(&mut tx, &guest).await.unwrap());
            assert_eq!(get_member(&mut tx, &team, &ann).await.unwrap(), Some(guest));
            assert!(update_member(&mut tx, &team_member(team, ann)).await.unwrap());
            assert_eq!(get_member(&mut tx, &team, &ann).await.unwrap(), Some(team_member(team, ann)));
        })
        .await;
    }

    #[tokio::test]
    async fn members_are_listed_by_username_and_counted_where_they_live() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let team = scene.team.id;
            let left = rialto_model::User { delete_at: Some(NOW), ..user(4) };
            for person in [&remote_user(3, id(7)), &left] {
                users::insert(&mut tx, person, "").await.unwrap();
                insert_member(&mut tx, &team_member(team, person.id)).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let people = |list: Vec<TeamMember>| list.into_iter().map(|member| member.user_id).collect::<Vec<_>>();
            let all = list_members(&mut view, &team, 0, 10).await.unwrap();
            assert_eq!(people(all), [id(1), id(2), id(4)], "local people only");
            assert_eq!(people(list_members(&mut view, &team, 1, 1).await.unwrap()), [id(2)]);
            let some = list_members_by_ids(&mut view, &team, &[id(3), id(4), id(9)]).await.unwrap();
            let mut some = people(some);
            some.sort();
            assert_eq!(some, [id(3), id(4)]);
            assert_eq!(count_members(&mut view, &team, false).await.unwrap(), 3);
            assert_eq!(count_members(&mut view, &team, true).await.unwrap(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn what_somebody_has_not_read_is_summed_by_team() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (team, ann) = (scene.team.id, scene.ann.id);
            let quiet = [("mark_unread".to_owned(), "mention".to_owned())].into();
            let archived = Channel { delete_at: Some(NOW), ..channel(3, team) };
            for channel in [&channel(2, team), &archived, &channel(4, id(9))] {
                channels::insert(&mut tx, channel).await.unwrap();
            }
            let muted = ChannelMember { notify_props: quiet, ..member(id(2), ann) };
            for member in [&muted, &member(id(3), ann), &member(id(4), ann)] {
                channel_members::insert(&mut tx, member).await.unwrap();
            }
            tx.commit().await.unwrap();
            for (channel, is_root) in [(1, true), (1, true), (1, true), (1, false), (1, false), (2, true), (4, true)] {
                let mut tx = begin(&db).await;
                channels::count_post(&mut tx, &id(channel), is_root, NOW).unwrap();
                tx.commit().await.unwrap();
            }
            // Of five messages three have been read, of three roots two; five mentions and four stand in each channel.
            let mut unread = list_unread(&mut read(&db).await, &ann).await.unwrap();
            unread.sort_by_key(|unread| unread.team_id);
            let here = Unread { team_id: team, messages: 2, messages_root: 1, mentions: 10, mentions_root: 8 };
            let there = Unread { team_id: id(9), messages: 0, messages_root: 0, mentions: 5, mentions_root: 4 };
            assert_eq!(unread, [here, there]);
            assert_eq!(list_unread(&mut read(&db).await, &id(9)).await.unwrap(), []);
        })
        .await;
    }
}
