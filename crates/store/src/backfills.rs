//! Earlier messages that shares are sent: what was asked for, how far it has come, and what is next (behaviour 8.1).
//!
//! What there is to send does not grow: posts that came before the share (`arrive_at`), shown to people here, written by
//! people, and not the peer's own. Threads go newest first by the time of their roots, each as a whole.

use rialto_model::{Backfill, BackfillState, ChannelId, Millis, PostId, RemoteId, ShareId, history::Place};

use crate::{Arg, FromRow, Id, Row, Snapshot, Sql, StoreError, Tx};

macro_rules! columns {
    () => {
        "b.share_id, b.channel_id, b.remote_id, b.user_id, b.state, b.reason, b.most, b.oldest_at, b.create_at, \
         b.update_at, b.run_at, b.run_done, b.total, b.done, b.floor_at, b.floor_id, b.thread_at, b.thread_id, b.reply_at, \
         b.reply_id"
    };
}

impl FromRow for Backfill {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Backfill {
            share_id: row.id()?,
            channel_id: row.id()?,
            remote_id: row.id()?,
            user_id: row.id()?,
            state: BackfillState::from_word(&row.text()?),
            reason: row.text()?,
            most: u32::try_from(row.int()?).ok(),
            oldest_at: row.millis()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            run_at: row.millis()?,
            run_done: row.int()?,
            total: Some(row.int()?).filter(|total| *total >= 0),
            done: row.int()?,
            floor: (row.millis()?, row.text()?),
            place: {
                let (at, id) = (row.int()?, row.text()?);
                let thread = if at < 0 { None } else { id.parse().ok().map(|id| (Millis(at), id)) };
                let (at, id) = (row.int()?, row.text()?);
                Place { thread, reply: (at >= 0).then_some((Millis(at), id)) }
            },
        })
    }
}

/// Where a backfill is, as its columns have it.
struct Columns<'a> {
    thread_at: i64,
    thread_id: &'a str,
    reply_at: i64,
    reply_id: &'a str,
}

impl<'a> From<&'a Place> for Columns<'a> {
    fn from(place: &'a Place) -> Self {
        let (thread_at, thread_id) = place.thread.as_ref().map_or((-1, ""), |(at, id)| (at.0, id.as_str()));
        let (reply_at, reply_id) = place.reply.as_ref().map_or((-1, ""), |(at, id)| (at.0, id.as_str()));
        Self { thread_at, thread_id, reply_at, reply_id }
    }
}

/// The backfill of a share.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, share: &ShareId) -> Result<Option<Backfill>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM backfills b WHERE b.share_id = $1"), &[share.into()])
        .await
}

/// The same, locked for the rest of the transaction.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, share: &ShareId) -> Result<Option<Backfill>, StoreError> {
    const LOCK: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM backfills b WHERE b.share_id = $1"),
        concat!("SELECT ", columns!(), " FROM backfills b WHERE b.share_id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(LOCK, &[share.into()]).await
}

/// The backfills of a channel's live shares, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Backfill>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM backfills b JOIN shares s ON s.id = b.share_id WHERE b.channel_id = $1 AND s.live ORDER BY b.create_at, b.share_id"
        ),
        &[channel.into()],
    )
    .await
}

/// The backfills over a connection that have something to send now: their share is active and not behind the log. Those
/// whose turn was longest ago come first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_due(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Backfill>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM backfills b JOIN shares s ON s.id = b.share_id WHERE b.remote_id = $1 \
             AND b.state IN ('running', 'cancelling') AND s.live AND s.home AND s.state = 'active' AND s.resume_seq < 0 \
             ORDER BY b.update_at, b.share_id"
        ),
        &[remote.into()],
    )
    .await
}

/// Writes a backfill as a whole, new or changed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, backfill: &Backfill) -> Result<(), StoreError> {
    let place = Columns::from(&backfill.place);
    tx.execute(
        "INSERT INTO backfills (share_id, channel_id, remote_id, user_id, state, reason, most, oldest_at, create_at, \
         update_at, run_at, run_done, total, done, floor_at, floor_id, thread_at, thread_id, reply_at, reply_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
         ON CONFLICT (share_id) DO UPDATE SET user_id = excluded.user_id, state = excluded.state, reason = excluded.reason, \
         most = excluded.most, oldest_at = excluded.oldest_at, update_at = excluded.update_at, run_at = excluded.run_at, \
         run_done = excluded.run_done, total = excluded.total, done = excluded.done, floor_at = excluded.floor_at, \
         floor_id = excluded.floor_id, thread_at = excluded.thread_at, thread_id = excluded.thread_id, \
         reply_at = excluded.reply_at, reply_id = excluded.reply_id",
        &[
            (&backfill.share_id).into(),
            (&backfill.channel_id).into(),
            (&backfill.remote_id).into(),
            (&backfill.user_id).into(),
            backfill.state.as_str().into(),
            (&backfill.reason).into(),
            backfill.most.map_or(-1, i64::from).into(),
            backfill.oldest_at.into(),
            backfill.create_at.into(),
            backfill.update_at.into(),
            backfill.run_at.into(),
            backfill.run_done.into(),
            backfill.total.unwrap_or(-1).into(),
            backfill.done.into(),
            backfill.floor.0.into(),
            (&backfill.floor.1).into(),
            place.thread_at.into(),
            place.thread_id.into(),
            place.reply_at.into(),
            place.reply_id.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// What there is to send over a share.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The channel.
    pub channel: &'a ChannelId,
    /// Who gets it.
    pub remote: &'a RemoteId,
    /// When the share began.
    pub until: Millis,
}

impl<'a> Past<'a> {
    fn args(&self) -> [Arg<'a>; 3] {
        [self.channel.into(), self.remote.into(), self.until.into()]
    }
}

/// Holds of a root `r` whose thread belongs to the past of `$1` before `$3`.
macro_rules! root {
    () => {
        "r.channel_id = $1 AND r.root_id = '' AND r.arrive_at < $3 AND r.delete_at = 0 AND r.hidden_at = 0 \
         AND r.kind NOT LIKE 'system_%'"
    };
}

/// Holds of a post `p` of such a thread that `$2` is sent.
macro_rules! sent {
    () => {
        "p.arrive_at < $3 AND p.remote_id <> $2 AND p.delete_at = 0 AND p.hidden_at = 0 AND p.kind NOT LIKE 'system_%'"
    };
}

/// Threads of the past: `at` and `id` of their roots, and the `number` of posts of each that are sent.
macro_rules! numbered {
    () => {
        concat!(
            "SELECT r.create_at AS at, r.id AS id, CASE WHEN r.remote_id <> $2 THEN 1 ELSE 0 END + \
             (SELECT COUNT(*) FROM posts p WHERE p.root_id = r.id AND p.root_id <> '' AND ",
            sent!(),
            ") AS number FROM posts r WHERE ",
            root!()
        )
    };
}

/// The root of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// When it was written.
    pub at: Millis,
    /// The root.
    pub root: PostId,
    /// The root itself is sent: it is not the peer's own.
    pub is_sent: bool,
    /// It has replies of any kind.
    pub has_replies: bool,
}

impl FromRow for Thread {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { at: row.millis()?, root: row.id()?, is_sent: row.bool()?, has_replies: row.bool()? })
    }
}

/// The next threads behind one, newest first, none older than `floor`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn threads(
    view: &mut Snapshot,
    past: &Past<'_>,
    behind: Option<&(Millis, PostId)>,
    floor: &(Millis, String),
    limit: i64,
) -> Result<Vec<Thread>, StoreError> {
    let (at, id) = behind.map_or((i64::MAX, ""), |(at, id)| (at.0, id.as_str()));
    let [channel, remote, until] = past.args();
    view.fetch_all(
        concat!(
            "SELECT r.create_at, r.id, r.remote_id <> $2, \
             EXISTS (SELECT 1 FROM posts p WHERE p.root_id = r.id AND p.root_id <> '') FROM posts r WHERE ",
            root!(),
            " AND (r.create_at < $4 OR (r.create_at = $4 AND r.id < $5)) \
             AND (r.create_at > $6 OR (r.create_at = $6 AND r.id >= $7)) ORDER BY r.create_at DESC, r.id DESC LIMIT $8"
        ),
        &[channel, remote, until, at.into(), id.into(), floor.0.into(), (&floor.1).into(), limit.into()],
    )
    .await
}

/// The next replies of a thread that are sent, behind `(at, id)`, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn replies(
    view: &mut Snapshot,
    past: &Past<'_>,
    root: &PostId,
    behind: &(Millis, String),
    limit: i64,
) -> Result<Vec<(Millis, PostId)>, StoreError> {
    let [channel, remote, until] = past.args();
    let rows: Vec<(i64, Id<PostId>)> = view
        .fetch_all(
            concat!(
                "SELECT p.create_at, p.id FROM posts p WHERE p.channel_id = $1 AND p.root_id = $4 AND p.root_id <> '' AND ",
                sent!(),
                " AND (p.create_at > $5 OR (p.create_at = $5 AND p.id > $6)) ORDER BY p.create_at, p.id LIMIT $7"
            ),
            &[channel, remote, until, root.into(), behind.0.into(), (&behind.1).into(), limit.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|(at, id)| (Millis(at), id.0)).collect())
}

/// How many messages there are in threads not older than `floor`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot, past: &Past<'_>, floor: &(Millis, String)) -> Result<i64, StoreError> {
    let [channel, remote, until] = past.args();
    view.fetch_one(
        concat!(
            "SELECT CAST(COALESCE(SUM(t.number), 0) AS BIGINT) FROM (",
            numbered!(),
            ") t WHERE t.at > $4 OR (t.at = $4 AND t.id >= $5)"
        ),
        &[channel, remote, until, floor.0.into(), (&floor.1).into()],
    )
    .await
}

/// The thread in which the `most`th newest message stands; None if there are fewer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn thread_of_nth(
    view: &mut Snapshot,
    past: &Past<'_>,
    most: i64,
) -> Result<Option<(Millis, PostId)>, StoreError> {
    let [channel, remote, until] = past.args();
    let row: Option<(i64, Id<PostId>)> = view
        .fetch_optional(
            concat!(
                "SELECT n.at, n.id FROM (SELECT t.at, t.id, \
                 CAST(SUM(t.number) OVER (ORDER BY t.at DESC, t.id DESC) AS BIGINT) AS upto FROM \
                 (",
                numbered!(),
                ") t) n WHERE n.upto >= $4 ORDER BY n.at DESC, n.id DESC LIMIT 1"
            ),
            &[channel, remote, until, most.into()],
        )
        .await?;
    Ok(row.map(|(at, id)| (Millis(at), id.0)))
}

/// Whether a post came before `until`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn came_before(view: &mut Snapshot, until: Millis, post: &PostId) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM posts WHERE id = $1 AND arrive_at < $2)";
    view.fetch_one(sql, &[post.into(), until.into()]).await
}

#[cfg(test)]
mod tests {
    use rialto_model::{Post, Seq, Share, ShareState, UserId};

    use super::*;
    use crate::samples::{NOW, begin, id, post, read, scene, share};
    use crate::testing::both;
    use crate::{Db, posts, shares};

    fn backfill(channel: ChannelId) -> Backfill {
        Backfill {
            share_id: id(1),
            channel_id: channel,
            remote_id: id(7),
            user_id: id::<UserId>(2),
            state: BackfillState::Running,
            reason: "why".to_owned(),
            most: Some(5),
            oldest_at: Millis(6),
            create_at: Millis(7),
            update_at: Millis(8),
            run_at: Millis(9),
            run_done: 10,
            total: Some(12),
            done: 11,
            floor: (Millis(3), "floor".to_owned()),
            place: Place { thread: Some((Millis(4), id(4))), reply: Some((Millis(5), String::new())) },
        }
    }

    #[tokio::test]
    async fn a_backfill_is_kept_as_it_is() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let active = Share {
                state: ShareState::Active,
                from_seq: Some(Seq(1)),
                home: true,
                ..share(1, scene.channel.id, id(7))
            };
            shares::insert(&mut tx, &active).await.unwrap();
            let first = backfill(scene.channel.id);
            put(&mut tx, &first).await.unwrap();
            assert_eq!(lock(&mut tx, &id(1)).await.unwrap(), Some(first.clone()));
            let bare = Backfill {
                most: None,
                total: None,
                place: Place::default(),
                state: BackfillState::Paused,
                ..first.clone()
            };
            put(&mut tx, &bare).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(bare.clone()));
            assert_eq!(list_of_channel(&mut tx, &scene.channel.id).await.unwrap(), std::slice::from_ref(&bare));
            assert_eq!(list_due(&mut tx, &id(7)).await.unwrap(), [], "it is paused");
            put(&mut tx, &first).await.unwrap();
            assert_eq!(list_due(&mut tx, &id(7)).await.unwrap(), std::slice::from_ref(&first));
            shares::hold(&mut tx, &scene.channel.id, &id(7), Seq(3)).await.unwrap();
            assert_eq!(list_due(&mut tx, &id(7)).await.unwrap(), [], "its channel is behind");
            shares::update(&mut tx, &Share { state: ShareState::Ended, ..active }).await.unwrap();
            assert_eq!(list_of_channel(&mut tx, &scene.channel.id).await.unwrap(), []);
        })
        .await;
    }

    /// Behaviour 8.1: threads newest first, each as a whole; neither deleted, hidden and system posts nor the peer's own.
    #[tokio::test]
    async fn the_past_is_walked_thread_by_thread() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let channel = scene.channel.id;
            let peer: RemoteId = id(7);
            let at = |n: u128, at: i64| Post {
                create_at: Millis(at),
                root_id: None,
                delete_at: None,
                hidden_at: None,
                kind: String::new(),
                remote_id: None,
                ..post(n, channel, id(1))
            };
            let reply = |n: u128, root: u128, time: i64| Post { root_id: Some(id(root)), ..at(n, time) };
            for row in [
                at(10, 100),
                reply(11, 10, 500),
                at(20, 200),
                Post { remote_id: Some(peer), ..at(30, 300) },
                reply(31, 30, 310),
                Post { remote_id: Some(peer), ..reply(32, 30, 320) },
                Post { delete_at: Some(NOW), ..reply(33, 30, 330) },
                reply(34, 30, 310),
                Post { hidden_at: Some(NOW), ..at(40, 400) },
                Post { delete_at: Some(NOW), ..at(50, 500) },
                Post { kind: "system_generic".to_owned(), ..at(60, 600) },
                at(70, 200),
            ] {
                posts::insert_now(&mut tx, &row).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let view = &mut view;
            let past = Past { channel: &channel, remote: &peer, until: Millis(NOW.0 + 1) };
            let all = (Millis(0), String::new());
            let thread =
                |n: u128, at, is_sent, has_replies| Thread { at: Millis(at), root: id(n), is_sent, has_replies };
            let found = threads(view, &past, None, &all, 9).await.unwrap();
            let expected = [
                thread(30, 300, false, true),
                thread(70, 200, true, false),
                thread(20, 200, true, false),
                thread(10, 100, true, true),
            ];
            assert_eq!(found, expected);
            let behind = (Millis(200), id(70));
            assert_eq!(threads(view, &past, Some(&behind), &all, 1).await.unwrap(), expected[2..3]);
            let floor = (Millis(200), id::<PostId>(70).to_string());
            assert_eq!(threads(view, &past, None, &floor, 9).await.unwrap(), expected[..2]);
            let begin = (Millis(0), String::new());
            let found = replies(view, &past, &id(30), &begin, 9).await.unwrap();
            assert_eq!(found, [(Millis(310), id(31)), (Millis(310), id(34))]);
            let rest = (Millis(310), id::<PostId>(31).to_string());
            assert_eq!(replies(view, &past, &id(30), &rest, 9).await.unwrap(), [(Millis(310), id(34))]);
            assert_eq!(count(view, &past, &all).await.unwrap(), 6);
            assert_eq!(count(view, &past, &floor).await.unwrap(), 3);
            for (most, root) in [(1, 30), (2, 30), (3, 70), (4, 20), (5, 10), (6, 10)] {
                let found = thread_of_nth(view, &past, most).await.unwrap();
                assert_eq!(found.map(|(_, root)| root), Some(id(root)), "{most}");
            }
            assert_eq!(thread_of_nth(view, &past, 7).await.unwrap(), None);
            let none = Past { until: NOW, ..past };
            assert_eq!(threads(view, &none, None, &all, 9).await.unwrap(), [], "all came later");
            assert_eq!(count(view, &none, &all).await.unwrap(), 0);
            for (until, post, before) in [(NOW, 10, false), (past.until, 10, true), (past.until, 99, false)] {
                assert_eq!(came_before(view, until, &id(post)).await.unwrap(), before, "{until:?} {post}");
            }
        })
        .await;
    }
}
