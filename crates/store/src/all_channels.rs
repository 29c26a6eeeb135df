//! Public and private channels of all teams, as administrators look for them.

use rialto_model::{Channel, Millis, TeamId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, json_list};

/// A channel with what lists across teams show of its team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithTeam {
    /// The channel.
    pub channel: Channel,
    /// The team's shown name.
    pub team_display_name: String,
    /// The team's name.
    pub team_name: String,
    /// The team's version.
    pub team_update_at: Millis,
}

impl FromRow for WithTeam {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            channel: Channel::from_row(row)?,
            team_display_name: row.text()?,
            team_name: row.text()?,
            team_update_at: row.millis()?,
        })
    }
}

/// Which channels a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Lower-case text in name, display name or purpose; empty for all.
    pub term: String,
    /// Of these teams; empty for all.
    pub teams: Vec<TeamId>,
    /// Not the public ones.
    pub no_public: bool,
    /// Not the private ones.
    pub no_private: bool,
    /// Not the live ones.
    pub no_live: bool,
    /// Not the archived ones.
    pub no_archived: bool,
    /// Not those everybody of a team begins in.
    pub no_default: bool,
    /// Not copies of channels of other servers.
    pub no_copies: bool,
    /// Only what this person may find in teams of theirs; None: all.
    pub found_by: Option<UserId>,
    /// Rows to skip.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

macro_rules! matching {
    ($list:literal) => {
        concat!(
            " FROM channels c JOIN teams t ON t.id = c.team_id WHERE c.kind IN ('O', 'P') \
             AND (c.name LIKE $1 ESCAPE '\\' OR LOWER(c.display_name) LIKE $1 ESCAPE '\\' \
                  OR LOWER(c.purpose) LIKE $1 ESCAPE '\\') \
             AND ($2 = '[]' OR c.team_id IN (",
            $list,
            ")) AND NOT ($3 AND c.kind = 'O') AND NOT ($4 AND c.kind = 'P') AND NOT ($5 AND c.delete_at = 0) \
             AND NOT ($6 AND c.delete_at <> 0) AND NOT ($7 AND c.name IN ('town-square', 'off-topic')) \
             AND NOT ($8 AND c.origin_remote_id <> '') \
             AND ($9 = '' OR EXISTS (SELECT 1 FROM team_members y WHERE y.team_id = c.team_id AND y.user_id = $9 \
                  AND y.delete_at = 0 AND ((c.kind = 'O' AND NOT y.scheme_guest) OR EXISTS (SELECT 1 FROM channel_members m \
                  WHERE m.channel_id = c.id AND m.user_id = y.user_id))))"
        )
    };
}

macro_rules! listed {
    ($list:literal) => {
        concat!(
            "SELECT c.id, c.create_at, c.update_at, c.delete_at, c.team_id, c.kind, c.name, c.display_name, c.header, \
             c.purpose, c.creator_id, c.origin_remote_id, c.shared, \
             (SELECT COALESCE(MAX(n.last_post_at), 0) FROM channel_counts n WHERE n.channel_id = c.id), \
             (SELECT CAST(COALESCE(SUM(n.total), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = c.id), \
             (SELECT CAST(COALESCE(SUM(n.total_root), 0) AS BIGINT) FROM channel_counts n WHERE n.channel_id = c.id), \
             t.display_name, t.name, t.update_at",
            matching!($list),
            " ORDER BY LOWER(c.display_name), LOWER(t.display_name), c.id LIMIT $11 OFFSET $10"
        )
    };
}

/// One page of them, by display name, and how many there are in all.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, filter: &Filter) -> Result<(Vec<WithTeam>, i64), StoreError> {
    const LIST: Sql = Sql::per(
        listed!("SELECT value FROM json_each($2)"),
        listed!("SELECT json_array_elements_text(CAST(CAST($2 AS TEXT) AS json))"),
    );
    const COUNT: Sql = Sql::per(
        concat!("SELECT COUNT(*)", matching!("SELECT value FROM json_each($2)")),
        concat!("SELECT COUNT(*)", matching!("SELECT json_array_elements_text(CAST(CAST($2 AS TEXT) AS json))")),
    );
    let pattern = format!("%{}%", filter.term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let teams = json_list(&filter.teams);
    let what: [Arg<'_>; 11] = [
        (&pattern).into(),
        (&teams).into(),
        filter.no_public.into(),
        filter.no_private.into(),
        filter.no_live.into(),
        filter.no_archived.into(),
        filter.no_default.into(),
        filter.no_copies.into(),
        Arg::opt(&filter.found_by),
        filter.offset.into(),
        filter.limit.into(),
    ];
    let [counted @ .., _, _] = &what;
    let total = view.fetch_one(COUNT, counted).await?;
    Ok((view.fetch_all(LIST, &what).await?, total))
}

#[cfg(test)]
mod tests {
    use rialto_model::{ChannelId, ChannelKind, TeamMember};

    use super::*;
    use crate::samples::{NOW, begin, channel, id, member, read, scene, team, team_member};
    use crate::testing::both;
    use crate::{Db, channel_members, channels, team_members, teams};

    #[tokio::test]
    async fn channels_of_all_teams_are_found_by_what_they_are() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let other = team(2);
            teams::insert(&mut tx, &other).await.unwrap();
            let private = Channel { kind: ChannelKind::Private, ..channel(2, other.id) };
            let archived = Channel { delete_at: Some(NOW), ..channel(3, scene.team.id) };
            let default = Channel { name: "town-square".to_owned(), ..channel(4, other.id) };
            let copy = Channel { origin: Some(id(7)), purpose: "100% Fun".to_owned(), ..channel(5, scene.team.id) };
            let talk = Channel { team_id: None, kind: ChannelKind::Group, ..channel(6, other.id) };
            for channel in [&private, &archived, &default, &copy, &talk] {
                channels::insert(&mut tx, channel).await.unwrap();
            }
            let guest = TeamMember { scheme_guest: true, scheme_user: false, ..team_member(other.id, id(3)) };
            team_members::insert(&mut tx, &guest).await.unwrap();
            channel_members::insert(&mut tx, &member(id(2), id(3))).await.unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let all = Filter { limit: 10, ..Filter::default() };
            let live = Filter { no_archived: true, ..all.clone() };
            for (filter, expected) in [
                (all.clone(), &[1, 2, 3, 4, 5][..]),
                (live.clone(), &[1, 2, 4, 5]),
                (Filter { no_live: true, ..all.clone() }, &[3]),
                (Filter { no_public: true, ..live.clone() }, &[2]),
                (Filter { no_private: true, ..live.clone() }, &[1, 4, 5]),
                (Filter { no_default: true, ..live.clone() }, &[1, 2, 5]),
                (Filter { no_copies: true, ..live.clone() }, &[1, 2, 4]),
                (Filter { teams: vec![other.id], ..live.clone() }, &[2, 4]),
                (Filter { term: "nel-02".to_owned(), ..live.clone() }, &[2]),
                (Filter { term: "0% f".to_owned(), ..live.clone() }, &[5]),
                (Filter { term: "_".to_owned(), ..live.clone() }, &[]),
                (Filter { found_by: Some(id(1)), ..live.clone() }, &[1, 5]),
                (Filter { found_by: Some(id(3)), ..live.clone() }, &[2]),
                (Filter { found_by: Some(id(9)), ..live.clone() }, &[]),
            ] {
                let (found, total) = list(&mut view, &filter).await.unwrap();
                let ids: Vec<ChannelId> = found.iter().map(|one| one.channel.id).collect();
                let expected: Vec<ChannelId> = expected.iter().map(|n| id(*n)).collect();
                assert_eq!((ids, total), (expected.clone(), i64::try_from(expected.len()).unwrap()), "{filter:?}");
            }
            let (page, total) = list(&mut view, &Filter { offset: 1, limit: 1, ..live }).await.unwrap();
            assert_eq!((page.len(), total), (1, 4));
            assert_eq!((page[0].channel.clone(), page[0].team_name.as_str()), (private, "team-02"));
        })
        .await;
    }
}
