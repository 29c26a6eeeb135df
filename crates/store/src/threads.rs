//! Who follows which thread, and what of it they have not read. What is unread is counted from the replies themselves, by
//! when they came here, so that deletions, outages and clocks elsewhere leave no wrong number behind (E-153).

use rialto_model::thread::{ThreadMember, ThreadUnread};
use rialto_model::{ChannelId, Millis, Post, PostId, TeamId, UserId};

use crate::{FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! unread {
    () => {
        "(SELECT COUNT(*) FROM posts r WHERE r.root_id = t.root_id AND r.root_id <> '' AND r.arrive_at > t.seen_at \
         AND r.user_id <> t.user_id AND r.delete_at = 0 AND r.hidden_at = 0 AND NOT r.history)"
    };
}

macro_rules! mentions {
    () => {
        "(SELECT COUNT(*) FROM reply_mentions y JOIN posts r ON r.id = y.post_id WHERE y.root_id = t.root_id \
         AND y.user_id = t.user_id AND r.arrive_at > t.seen_at AND r.delete_at = 0 AND r.hidden_at = 0)"
    };
}

macro_rules! columns {
    () => {
        concat!("t.user_id, t.root_id, t.channel_id, t.following, t.last_viewed_at, ", unread!(), ", ", mentions!())
    };
}

/// The threads of one person in a team (`$1`, `$2`), direct and group channels belonging to every team unless `$3`, deleted
/// ones only if `$4`, changed from `$5` on.
macro_rules! followed {
    () => {
        " FROM thread_members t JOIN posts p ON p.id = t.root_id JOIN channels c ON c.id = p.channel_id \
         JOIN channel_members m ON m.channel_id = c.id AND m.user_id = t.user_id \
         WHERE t.user_id = $1 AND t.following AND c.delete_at = 0 AND (c.team_id = $2 OR (c.team_id = '' AND NOT $3)) \
         AND p.reply_count > 0 AND ($4 OR (p.delete_at = 0 AND p.hidden_at = 0)) AND (t.update_at >= $5 OR p.update_at >= $5)"
    };
}

/// How far somebody has read who has read all of thread `$2` that is there but this post.
macro_rules! newest_but {
    ($post:literal) => {
        concat!(
            "(SELECT COALESCE(MAX(s.arrive_at), 0) FROM posts s WHERE s.root_id = $2 AND s.root_id <> '' AND s.id <> ",
            $post,
            ")"
        )
    };
}

impl FromRow for ThreadMember {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(ThreadMember {
            user_id: row.id()?,
            root_id: row.id()?,
            channel_id: row.id()?,
            following: row.bool()?,
            last_viewed_at: row.millis()?,
            unread: ThreadUnread { replies: row.int()?, mentions: row.int()? },
        })
    }
}

/// Which threads of a person are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those with something unread.
    pub unread: bool,
    /// Those whose first post is gone as well.
    pub deleted: bool,
    /// Without those of direct and group channels.
    pub exclude_direct: bool,
    /// Only those in which something changed since.
    pub since: Millis,
}

/// Which of them, newest reply first.
#[derive(Debug, Clone, Copy, Default)]
pub enum Place {
    /// The newest.
    #[default]
    Newest,
    /// Those behind this thread.
    Before(Millis, PostId),
    /// Those in front of it, nearest to it.
    After(Millis, PostId),
}

/// How many threads somebody follows, and what of them is unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Threads.
    pub threads: i64,
    /// Threads with something unread.
    pub unread_threads: i64,
    /// Unread replies that call the person.
    pub mentions: i64,
    /// Those of them in threads whose first post is urgent.
    pub urgent_mentions: i64,
}

impl FromRow for Totals {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Totals {
            threads: row.int()?,
            unread_threads: row.int()?,
            mentions: row.int()?,
            urgent_mentions: row.int()?,
        })
    }
}

/// How somebody stands to a thread, whether they follow it or have left off.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, user: &UserId, root: &PostId) -> Result<Option<ThreadMember>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM thread_members t WHERE t.user_id = $1 AND t.root_id = $2"),
        &[user.into(), root.into()],
    )
    .await
}

/// The threads somebody follows in a team, newest reply first; those of archived channels and of channels they have left
/// are left out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    user: &UserId,
    team: &TeamId,
    filter: Filter,
    place: Place,
    limit: i64,
) -> Result<Vec<ThreadMember>, StoreError> {
    macro_rules! page {
        ($place:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                followed!(),
                " AND (NOT $6 OR ",
                unread!(),
                " > 0) AND ",
                $place,
                " LIMIT $9"
            )
        };
    }
    let (sql, at, id) = match place {
        Place::Newest | Place::Before(..) => {
            let (at, id) = match place {
                Place::Before(at, id) => (at, id.to_string()),
                Place::Newest | Place::After(..) => (Millis(i64::MAX), String::new()),
            };
            let sql = page!(
                "(p.last_reply_at < $7 OR (p.last_reply_at = $7 AND p.id < $8)) ORDER BY p.last_reply_at DESC, p.id DESC"
            );
            (sql, at, id)
        }
        Place::After(at, id) => {
            let sql =
                page!("(p.last_reply_at > $7 OR (p.last_reply_at = $7 AND p.id > $8)) ORDER BY p.last_reply_at, p.id");
            (sql, at, id.to_string())
        }
    };
    let args = [
        user.into(),
        team.into(),
        filter.exclude_direct.into(),
        filter.deleted.into(),
        filter.since.into(),
        filter.unread.into(),
        at.into(),
        (&id).into(),
        limit.into(),
    ];
    let mut found: Vec<ThreadMember> = view.fetch_all(sql, &args).await?;
    if matches!(place, Place::After(..)) {
        found.reverse();
    }
    Ok(found)
}

/// What [`list`] would give in all.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn totals(view: &mut Snapshot, user: &UserId, team: &TeamId, filter: Filter) -> Result<Totals, StoreError> {
    view.fetch_one(
        concat!(
            "SELECT COUNT(*), COUNT(CASE WHEN x.replies > 0 THEN 1 END), CAST(COALESCE(SUM(x.mentions), 0) AS BIGINT), \
             CAST(COALESCE(SUM(CASE WHEN x.urgent THEN x.mentions ELSE 0 END), 0) AS BIGINT) FROM (SELECT ",
            unread!(),
            " AS replies, ",
            mentions!(),
            " AS mentions, EXISTS (SELECT 1 FROM post_priorities i WHERE i.post_id = t.root_id AND i.level = 'urgent') AS urgent",
            followed!(),
            ") x WHERE NOT $6 OR x.replies > 0"
        ),
        &[
            user.into(),
            team.into(),
            filter.exclude_direct.into(),
            filter.deleted.into(),
            filter.since.into(),
            filter.unread.into(),
        ],
    )
    .await
}

/// Those of these people who follow a thread.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn followers(view: &mut Snapshot, root: &PostId, among: &[UserId]) -> Result<Vec<ThreadMember>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM thread_members t WHERE t.root_id = $1 AND t.following AND t.user_id IN (SELECT value FROM json_each($2))"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM thread_members t WHERE t.root_id = $1 AND t.following \
             AND t.user_id IN (SELECT json_array_elements_text($2::json))"
        ),
    );
    view.fetch_all(LIST, &[root.into(), (&json_list(among)).into()]).await
}

/// Those of these threads that somebody follows.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn followed_among(view: &mut Snapshot, user: &UserId, roots: &[PostId]) -> Result<Vec<PostId>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT root_id FROM thread_members WHERE user_id = $1 AND following AND root_id IN (SELECT value FROM json_each($2))",
        "SELECT root_id FROM thread_members WHERE user_id = $1 AND following \
         AND root_id IN (SELECT json_array_elements_text($2::json))",
    );
    let ids: Vec<Id<PostId>> = view.fetch_all(LIST, &[user.into(), (&json_list(roots)).into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Who has replied in these threads, whoever wrote last at the end.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn participants(view: &mut Snapshot, roots: &[PostId]) -> Result<Vec<(PostId, UserId)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT root_id, user_id FROM posts WHERE root_id <> '' AND root_id IN (SELECT value FROM json_each($1)) \
         AND delete_at = 0 AND hidden_at = 0 GROUP BY root_id, user_id ORDER BY root_id, MAX(create_at), user_id",
        "SELECT root_id, user_id FROM posts WHERE root_id <> '' AND root_id IN (SELECT json_array_elements_text($1::json)) \
         AND delete_at = 0 AND hidden_at = 0 GROUP BY root_id, user_id ORDER BY root_id, MAX(create_at), user_id",
    );
    let rows: Vec<(Id<PostId>, Id<UserId>)> = view.fetch_all(LIST, &[(&json_list(roots)).into()]).await?;
    Ok(rows.into_iter().map(|(root, user)| (root.0, user.0)).collect())
}

/// Somebody has replied: from then on they follow, and have read what was there. Queued; nothing happens for people of
/// other servers and for bots.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn join_by_writing(tx: &mut Tx, root: &PostId, reply: &Post) -> Result<(), StoreError> {
    let now = tx.now();
    tx.queue(
        concat!(
            "INSERT INTO thread_members (user_id, root_id, channel_id, following, last_viewed_at, seen_at, update_at) \
             SELECT u.id, $2, $3, TRUE, CAST($4 AS BIGINT), ",
            newest_but!("$6"),
            ", CAST($5 AS BIGINT) FROM users u WHERE u.id = $1 AND u.remote_id = '' AND NOT u.is_bot \
             ON CONFLICT (user_id, root_id) DO UPDATE SET following = TRUE, last_viewed_at = excluded.last_viewed_at, \
             seen_at = excluded.seen_at, update_at = excluded.update_at"
        ),
        &[
            (&reply.user_id).into(),
            root.into(),
            (&reply.channel_id).into(),
            reply.create_at.into(),
            now.into(),
            (&reply.id).into(),
        ],
    )
}

/// A reply is something to somebody because they wrote what is answered, or are called: from then on they follow, and the
/// reply is the first they have not read. Whoever has left off stays away. Queued; nothing happens for people of other
/// servers and for bots.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn join_by_reply(tx: &mut Tx, user: &UserId, root: &PostId, reply: &Post) -> Result<(), StoreError> {
    let (now, before) = (tx.now(), Millis(reply.create_at.0 - 1));
    tx.queue(
        concat!(
            "INSERT INTO thread_members (user_id, root_id, channel_id, following, last_viewed_at, seen_at, update_at) \
             SELECT u.id, $2, $3, TRUE, CAST($4 AS BIGINT), ",
            newest_but!("$6"),
            ", CAST($5 AS BIGINT) FROM users u WHERE u.id = $1 AND u.remote_id = '' AND NOT u.is_bot AND u.delete_at = 0 \
             ON CONFLICT (user_id, root_id) DO NOTHING"
        ),
        &[user.into(), root.into(), (&reply.channel_id).into(), before.into(), now.into(), (&reply.id).into()],
    )
}

/// Notes that a reply calls somebody. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn add_mention(tx: &mut Tx, root: &PostId, reply: &PostId, user: &UserId) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO reply_mentions (root_id, post_id, user_id) VALUES ($1, $2, $3) ON CONFLICT (root_id, user_id, post_id) \
         DO NOTHING",
        &[root.into(), reply.into(), user.into()],
    )
}

/// Follows a thread by hand, having read it, or leaves off; true if that is new.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_following(tx: &mut Tx, user: &UserId, root: &Post, following: bool) -> Result<bool, StoreError> {
    let now = tx.now();
    let changed = tx
        .execute(
            concat!(
                "INSERT INTO thread_members (user_id, root_id, channel_id, following, last_viewed_at, seen_at, update_at) \
                 VALUES ($1, $2, $3, $4, $5, ",
                newest_but!("''"),
                ", $5) ON CONFLICT (user_id, root_id) DO UPDATE SET following = excluded.following, \
                 last_viewed_at = excluded.last_viewed_at, seen_at = excluded.seen_at, update_at = excluded.update_at \
                 WHERE thread_members.following <> excluded.following"
            ),
            &[user.into(), (&root.id).into(), (&root.channel_id).into(), following.into(), now.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Somebody has read a thread up to what was written at `at`, or has not read it from there on. What came late counts as
/// read with what was written after it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_viewed(tx: &mut Tx, user: &UserId, root: &PostId, at: Millis) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(
        "UPDATE thread_members SET last_viewed_at = $3, update_at = $4, seen_at = (SELECT COALESCE(MAX(s.arrive_at), 0) \
         FROM posts s WHERE s.root_id = $2 AND s.root_id <> '' AND s.create_at <= $3) WHERE user_id = $1 AND root_id = $2",
        &[user.into(), root.into(), at.into(), now.into()],
    )
    .await
    .map(|_| ())
}

/// A thread is unread to somebody from this post of it on.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_unread_from(tx: &mut Tx, user: &UserId, root: &PostId, from: &Post) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(
        "UPDATE thread_members SET last_viewed_at = $3, update_at = $4, \
         seen_at = (SELECT s.arrive_at - 1 FROM posts s WHERE s.id = $5) WHERE user_id = $1 AND root_id = $2",
        &[user.into(), root.into(), Millis(from.create_at.0 - 1).into(), now.into(), (&from.id).into()],
    )
    .await
    .map(|_| ())
}

/// Somebody has read all threads they follow in a team, direct and group channels included; true if any.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_all_viewed(tx: &mut Tx, user: &UserId, team: &TeamId) -> Result<bool, StoreError> {
    let now = tx.now();
    let changed = tx
        .execute(
            "UPDATE thread_members SET last_viewed_at = $3, update_at = $3, seen_at = (SELECT COALESCE(MAX(s.arrive_at), 0) \
             FROM posts s WHERE s.root_id = thread_members.root_id AND s.root_id <> '') WHERE user_id = $1 AND following \
             AND channel_id IN (SELECT c.id FROM channels c WHERE c.team_id = $2 OR c.team_id = '')",
            &[user.into(), team.into(), now.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Somebody has read what they follow in a channel; true if anything of it was unread.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_channel_viewed(tx: &mut Tx, user: &UserId, channel: &ChannelId) -> Result<bool, StoreError> {
    let now = tx.now();
    let changed = tx
        .execute(
            "UPDATE thread_members SET last_viewed_at = $3, update_at = $3, seen_at = (SELECT COALESCE(MAX(s.arrive_at), 0) \
             FROM posts s WHERE s.root_id = thread_members.root_id AND s.root_id <> '') WHERE user_id = $1 AND following \
             AND channel_id = $2 AND EXISTS (SELECT 1 FROM posts r WHERE r.root_id = thread_members.root_id AND r.root_id <> '' \
             AND r.arrive_at > thread_members.seen_at)",
            &[user.into(), channel.into(), now.into()],
        )
        .await?;
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Scene, begin, channel, channel as a_channel, id, member, post, remote_user, scene, team};
    use crate::testing::both;
    use crate::{Db, channel_members, channels, posts, removal, users};

    /// A reply that came here at `at` and was written at `written`.
    async fn reply(db: &Db, n: u128, author: u128, root: &Post, (written, at): (i64, i64)) -> Post {
        let mut tx = db.begin(Millis(at)).await.unwrap();
        let reply = Post { root_id: Some(root.id), create_at: Millis(written), ..post(n, root.channel_id, id(author)) };
        posts::insert_now(&mut tx, &reply).await.unwrap();
        posts::count_reply(&mut tx, &root.id, 1, reply.create_at, Millis(at)).unwrap();
        join_by_writing(&mut tx, &root.id, &reply).unwrap();
        join_by_reply(&mut tx, &root.user_id, &root.id, &reply).unwrap();
        tx.commit().await.unwrap();
        reply
    }

    async fn staged(db: &Db) -> (Scene, Post) {
        let mut tx = begin(db).await;
        let scene = scene(&mut tx).await;
        users::insert(&mut tx, &remote_user(3, id(9)), "").await.unwrap();
        let root = Post { create_at: Millis(100), ..post(50, scene.channel.id, scene.ann.id) };
        posts::insert(&mut tx, &root, "").unwrap();
        tx.commit().await.unwrap();
        (scene, root)
    }

    async fn unread(db: &Db, user: u128, root: &Post) -> Option<(bool, i64, i64)> {
        let mut view = crate::samples::read(db).await;
        let found = get(&mut view, &id(user), &root.id).await.unwrap();
        found.map(|member| (member.following, member.unread.replies, member.unread.mentions))
    }

    #[tokio::test]
    async fn authors_follow_and_what_others_write_is_unread_to_them() {
        both(async |db: Db| {
            let (_, root) = staged(&db).await;
            assert_eq!(unread(&db, 1, &root).await, None, "nobody has answered yet");
            reply(&db, 51, 2, &root, (200, 200)).await;
            assert_eq!(unread(&db, 1, &root).await, Some((true, 1, 0)));
            assert_eq!(unread(&db, 2, &root).await, Some((true, 0, 0)));
            reply(&db, 52, 3, &root, (150, 300)).await;
            assert_eq!(unread(&db, 3, &root).await, None, "people of other servers follow there");
            assert_eq!(unread(&db, 2, &root).await, Some((true, 1, 0)), "written before, but here only now");

            let mut tx = db.begin(Millis(400)).await.unwrap();
            assert!(set_following(&mut tx, &id(1), &root, false).await.unwrap());
            assert!(!set_following(&mut tx, &id(1), &root, false).await.unwrap(), "once is enough");
            tx.commit().await.unwrap();
            reply(&db, 53, 2, &root, (500, 500)).await;
            assert!(!unread(&db, 1, &root).await.unwrap().0, "an answer brings nobody back who has left off");
            reply(&db, 54, 1, &root, (600, 600)).await;
            assert_eq!(unread(&db, 1, &root).await, Some((true, 0, 0)), "writing does");
            let mut view = crate::samples::read(&db).await;
            let mut writers = participants(&mut view, &[root.id]).await.unwrap();
            assert_eq!(writers.pop(), Some((root.id, id(1))));
            let mut following = followers(&mut view, &root.id, &[id(1), id(2), id(3)]).await.unwrap();
            following.sort_by_key(|member| member.user_id);
            assert_eq!(following.iter().map(|member| member.user_id).collect::<Vec<UserId>>(), [id(1), id(2)]);
            assert_eq!(followers(&mut view, &root.id, &[id(2)]).await.unwrap().len(), 1);
            assert_eq!(followed_among(&mut view, &id(1), &[root.id, id(77)]).await.unwrap(), [root.id]);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_read_unread_and_gone_is_counted_from_the_replies() {
        both(async |db: Db| {
            let (_, root) = staged(&db).await;
            let first = reply(&db, 51, 2, &root, (200, 200)).await;
            reply(&db, 52, 2, &root, (300, 300)).await;
            let mut late = reply(&db, 53, 3, &root, (250, 400)).await;
            let mut tx = db.begin(Millis(500)).await.unwrap();
            add_mention(&mut tx, &root.id, &late.id, &id(1)).unwrap();
            tx.commit().await.unwrap();
            assert_eq!(unread(&db, 1, &root).await, Some((true, 3, 1)));
            let change = async |at: Option<i64>| {
                let mut tx = db.begin(Millis(600)).await.unwrap();
                match at {
                    Some(at) => set_viewed(&mut tx, &id(1), &root.id, Millis(at)).await.unwrap(),
                    None => set_unread_from(&mut tx, &id(1), &root.id, &first).await.unwrap(),
                }
                tx.commit().await.unwrap();
                unread(&db, 1, &root).await.map(|(_, replies, mentions)| (replies, mentions))
            };
            assert_eq!(change(Some(200)).await, Some((2, 1)));
            assert_eq!(change(Some(300)).await, Some((0, 0)), "what came late was written before");
            assert_eq!(change(None).await, Some((3, 1)));
            let mut tx = db.begin(Millis(700)).await.unwrap();
            late.delete_at = Some(Millis(700));
            posts::update(&mut tx, &late).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(unread(&db, 1, &root).await, Some((true, 2, 0)), "nothing is left of what is gone");
            let mut tx = db.begin(Millis(800)).await.unwrap();
            assert!(set_channel_viewed(&mut tx, &id(1), &root.channel_id).await.unwrap());
            assert!(!set_channel_viewed(&mut tx, &id(1), &root.channel_id).await.unwrap());
            tx.commit().await.unwrap();
            assert_eq!(unread(&db, 1, &root).await, Some((true, 0, 0)));
            let mut tx = db.begin(Millis(900)).await.unwrap();
            removal::posts(&mut tx, &[root.id]).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(unread(&db, 1, &root).await, None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_list_holds_what_somebody_follows_where_they_are() {
        both(async |db: Db| {
            let (scene, root) = staged(&db).await;
            let mut tx = begin(&db).await;
            let other = a_channel(2, id(2));
            let direct = rialto_model::Channel {
                team_id: None,
                kind: rialto_model::ChannelKind::Direct,
                ..channel(3, team(1).id)
            };
            let mut roots = vec![root];
            for (n, place) in [(60, &other), (70, &direct), (80, &scene.channel)] {
                if place.id != scene.channel.id {
                    channels::insert(&mut tx, place).await.unwrap();
                    channel_members::insert(&mut tx, &member(place.id, id(1))).await.unwrap();
                }
                let root = post(n, place.id, id(1));
                posts::insert(&mut tx, &root, "").unwrap();
                roots.push(root);
            }
            tx.commit().await.unwrap();
            for (n, root) in roots.iter().enumerate() {
                let at = 5_000 + 100 * i64::try_from(n).unwrap();
                reply(&db, 1_000 + u128::try_from(n).unwrap(), 2, root, (at, at)).await;
            }
            let [here, _, talk, newest] = [0, 1, 2, 3].map(|n: usize| roots[n].id);
            let shown = async |filter: Filter, place: Place, limit: i64| {
                let mut view = crate::samples::read(&db).await;
                let found = list(&mut view, &id(1), &id(1), filter, place, limit).await.unwrap();
                found.into_iter().map(|member| member.root_id).collect::<Vec<PostId>>()
            };
            let all = Filter::default();
            assert_eq!(shown(all, Place::Newest, 10).await, [newest, talk, here]);
            assert_eq!(shown(all, Place::Newest, 2).await, [newest, talk]);
            assert_eq!(shown(all, Place::Before(Millis(5_200), talk), 2).await, [here]);
            assert_eq!(shown(all, Place::After(Millis(5_000), here), 1).await, [talk], "the nearest");
            assert_eq!(shown(all, Place::After(Millis(5_000), here), 5).await, [newest, talk]);
            assert_eq!(shown(Filter { exclude_direct: true, ..all }, Place::Newest, 10).await, [newest, here]);
            assert_eq!(shown(Filter { since: Millis(crate::samples::NOW.0 + 1), ..all }, Place::Newest, 10).await, []);
            let totals = async |filter: Filter| {
                let mut view = crate::samples::read(&db).await;
                let totals = totals(&mut view, &id(1), &id(1), filter).await.unwrap();
                (totals.threads, totals.unread_threads, totals.mentions, totals.urgent_mentions)
            };
            let mut tx = begin(&db).await;
            set_viewed(&mut tx, &id(1), &talk, Millis(9_000)).await.unwrap();
            for n in [1_000, 1_003] {
                let root = if n == 1_000 { here } else { newest };
                add_mention(&mut tx, &root, &id(n), &id(1)).unwrap();
            }
            let urgent = rialto_model::Priority { level: "urgent".to_owned(), ..rialto_model::Priority::default() };
            crate::priorities::set(&mut tx, &newest, &urgent).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(totals(all).await, (3, 2, 2, 1));
            assert_eq!(totals(Filter { unread: true, ..all }).await, (2, 2, 2, 1));
            assert_eq!(shown(Filter { unread: true, ..all }, Place::Newest, 10).await, [newest, here]);
            let mut tx = begin(&db).await;
            let mut gone = roots[0].clone();
            gone.delete_at = Some(Millis(9_000));
            posts::update(&mut tx, &gone).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(shown(all, Place::Newest, 10).await, [newest, talk]);
            assert_eq!(shown(Filter { deleted: true, ..all }, Place::Newest, 10).await, [newest, talk, here]);
            let mut tx = begin(&db).await;
            channel_members::delete(&mut tx, &scene.channel.id, &id(1)).await.unwrap();
            assert!(set_all_viewed(&mut tx, &id(1), &id(1)).await.unwrap());
            tx.commit().await.unwrap();
            assert_eq!(shown(all, Place::Newest, 10).await, [talk], "whoever has left a channel is rid of its threads");
            assert_eq!(totals(all).await, (1, 0, 0, 0));
        })
        .await;
    }
}
