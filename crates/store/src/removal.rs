//! Rows that go for good: messages, and whole channels, with everything that hangs on them.

use rialto_model::{ChannelId, Millis, PostId};

use crate::{FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list, search};

macro_rules! hanging_on_posts {
    ($table:literal, $column:literal) => {
        Sql::per(
            concat!("DELETE FROM ", $table, " WHERE ", $column, " IN (SELECT value FROM json_each($1))"),
            concat!("DELETE FROM ", $table, " WHERE ", $column, " IN (SELECT json_array_elements_text($1::json))"),
        )
    };
}

/// Everything that hangs on messages, the messages themselves last.
const OF_POSTS: &[Sql] = &[
    hanging_on_posts!("reactions", "post_id"),
    hanging_on_posts!("files", "post_id"),
    hanging_on_posts!("file_deliveries", "post_id"),
    hanging_on_posts!("expected_files", "post_id"),
    hanging_on_posts!("context_posts", "post_id"),
    hanging_on_posts!("peer_reactions", "post_id"),
    hanging_on_posts!("post_priorities", "post_id"),
    hanging_on_posts!("acknowledgements", "post_id"),
    hanging_on_posts!("post_pins", "post_id"),
    hanging_on_posts!("post_deliveries", "post_id"),
    hanging_on_posts!("reply_mentions", "post_id"),
    hanging_on_posts!("post_reminders", "post_id"),
    hanging_on_posts!("post_versions", "post_id"),
    hanging_on_posts!("posts", "id"),
];

/// Who follows the threads that these messages begin; a root that only loses its words keeps its followers.
const FOLLOWERS: Sql = hanging_on_posts!("thread_members", "root_id");

/// Everything that hangs on a channel besides its messages, the channel itself last. Its shares stay: they have ended,
/// and the versions of later ones go on from theirs.
const OF_CHANNEL: &[&str] = &[
    "DELETE FROM channel_counts WHERE channel_id = $1",
    "DELETE FROM channel_members WHERE channel_id = $1",
    "DELETE FROM thread_members WHERE channel_id = $1",
    "DELETE FROM files WHERE channel_id = $1",
    "DELETE FROM uploads WHERE channel_id = $1",
    "DELETE FROM file_deliveries WHERE channel_id = $1",
    "DELETE FROM announced_users WHERE channel_id = $1",
    "DELETE FROM sync_failures WHERE channel_id = $1",
    "DELETE FROM waiting_items WHERE channel_id = $1",
    "DELETE FROM interruption_posts WHERE channel_id = $1",
    "DELETE FROM member_blocks WHERE channel_id = $1",
    "DELETE FROM member_versions WHERE channel_id = $1",
    "DELETE FROM offline_hints WHERE channel_id = $1",
    "DELETE FROM backfills WHERE channel_id = $1",
    "DELETE FROM member_requests WHERE channel_id = $1",
    "DELETE FROM blocks_elsewhere WHERE channel_id = $1",
    "DELETE FROM drafts WHERE channel_id = $1",
    "DELETE FROM bookmarks WHERE channel_id = $1",
    "DELETE FROM channels WHERE id = $1",
];

/// Ids of messages of a channel, in no order.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn some_posts(view: &mut Snapshot, channel: &ChannelId, limit: i64) -> Result<Vec<PostId>, StoreError> {
    let ids: Vec<Id<PostId>> =
        view.fetch_all("SELECT id FROM posts WHERE channel_id = $1 LIMIT $2", &[channel.into(), limit.into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Messages from before a moment, a bounded number; true for roots with replies from after it. Of those the ones that say
/// `gone` are left out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn expired(
    view: &mut Snapshot,
    before: Millis,
    gone: &str,
    limit: i64,
) -> Result<Vec<(PostId, bool)>, StoreError> {
    struct Found(PostId, bool);
    impl FromRow for Found {
        fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
            Ok(Self(row.id()?, row.bool()?))
        }
    }
    let rows: Vec<Found> = view
        .fetch_all(
            "SELECT p.id, p.needed FROM (SELECT p.id, p.message, EXISTS (SELECT 1 FROM posts r WHERE r.root_id = p.id \
             AND r.root_id <> '' AND r.create_at >= $1) AS needed FROM channels c JOIN posts p ON p.channel_id = c.id \
             WHERE p.create_at < $1) p WHERE NOT (p.needed AND p.message = $2) LIMIT $3",
            &[before.into(), gone.into(), limit.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|Found(id, needed)| (id, needed)).collect())
}

/// Leaves of messages nothing but their place, and `words` for what they said.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn contents(tx: &mut Tx, ids: &[PostId], words: &str) -> Result<(), StoreError> {
    for id in ids {
        search::remove(tx, id).await?;
    }
    let list = json_list(ids);
    // The last statement is the one about the messages themselves.
    for sql in OF_POSTS.iter().take(OF_POSTS.len() - 1) {
        tx.execute(*sql, &[(&list).into()]).await?;
    }
    tx.execute(
        Sql::per(
            "UPDATE posts SET message = $2, props = '{}', hashtags = '', kind = '', is_pinned = FALSE, \
             has_reactions = FALSE WHERE id IN (SELECT value FROM json_each($1))",
            "UPDATE posts SET message = $2, props = '{}', hashtags = '', kind = '', is_pinned = FALSE, \
             has_reactions = FALSE WHERE id IN (SELECT json_array_elements_text($1::json))",
        ),
        &[(&list).into(), words.into()],
    )
    .await
    .map(|_| ())
}

/// Removes messages. The bytes of their files are swept later, like all that no row names.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn posts(tx: &mut Tx, ids: &[PostId]) -> Result<(), StoreError> {
    for id in ids {
        search::remove(tx, id).await?;
    }
    let list = json_list(ids);
    tx.execute(FOLLOWERS, &[(&list).into()]).await?;
    for sql in OF_POSTS {
        tx.execute(*sql, &[(&list).into()]).await?;
    }
    Ok(())
}

/// Removes a channel whose messages are gone.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn channel(tx: &mut Tx, id: &ChannelId) -> Result<(), StoreError> {
    for sql in OF_CHANNEL {
        tx.execute(*sql, &[id.into()]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{begin, channel as a_channel, id, member, post, read, scene};
    use crate::testing::both;
    use crate::{Db, channel_members, channels, posts as post_rows};

    /// E-138: nothing of a channel is left in any table that knows channels, and nothing of another one goes with it.
    #[tokio::test]
    async fn a_channel_leaves_nothing_but_its_ended_shares() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (gone, stays, ann) = (scene.channel.id, a_channel(50, scene.team.id), scene.ann.id);
            channels::insert(&mut tx, &stays).await.unwrap();
            channel_members::insert(&mut tx, &member(stays.id, ann)).await.unwrap();
            for (n, channel) in [(101, gone), (102, gone), (103, stays.id)] {
                post_rows::insert_now(&mut tx, &post(n, channel, ann)).await.unwrap();
                search::put(&mut tx, &id(n), &["word".to_owned()]).await.unwrap();
                channels::count_post(&mut tx, &channel, true, crate::samples::NOW).unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            let mut found = some_posts(&mut tx, &gone, 1_000).await.unwrap();
            found.sort();
            assert!(found.contains(&id(101)) && found.contains(&id(102)) && !found.contains(&id(103)), "{found:?}");
            assert_eq!(some_posts(&mut tx, &gone, 1).await.unwrap().len(), 1);
            posts(&mut tx, &found).await.unwrap();
            channel(&mut tx, &gone).await.unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            for table in ["channel_counts", "channel_members", "posts"] {
                let sql: &'static str = match table {
                    "channel_counts" => "SELECT COUNT(*) FROM channel_counts WHERE channel_id = $1",
                    "channel_members" => "SELECT COUNT(*) FROM channel_members WHERE channel_id = $1",
                    _ => "SELECT COUNT(*) FROM posts WHERE channel_id = $1",
                };
                assert_eq!(view.fetch_one::<i64>(sql, &[(&gone).into()]).await.unwrap(), 0, "{table}");
                assert!(view.fetch_one::<i64>(sql, &[(&stays.id).into()]).await.unwrap() > 0, "{table}");
            }
            assert_eq!(channels::get(&mut view, &gone).await.unwrap(), None);
            let indexed: Vec<Id<PostId>> =
                view.fetch_all("SELECT post_id FROM post_search ORDER BY post_id", &[]).await.unwrap();
            assert_eq!(indexed.into_iter().map(|one| one.0).collect::<Vec<PostId>>(), [id(103)]);
        })
        .await;
    }
}
