//! What an export reads: everything of this server's people in an order that depends on names and times alone, so that
//! two installations that hold the same write the same. Nothing of peers, and nothing of the system account.

use std::collections::BTreeMap;

use rialto_model::{Channel, ChannelId, ChannelMember, Millis, Post, PostId, TeamId, TeamMember, User, UserId};

use crate::channel_members::member_columns;
use crate::channels::channel_columns;
use crate::posts::post_columns;
use crate::team_members::team_member_columns;
use crate::users::user_columns;
use crate::{FromRow, Id, Row, Snapshot, Sql, StoreError, json_list};

/// Holds of a message `p` by `u` that is exported: shown, and of a person of ours but the system account (`$2`); written
/// until `$3`.
macro_rules! exported {
    ($post:literal, $author:literal) => {
        concat!(
            $post,
            ".delete_at = 0 AND ",
            $post,
            ".hidden_at = 0 AND ",
            $post,
            ".remote_id = '' AND ",
            $author,
            ".remote_id = '' AND ",
            $post,
            ".user_id <> $2 AND ",
            $post,
            ".create_at <= $3"
        )
    };
}

/// Which messages belong to one export.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The account system messages are written by.
    pub system: UserId,
    /// Nothing that was written later.
    pub until: Millis,
}

/// People of this server behind a username, by username; accounts of integrations only, or people only. Never the system's.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn users(
    view: &mut Snapshot,
    bots: bool,
    after: &str,
    bounds: Bounds,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    macro_rules! by {
        ($collation:literal) => {
            concat!(
                "SELECT ",
                user_columns!(),
                " FROM users u WHERE u.remote_id = '' AND u.is_bot = $1 AND u.id <> $2 AND u.create_at <= $3 \
                 AND u.username COLLATE ",
                $collation,
                " > $4 ORDER BY u.username COLLATE ",
                $collation,
                " LIMIT $5"
            )
        };
    }
    view.fetch_all(
        Sql::per(by!("BINARY"), by!("\"C\"")),
        &[bots.into(), (&bounds.system).into(), bounds.until.into(), after.into(), limit.into()],
    )
    .await
}

/// Channels of a team behind a name, by name, archived ones too if asked for.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn channels(
    view: &mut Snapshot,
    team: &TeamId,
    archived: bool,
    after: &str,
    limit: i64,
) -> Result<Vec<Channel>, StoreError> {
    macro_rules! by {
        ($collation:literal) => {
            concat!(
                "SELECT ",
                channel_columns!(),
                " FROM channels c WHERE c.team_id = $1 AND (c.delete_at = 0 OR $2) AND c.name COLLATE ",
                $collation,
                " > $3 ORDER BY c.name COLLATE ",
                $collation,
                " LIMIT $4"
            )
        };
    }
    view.fetch_all(Sql::per(by!("BINARY"), by!("\"C\"")), &[team.into(), archived.into(), after.into(), limit.into()])
        .await
}

/// Live memberships of these people in teams.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn team_members(view: &mut Snapshot, users: &[UserId]) -> Result<Vec<TeamMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            team_member_columns!(),
            " FROM team_members m WHERE m.delete_at = 0 AND m.user_id IN (SELECT value FROM json_each($1))"
        ),
        concat!(
            "SELECT ",
            team_member_columns!(),
            " FROM team_members m WHERE m.delete_at = 0 AND m.user_id IN (SELECT json_array_elements_text($1::json))"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(users)).into()]).await
}

/// Memberships of these people in channels, those of conversations too.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn channel_members(view: &mut Snapshot, users: &[UserId]) -> Result<Vec<ChannelMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM channel_members m WHERE m.user_id IN (SELECT value FROM json_each($1))"
        ),
        concat!(
            "SELECT ",
            member_columns!(),
            " FROM channel_members m WHERE m.user_id IN (SELECT json_array_elements_text($1::json))"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(users)).into()]).await
}

/// Settings of these people but for the messages they have saved.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn preferences(
    view: &mut Snapshot,
    users: &[UserId],
) -> Result<Vec<rialto_model::event::Preference>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT user_id, category, name, value FROM preferences WHERE category <> 'flagged_post' \
         AND user_id IN (SELECT value FROM json_each($1))",
        "SELECT user_id, category, name, value FROM preferences WHERE category <> 'flagged_post' \
         AND user_id IN (SELECT json_array_elements_text($1::json))",
    );
    view.fetch_all(LIST, &[(&json_list(users)).into()]).await
}

/// Messages of a channel that are exported and count as such, and how many of them begin threads.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, channel: &ChannelId, bounds: Bounds) -> Result<(i64, i64), StoreError> {
    view.fetch_one(
        concat!(
            "SELECT COUNT(*), COUNT(CASE WHEN p.root_id = '' THEN 1 END) FROM posts p JOIN users u ON u.id = p.user_id \
             LEFT JOIN posts r ON r.id = p.root_id AND p.root_id <> '' LEFT JOIN users a ON a.id = r.user_id \
             WHERE p.channel_id = $1 AND p.kind NOT LIKE 'system_%' AND ",
            exported!("p", "u"),
            " AND (p.root_id = '' OR (",
            exported!("r", "a"),
            "))"
        ),
        &[channel.into(), (&bounds.system).into(), bounds.until.into()],
    )
    .await
}

/// First posts of a channel behind `(at, id)` with their authors' names, by time.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn roots(
    view: &mut Snapshot,
    channel: &ChannelId,
    bounds: Bounds,
    after: (Millis, &str),
    limit: i64,
) -> Result<Vec<(Post, String)>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            post_columns!(),
            ", u.username FROM posts p JOIN users u ON u.id = p.user_id WHERE p.channel_id = $1 AND p.root_id = '' AND ",
            exported!("p", "u"),
            " AND (p.create_at > $4 OR (p.create_at = $4 AND p.id > $5)) ORDER BY p.create_at, p.id LIMIT $6"
        ),
        &[
            channel.into(),
            (&bounds.system).into(),
            bounds.until.into(),
            after.0.into(),
            after.1.into(),
            limit.into(),
        ],
    )
    .await
}

/// Replies in these threads with their authors' names, by time.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn replies(view: &mut Snapshot, roots: &[PostId], bounds: Bounds) -> Result<Vec<(Post, String)>, StoreError> {
    macro_rules! of {
        ($list:literal) => {
            concat!(
                "SELECT ",
                post_columns!(),
                ", u.username FROM posts p JOIN users u ON u.id = p.user_id WHERE p.root_id <> '' AND p.root_id IN (SELECT ",
                $list,
                ") AND ",
                exported!("p", "u"),
                " ORDER BY p.create_at, p.id"
            )
        };
    }
    view.fetch_all(
        Sql::per(of!("value FROM json_each($1)"), of!("json_array_elements_text($1::json)")),
        &[(&json_list(roots)).into(), (&bounds.system).into(), bounds.until.into()],
    )
    .await
}

/// A reaction, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedReaction {
    /// To what.
    pub post_id: PostId,
    /// Who.
    pub username: String,
    /// Which.
    pub emoji_name: String,
    /// When.
    pub create_at: Millis,
}

impl FromRow for NamedReaction {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { post_id: row.id()?, username: row.text()?, emoji_name: row.text()?, create_at: row.millis()? })
    }
}

/// Reactions of this server's people to these posts, in no order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn reactions(
    view: &mut Snapshot,
    posts: &[PostId],
    bounds: Bounds,
) -> Result<Vec<NamedReaction>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT r.post_id, u.username, r.emoji_name, r.create_at FROM reactions r JOIN users u ON u.id = r.user_id \
         WHERE r.delete_at = 0 AND u.remote_id = '' AND u.id <> $2 AND u.create_at <= $3 \
         AND r.post_id IN (SELECT value FROM json_each($1))",
        "SELECT r.post_id, u.username, r.emoji_name, r.create_at FROM reactions r JOIN users u ON u.id = r.user_id \
         WHERE r.delete_at = 0 AND u.remote_id = '' AND u.id <> $2 AND u.create_at <= $3 \
         AND r.post_id IN (SELECT json_array_elements_text($1::json))",
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into(), (&bounds.system).into(), bounds.until.into()]).await
}

/// Who has saved which of these posts, in no order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn saved_by(
    view: &mut Snapshot,
    posts: &[PostId],
    bounds: Bounds,
) -> Result<Vec<(PostId, String)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT s.name, u.username FROM preferences s JOIN users u ON u.id = s.user_id WHERE s.category = 'flagged_post' \
         AND s.value = 'true' AND u.remote_id = '' AND u.create_at <= $2 AND s.name IN (SELECT value FROM json_each($1))",
        "SELECT s.name, u.username FROM preferences s JOIN users u ON u.id = s.user_id WHERE s.category = 'flagged_post' \
         AND s.value = 'true' AND u.remote_id = '' AND u.create_at <= $2 AND s.name IN (SELECT json_array_elements_text($1::json))",
    );
    let rows: Vec<(Id<PostId>, String)> =
        view.fetch_all(LIST, &[(&json_list(posts)).into(), bounds.until.into()]).await?;
    Ok(rows.into_iter().map(|(post, name)| (post.0, name)).collect())
}

/// Somebody who follows a thread, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFollower {
    /// Which thread.
    pub root_id: PostId,
    /// Who.
    pub username: String,
    /// Up to when they have read.
    pub last_viewed_at: Millis,
    /// Unread replies that call them.
    pub mentions: i64,
}

impl FromRow for NamedFollower {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { root_id: row.id()?, username: row.text()?, last_viewed_at: row.millis()?, mentions: row.int()? })
    }
}

/// Who follows these threads, in no order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn followers(
    view: &mut Snapshot,
    roots: &[PostId],
    bounds: Bounds,
) -> Result<Vec<NamedFollower>, StoreError> {
    macro_rules! of {
        ($list:literal) => {
            concat!(
                "SELECT t.root_id, u.username, t.last_viewed_at, (SELECT COUNT(*) FROM reply_mentions y JOIN posts r \
                 ON r.id = y.post_id WHERE y.root_id = t.root_id AND y.user_id = t.user_id AND r.arrive_at > t.seen_at \
                 AND r.delete_at = 0 AND r.hidden_at = 0) FROM thread_members t JOIN users u ON u.id = t.user_id \
                 WHERE t.following AND u.remote_id = '' AND u.create_at <= $2 AND t.root_id IN (SELECT ",
                $list,
                ")"
            )
        };
    }
    view.fetch_all(
        Sql::per(of!("value FROM json_each($1)"), of!("json_array_elements_text($1::json)")),
        &[(&json_list(roots)).into(), bounds.until.into()],
    )
    .await
}

/// Direct and group channels behind an id, by id.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn conversations(view: &mut Snapshot, after: &str, limit: i64) -> Result<Vec<ChannelId>, StoreError> {
    let ids: Vec<Id<ChannelId>> = view
        .fetch_all(
            "SELECT id FROM channels WHERE team_id = '' AND kind IN ('D', 'G') AND id > $1 ORDER BY id LIMIT $2",
            &[after.into(), limit.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Who takes part in these conversations, by name; conversations with people of peers or the system account are left out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn taking_part(
    view: &mut Snapshot,
    channels: &[ChannelId],
    system: &UserId,
) -> Result<BTreeMap<ChannelId, Vec<String>>, StoreError> {
    macro_rules! of {
        ($list:literal) => {
            concat!(
                "SELECT m.channel_id, u.username, u.remote_id <> '' OR u.id = $2 FROM channel_members m \
                 JOIN users u ON u.id = m.user_id WHERE m.channel_id IN (SELECT ",
                $list,
                ")"
            )
        };
    }
    let rows: Vec<(Id<ChannelId>, String, bool)> = view
        .fetch_all(
            Sql::per(of!("value FROM json_each($1)"), of!("json_array_elements_text($1::json)")),
            &[(&json_list(channels)).into(), system.into()],
        )
        .await?;
    let mut found: BTreeMap<ChannelId, Vec<String>> = BTreeMap::new();
    let mut foreign = Vec::new();
    for (channel, name, elsewhere) in rows {
        found.entry(channel.0).or_default().push(name);
        if elsewhere {
            foreign.push(channel.0);
        }
    }
    foreign.iter().for_each(|channel| drop(found.remove(channel)));
    found.values_mut().for_each(|names| names.sort_unstable());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rialto_model::{ChannelKind, Reaction};

    use super::*;
    use crate::samples::{NOW, begin, channel, id, member, post, reaction, read, remote_user, scene, user};
    use crate::testing::both;
    use crate::{Db, channels as channel_rows, posts as post_rows, reactions as reaction_rows, threads, users};

    const BOUNDS: fn() -> Bounds = || Bounds { system: id(7), until: Millis(5_000) };

    #[tokio::test]
    async fn people_and_places_come_in_the_order_of_their_names() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let named = |n, name: &str| User {
                username: name.to_owned(),
                email: format!("{name}@example.org"),
                is_bot: n > 5,
                ..user(n)
            };
            for one in [named(3, "a-b"), named(4, "a.b"), named(5, "a_b"), named(6, "robot"), named(7, "system")] {
                users::insert(&mut tx, &one, "").await.unwrap();
            }
            users::insert(&mut tx, &remote_user(8, id(9)), "").await.unwrap();
            let late = User { create_at: Millis(5_001), ..user(9) };
            users::insert(&mut tx, &late, "").await.unwrap();
            for (n, name, archived) in [(2, "b_c", false), (3, "b-c", false), (4, "old", true)] {
                let one = Channel {
                    name: name.to_owned(),
                    delete_at: archived.then_some(Millis(9)),
                    ..channel(n, scene.team.id)
                };
                channel_rows::insert(&mut tx, &one).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let names = |list: Vec<User>| list.into_iter().map(|one| one.username).collect::<Vec<_>>();
            let people = users(&mut view, false, "", BOUNDS(), 9).await.unwrap();
            assert_eq!(names(people), ["a-b", "a.b", "a_b", "user-01", "user-02"]);
            assert_eq!(names(super::users(&mut view, false, "a.b", BOUNDS(), 1).await.unwrap()), ["a_b"]);
            assert_eq!(names(super::users(&mut view, true, "", BOUNDS(), 9).await.unwrap()), ["robot"]);
            let names = |list: Vec<Channel>| list.into_iter().map(|one| one.name).collect::<Vec<_>>();
            let live = channels(&mut view, &scene.team.id, false, "", 9).await.unwrap();
            assert_eq!(names(live), ["b-c", "b_c", "channel-01"]);
            assert_eq!(names(channels(&mut view, &scene.team.id, true, "c", 9).await.unwrap()), ["channel-01", "old"]);
            assert_eq!(team_members(&mut view, &[id(1), id(2)]).await.unwrap().len(), 2);
            assert_eq!(channel_members(&mut view, &[id(1), id(3)]).await.unwrap().len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn messages_of_our_people_are_found_with_all_that_hangs_on_them() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            users::insert(&mut tx, &user(7), "").await.unwrap();
            users::insert(&mut tx, &remote_user(8, id(9)), "").await.unwrap();
            let (ann, bob, channel) = (scene.ann.id, scene.bob.id, scene.channel.id);
            let at = |n: u128, author, root: u128| Post {
                create_at: Millis(4_000 + i64::try_from(n).unwrap()),
                root_id: (root > 0).then(|| id(root)),
                ..post(n, channel, author)
            };
            let gone = Post { delete_at: Some(NOW), ..at(3, ann, 0) };
            let theirs = Post { remote_id: Some(id(9)), ..at(4, id(8), 0) };
            let system = Post { kind: "system_join_channel".to_owned(), ..at(6, bob, 0) };
            let late = Post { create_at: Millis(5_001), ..at(20, ann, 0) };
            let all = [
                at(1, ann, 0),
                at(2, bob, 0),
                gone,
                theirs,
                at(5, id(7), 0),
                system,
                at(10, bob, 1),
                at(11, ann, 1),
                at(12, ann, 4),
                late,
            ];
            for one in &all {
                post_rows::insert_now(&mut tx, one).await.unwrap();
            }
            let root = &all[0];
            for who in [bob, id(8)] {
                reaction_rows::put(&mut tx, &reaction(root, who, "tada"), Millis(0)).await.unwrap();
            }
            let back = Reaction { delete_at: Some(NOW), ..reaction(root, ann, "+1") };
            reaction_rows::put(&mut tx, &back, Millis(0)).await.unwrap();
            for (who, value) in [(ann, "true"), (bob, "false")] {
                crate::imports::add_preference(&mut tx, &who, "flagged_post", root.id.as_str(), value).unwrap();
            }
            crate::imports::add_preference(&mut tx, &ann, "theme", "", "{}").unwrap();
            crate::imports::follow(&mut tx, &ann, root, Millis(1)).unwrap();
            threads::add_mention(&mut tx, &root.id, &id(10), &ann).unwrap();
            tx.commit().await.unwrap();

            let mut view = read(&db).await;
            let ids = |list: &[(Post, String)]| list.iter().map(|(post, _)| post.id).collect::<Vec<_>>();
            let found = roots(&mut view, &channel, BOUNDS(), (Millis(0), ""), 9).await.unwrap();
            assert_eq!(ids(&found), [id(1), id(2), id(6)]);
            assert_eq!(found[1].1, "user-02");
            let behind =
                roots(&mut view, &channel, BOUNDS(), (Millis(4_001), id::<PostId>(1).as_str()), 1).await.unwrap();
            assert_eq!(ids(&behind), [id(2)]);
            let answers = replies(&mut view, &[id(1), id(2)], BOUNDS()).await.unwrap();
            assert_eq!(ids(&answers), [id(10), id(11)]);
            assert_eq!(count(&mut view, &channel, BOUNDS()).await.unwrap(), (4, 2));
            let liked = reactions(&mut view, &[id(1)], BOUNDS()).await.unwrap();
            assert_eq!(liked.iter().map(|one| one.username.as_str()).collect::<Vec<_>>(), ["user-02"]);
            assert_eq!(saved_by(&mut view, &[id(1)], BOUNDS()).await.unwrap(), [(id(1), "user-01".to_owned())]);
            let kept = preferences(&mut view, &[ann, bob]).await.unwrap();
            assert_eq!(kept.iter().map(|one| one.category.as_str()).collect::<Vec<_>>(), ["theme"]);
            let follower = NamedFollower {
                root_id: id(1),
                username: "user-01".to_owned(),
                last_viewed_at: Millis(1),
                mentions: 1,
            };
            assert_eq!(followers(&mut view, &[id(1)], BOUNDS()).await.unwrap(), [follower]);
        })
        .await;
    }

    #[tokio::test]
    async fn conversations_with_others_elsewhere_are_left_out() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            scene(&mut tx).await;
            users::insert(&mut tx, &user(7), "").await.unwrap();
            users::insert(&mut tx, &remote_user(8, id(9)), "").await.unwrap();
            for (n, people) in [(20, [2, 1]), (21, [1, 8]), (22, [1, 7])] {
                let one = Channel {
                    team_id: None,
                    kind: ChannelKind::Direct,
                    name: format!("direct-{n}"),
                    ..channel(n, id(1))
                };
                channel_rows::insert(&mut tx, &one).await.unwrap();
                for who in people {
                    crate::channel_members::insert(&mut tx, &member(one.id, id(who))).await.unwrap();
                }
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let all = conversations(&mut view, "", 9).await.unwrap();
            assert_eq!(all, [id(20), id(21), id(22)]);
            assert_eq!(conversations(&mut view, id::<ChannelId>(20).as_str(), 1).await.unwrap(), [id(21)]);
            let found = taking_part(&mut view, &all, &id(7)).await.unwrap();
            let names = vec!["user-01".to_owned(), "user-02".to_owned()];
            assert_eq!(found, BTreeMap::from([(id(20), names)]));
        })
        .await;
    }
}
