//! What an import writes that nobody else does: messages with the times they have, and counts that enter the channels'
//! counters all at once.

use rialto_model::{ChannelId, ItemId, Millis, Post, PostId, Reaction, UserId};

use crate::posts::{columns, file_text, insert_columns};
use crate::{Arg, Id, Row, Snapshot, StoreError, Tx};
use crate::{FromRow, Sql};

/// A message that stands where one to be imported would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub id: PostId,
    /// The thread it is in.
    pub root_id: Option<PostId>,
    /// What it says.
    pub message: String,
    /// It was edited or deleted here, so that it may not say any more what it was imported with.
    pub changed: bool,
}

impl FromRow for Standing {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { id: row.id()?, root_id: row.opt_id()?, message: row.text()?, changed: row.bool()? })
    }
}

/// Messages of this server's people by channel, author and time.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn standing(
    view: &mut Snapshot,
    channel: &ChannelId,
    author: &UserId,
    at: Millis,
) -> Result<Vec<Standing>, StoreError> {
    view.fetch_all(
        "SELECT id, root_id, message, edit_at > 0 OR delete_at > 0 FROM posts WHERE channel_id = $1 AND create_at = $3 \
         AND user_id = $2 AND remote_id = '' ORDER BY id",
        &[channel.into(), author.into(), at.into()],
    )
    .await
}

/// Adds an imported message. It came when it was written, and before every share of its channel: no peer hears of it but
/// as history that is asked for (`peer_posts`). Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn insert(tx: &mut Tx, post: &Post) -> Result<(), StoreError> {
    const INSERT: &str = concat!(
        insert_columns!(),
        "(SELECT CASE WHEN $22 < f.at THEN $22 ELSE f.at END FROM \
         (SELECT COALESCE(MIN(create_at) - 1, $22) AS at FROM shares WHERE channel_id = $2) f))"
    );
    let came = post.create_at.min(tx.now());
    tx.queue(INSERT, &columns(post, "", &file_text(post), came))
}

/// Adds a reaction unless there is or was one like it. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn add_reaction(tx: &mut Tx, reaction: &Reaction) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO reactions (post_id, user_id, emoji, emoji_name, channel_id, create_at, update_at, delete_at, remote_id, \
         remote_update_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', 0) ON CONFLICT (post_id, user_id, emoji) DO NOTHING",
        &[
            (&reaction.post_id).into(),
            (&reaction.user_id).into(),
            rialto_model::names::canonical_emoji(&reaction.emoji_name).into(),
            (&reaction.emoji_name).into(),
            (&reaction.channel_id).into(),
            reaction.create_at.into(),
            reaction.update_at.into(),
        ],
    )
}

/// Sets a preference unless there is one. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn add_preference(tx: &mut Tx, user: &UserId, category: &str, name: &str, value: &str) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, category, name) DO NOTHING",
        &[user.into(), category.into(), name.into(), value.into()],
    )
}

/// Somebody follows a thread and has read it up to a time, unless they stand to it in some way already. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn follow(tx: &mut Tx, user: &UserId, root: &Post, viewed: Millis) -> Result<(), StoreError> {
    let now = tx.now();
    tx.queue(
        "INSERT INTO thread_members (user_id, root_id, channel_id, following, last_viewed_at, seen_at, update_at) \
         VALUES ($1, $2, $3, TRUE, $4, $4, $5) ON CONFLICT (user_id, root_id) DO NOTHING",
        &[user.into(), (&root.id).into(), (&root.channel_id).into(), viewed.into(), now.into()],
    )
}

/// Notes messages an import has brought into a channel. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count(
    tx: &mut Tx,
    job: &ItemId,
    channel: &ChannelId,
    (total, roots): (i64, i64),
    newest: Millis,
) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO import_counts (job_id, channel_id, total, total_root, last_post_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (job_id, channel_id) DO UPDATE SET total = import_counts.total + excluded.total, \
         total_root = import_counts.total_root + excluded.total_root, last_post_at = CASE \
         WHEN excluded.last_post_at > import_counts.last_post_at THEN excluded.last_post_at \
         ELSE import_counts.last_post_at END",
        &[job.into(), channel.into(), total.into(), roots.into(), newest.into()],
    )
}

/// Notes how many messages of a channel a member an import has brought has read. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn note_read(
    tx: &mut Tx,
    job: &ItemId,
    channel: &ChannelId,
    user: &UserId,
    (messages, roots): (i64, i64),
) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO import_members (job_id, channel_id, user_id, msg_count, msg_count_root) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (job_id, channel_id, user_id) DO NOTHING",
        &[job.into(), channel.into(), user.into(), messages.into(), roots.into()],
    )
}

/// A channel an import has something left to count in, and whether messages came into it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn unsettled(view: &mut Snapshot, job: &ItemId) -> Result<Option<(ChannelId, bool)>, StoreError> {
    let found: Option<(Id<ChannelId>, i64)> = view
        .fetch_optional(
            "SELECT u.channel_id, CAST(SUM(u.came) AS BIGINT) FROM (SELECT channel_id, 1 AS came FROM import_counts \
             WHERE job_id = $1 UNION ALL SELECT DISTINCT channel_id, 0 AS came FROM import_members WHERE job_id = $1) u \
             GROUP BY u.channel_id ORDER BY u.channel_id LIMIT 1",
            &[job.into()],
        )
        .await?;
    Ok(found.map(|(channel, came)| (channel.0, came > 0)))
}

/// Lets the messages an import has brought into a channel count: in the channel, and as read by everybody of whom the import
/// does not say otherwise. Nobody has read more than there is.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn settle(tx: &mut Tx, job: &ItemId, channel: &ChannelId) -> Result<(), StoreError> {
    let here: [Arg<'_>; 2] = [job.into(), channel.into()];
    let slot = tx.slot();
    tx.execute(
        "INSERT INTO channel_counts (channel_id, slot, total, total_root, last_post_at) \
         SELECT channel_id, CAST($3 AS BIGINT), total, total_root, last_post_at FROM import_counts \
         WHERE job_id = $1 AND channel_id = $2 \
         ON CONFLICT (channel_id, slot) DO UPDATE SET total = channel_counts.total + excluded.total, \
         total_root = channel_counts.total_root + excluded.total_root, last_post_at = CASE \
         WHEN excluded.last_post_at > channel_counts.last_post_at THEN excluded.last_post_at \
         ELSE channel_counts.last_post_at END",
        &[job.into(), channel.into(), slot.into()],
    )
    .await?;
    tx.execute(
        "UPDATE channel_members SET \
         msg_count = msg_count + COALESCE((SELECT i.total FROM import_counts i WHERE i.job_id = $1 AND i.channel_id = $2), 0), \
         msg_count_root = msg_count_root + \
         COALESCE((SELECT i.total_root FROM import_counts i WHERE i.job_id = $1 AND i.channel_id = $2), 0) \
         WHERE channel_id = $2 AND user_id NOT IN (SELECT m.user_id FROM import_members m WHERE m.job_id = $1 \
         AND m.channel_id = $2)",
        &here,
    )
    .await?;
    tx.execute(
        "UPDATE channel_members SET \
         msg_count = (SELECT m.msg_count FROM import_members m WHERE m.job_id = $1 AND m.channel_id = $2 \
         AND m.user_id = channel_members.user_id), \
         msg_count_root = (SELECT m.msg_count_root FROM import_members m WHERE m.job_id = $1 AND m.channel_id = $2 \
         AND m.user_id = channel_members.user_id) \
         WHERE channel_id = $2 AND user_id IN (SELECT m.user_id FROM import_members m WHERE m.job_id = $1 \
         AND m.channel_id = $2)",
        &here,
    )
    .await?;
    const NO_MORE_THAN_THERE_IS: Sql = Sql::per(
        "UPDATE channel_members SET msg_count = MIN(msg_count, t.total), msg_count_root = MIN(msg_count_root, t.roots) \
         FROM (SELECT COALESCE(SUM(total), 0) AS total, COALESCE(SUM(total_root), 0) AS roots FROM channel_counts \
         WHERE channel_id = $1) t WHERE channel_id = $1",
        "UPDATE channel_members SET msg_count = LEAST(msg_count, t.total), msg_count_root = LEAST(msg_count_root, t.roots) \
         FROM (SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) AS total, CAST(COALESCE(SUM(total_root), 0) AS BIGINT) AS roots \
         FROM channel_counts WHERE channel_id = $1) t WHERE channel_id = $1",
    );
    tx.execute(NO_MORE_THAN_THERE_IS, &[channel.into()]).await?;
    tx.execute("DELETE FROM import_counts WHERE job_id = $1 AND channel_id = $2", &here).await?;
    tx.execute("DELETE FROM import_members WHERE job_id = $1 AND channel_id = $2", &here).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{NOW, begin, id, member, post, reaction, read, remote, scene, share};
    use crate::testing::both;
    use crate::{Db, channel_members, channels, posts, reactions, shares};

    #[tokio::test]
    async fn messages_come_when_they_were_written_and_before_every_share() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let post = |n, at| Post { create_at: Millis(at), ..post(n, scene.channel.id, scene.ann.id) };
            insert(&mut tx, &post(1, 4_000)).unwrap();
            insert(&mut tx, &post(2, NOW.0 + 5)).unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            crate::remotes::insert(&mut tx, &remote(9), &crate::samples::secrets(9)).await.unwrap();
            shares::insert(&mut tx, &share(1, scene.channel.id, id(9))).await.unwrap();
            tx.execute("UPDATE shares SET create_at = 5000", &[]).await.unwrap();
            insert(&mut tx, &post(3, 4_500)).unwrap();
            insert(&mut tx, &post(4, 6_000)).unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let came: Vec<i64> = view.fetch_all("SELECT arrive_at FROM posts ORDER BY id", &[]).await.unwrap();
            assert_eq!(came, [4_000, NOW.0, 4_500, 4_999]);

            let found = standing(&mut view, &scene.channel.id, &scene.ann.id, Millis(4_500)).await.unwrap();
            let message = "Message 03".to_owned();
            assert_eq!(found, [Standing { id: id(3), root_id: None, message, changed: false }]);
            assert_eq!(standing(&mut view, &scene.channel.id, &scene.bob.id, Millis(4_500)).await.unwrap(), []);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_there_stays_as_it_is() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let root = post(1, scene.channel.id, scene.ann.id);
            posts::insert_now(&mut tx, &root).await.unwrap();
            let taken_back = Reaction { delete_at: Some(Millis(9)), ..reaction(&root, scene.bob.id, "+1") };
            reactions::put(&mut tx, &taken_back, Millis(0)).await.unwrap();
            add_reaction(&mut tx, &reaction(&root, scene.bob.id, "thumbsup")).unwrap();
            add_reaction(&mut tx, &reaction(&root, scene.ann.id, "tada")).unwrap();
            for value in ["first", "second"] {
                add_preference(&mut tx, &scene.ann.id, "theme", "", value).unwrap();
            }
            follow(&mut tx, &scene.ann.id, &root, Millis(50)).unwrap();
            follow(&mut tx, &scene.ann.id, &root, Millis(60)).unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let found = reactions::list(&mut view, &[root.id]).await.unwrap();
            assert_eq!(found.iter().map(|one| one.emoji_name.as_str()).collect::<Vec<_>>(), ["tada"]);
            let kept = crate::preferences::list(&mut view, &scene.ann.id, None).await.unwrap();
            assert_eq!(kept.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["first"]);
            let follower = crate::threads::get(&mut view, &scene.ann.id, &root.id).await.unwrap().unwrap();
            assert_eq!((follower.following, follower.last_viewed_at), (true, Millis(50)));
        })
        .await;
    }

    #[tokio::test]
    async fn messages_count_in_one_step_and_nobody_has_read_more_than_there_is() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (job, channel) = (id(70), scene.channel.id);
            let (ann, bob) = (scene.ann.id, scene.bob.id);
            for other in [3, 4] {
                let one = member(channel, id(other));
                channel_members::insert(&mut tx, &one).await.unwrap();
            }
            for _ in 0..3 {
                channels::count_post(&mut tx, &channel, true, Millis(40)).unwrap();
            }
            count(&mut tx, &job, &channel, (4, 2), Millis(60)).unwrap();
            count(&mut tx, &job, &channel, (1, 1), Millis(50)).unwrap();
            note_read(&mut tx, &job, &channel, &bob, (2, 1)).unwrap();
            note_read(&mut tx, &job, &channel, &id(3), (99, 99)).unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            assert_eq!(unsettled(&mut tx, &id(71)).await.unwrap(), None);
            assert_eq!(unsettled(&mut tx, &job).await.unwrap(), Some((channel, true)));
            settle(&mut tx, &job, &channel).await.unwrap();
            assert_eq!(unsettled(&mut tx, &job).await.unwrap(), None);
            settle(&mut tx, &job, &channel).await.unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let counted = channels::get(&mut view, &channel).await.unwrap().unwrap();
            let totals = (counted.total_msg_count, counted.total_msg_count_root, counted.last_post_at);
            assert_eq!(totals, (8, 6, Millis(60)));
            for (user, expected) in [(ann, (8, 5)), (bob, (2, 1)), (id(3), (8, 6)), (id(4), (8, 5))] {
                let member = channel_members::get(&mut view, &channel, &user).await.unwrap().unwrap();
                assert_eq!((member.msg_count, member.msg_count_root), expected, "{user}");
            }
        })
        .await;
    }
}
