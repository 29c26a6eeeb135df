//! Posts.

use rialto_model::{ChannelId, Millis, Post, PostId, RemoteId, UserId};

use crate::{Arg, FromRow, Id, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "p.id, p.channel_id, p.user_id, p.root_id, p.create_at, p.update_at, p.edit_at, p.delete_at, p.hidden_at, \
         p.is_pinned, p.kind, p.message, p.props, p.hashtags, p.file_ids, p.remote_id, p.remote_update_at, p.reply_count, \
         p.last_reply_at, p.has_reactions"
    };
}

/// How a new row begins; when the post came here is for the end to say, as parameter 22.
macro_rules! insert_columns {
    () => {
        "INSERT INTO posts (id, channel_id, user_id, root_id, create_at, update_at, edit_at, delete_at, hidden_at, \
         is_pinned, kind, message, props, hashtags, remote_id, remote_update_at, reply_count, last_reply_at, has_reactions, \
         pending_post_id, file_ids, arrive_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
         $17, $18, $19, $20, $21, "
    };
}
pub(crate) use columns as post_columns;
pub(crate) use insert_columns;

impl FromRow for Post {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Post {
            id: row.id()?,
            channel_id: row.id()?,
            user_id: row.id()?,
            root_id: row.opt_id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            edit_at: row.opt_millis()?,
            delete_at: row.opt_millis()?,
            hidden_at: row.opt_millis()?,
            is_pinned: row.bool()?,
            kind: row.text()?,
            message: row.text()?,
            props: row.text()?,
            hashtags: row.text()?,
            file_ids: row.text()?.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect(),
            remote_id: row.opt_id()?,
            remote_update_at: row.millis()?,
            reply_count: row.int()?,
            last_reply_at: row.millis()?,
            has_reactions: row.bool()?,
        })
    }
}

/// The post with `id`, deleted or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &PostId) -> Result<Option<Post>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM posts p WHERE p.id = $1"), &[id.into()]).await
}

/// What a peer's people wrote in a channel, gone or not, by time of writing and id, behind `after`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_owner(
    view: &mut Snapshot,
    channel: &ChannelId,
    owner: &RemoteId,
    after: (Millis, &str),
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND p.remote_id = $2 AND (p.create_at > $3 OR (p.create_at = $3 AND \
             p.id > $4)) ORDER BY p.create_at, p.id LIMIT $5"
        ),
        &[channel.into(), owner.into(), after.0.into(), after.1.into(), limit.into()],
    )
    .await
}

/// What changed in a channel and was not written by a peer's people, by time of change and id, behind `after`: all that
/// peer can be owed of it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owed_to(
    view: &mut Snapshot,
    channel: &ChannelId,
    remote: &RemoteId,
    after: (Millis, &str),
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND p.remote_id <> $2 AND (p.update_at > $3 OR (p.update_at = $3 AND \
             p.id > $4)) ORDER BY p.update_at, p.id LIMIT $5"
        ),
        &[channel.into(), remote.into(), after.0.into(), after.1.into(), limit.into()],
    )
    .await
}

/// The posts with these ids, in no order, unknown ones missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_by_ids(view: &mut Snapshot, ids: &[PostId]) -> Result<Vec<Post>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM posts p WHERE p.id IN (SELECT value FROM json_each($1))"),
        concat!("SELECT ", columns!(), " FROM posts p WHERE p.id IN (SELECT json_array_elements_text($1::json))"),
    );
    view.fetch_all(LIST, &[(&json_list(ids)).into()]).await
}

/// What a client sent before under the same `pending_post_id`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_pending(view: &mut Snapshot, user: &UserId, pending: &str) -> Result<Option<Post>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.user_id = $1 AND p.pending_post_id = $2 AND p.pending_post_id <> ''"
        ),
        &[user.into(), pending.into()],
    )
    .await
}

/// What clients called these posts before they had an id; posts made without such a name are missing.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn pending_ids(view: &mut Snapshot, ids: &[PostId]) -> Result<Vec<(PostId, String)>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT id, pending_post_id FROM posts WHERE pending_post_id <> '' AND id IN (SELECT value FROM json_each($1))",
        "SELECT id, pending_post_id FROM posts WHERE pending_post_id <> '' \
         AND id IN (SELECT json_array_elements_text($1::json))",
    );
    let rows: Vec<(Id<PostId>, String)> = view.fetch_all(LIST, &[(&json_list(ids)).into()]).await?;
    Ok(rows.into_iter().map(|(id, pending)| (id.0, pending)).collect())
}

/// What comes while a channel is shared has come after the share began, and what comes after one has ended has come after
/// its end, even if the clock was set back meanwhile: the times decide what a peer may hear of (`peer_posts`).
const INSERT: &str = concat!(
    insert_columns!(),
    "(SELECT CASE WHEN $22 > f.at THEN $22 ELSE f.at END FROM \
     (SELECT COALESCE(MAX(CASE WHEN live THEN create_at ELSE update_at + 1 END), 0) AS at FROM shares WHERE channel_id = $2) \
     f))"
);

/// The column's form of a post's files.
pub(crate) fn file_text(post: &Post) -> String {
    let ids: Vec<&str> = post.file_ids.iter().map(|id| id.as_str()).collect();
    ids.join(" ")
}

pub(crate) fn columns<'a>(post: &'a Post, pending: &'a str, files: &'a str, arrive_at: Millis) -> [Arg<'a>; 22] {
    [
        (&post.id).into(),
        (&post.channel_id).into(),
        (&post.user_id).into(),
        Arg::opt(&post.root_id),
        post.create_at.into(),
        post.update_at.into(),
        post.edit_at.into(),
        post.delete_at.into(),
        post.hidden_at.into(),
        post.is_pinned.into(),
        (&post.kind).into(),
        (&post.message).into(),
        (&post.props).into(),
        (&post.hashtags).into(),
        Arg::opt(&post.remote_id),
        post.remote_update_at.into(),
        post.reply_count.into(),
        post.last_reply_at.into(),
        post.has_reactions.into(),
        pending.into(),
        files.into(),
        arrive_at.into(),
    ]
}

/// Adds a post. Queued, so that it leaves with COMMIT; a later statement of the transaction does not see it.
///
/// # Errors
/// [`StoreError::Unique`] on `pending` (`posts_pending`) if the client sent it before, here or at commit.
pub fn insert(tx: &mut Tx, post: &Post, pending: &str) -> Result<(), StoreError> {
    let now = tx.now();
    tx.queue(INSERT, &columns(post, pending, &file_text(post), now))
}

/// Writes text, props, files, pin, deletion and versions; never author, channel, thread or owner (INV-2).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, post: &Post) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE posts SET update_at = $2, edit_at = $3, delete_at = $4, hidden_at = $5, is_pinned = $6, message = $7, \
         props = $8, hashtags = $9, remote_update_at = $10, kind = $11, file_ids = $12 WHERE id = $1",
        &[
            (&post.id).into(),
            post.update_at.into(),
            post.edit_at.into(),
            post.delete_at.into(),
            post.hidden_at.into(),
            post.is_pinned.into(),
            (&post.message).into(),
            (&post.props).into(),
            (&post.hashtags).into(),
            post.remote_update_at.into(),
            (&post.kind).into(),
            (&file_text(post)).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Whether the owner's server has a post pinned, whatever was done here.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owner_pinned(view: &mut Snapshot, id: &PostId) -> Result<bool, StoreError> {
    let pinned: Option<bool> =
        view.fetch_optional("SELECT owner_pinned FROM posts WHERE id = $1", &[id.into()]).await?;
    Ok(pinned.unwrap_or_default())
}

/// Notes whether the owner's server has a post pinned.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_owner_pinned(tx: &mut Tx, id: &PostId, pinned: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE posts SET owner_pinned = $2 WHERE id = $1 AND owner_pinned <> $2", &[id.into(), pinned.into()])
        .await
        .map(|_| ())
}

/// Marks a post as history: it counts for nothing (behaviour 8.1).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_history(tx: &mut Tx, id: &PostId) -> Result<(), StoreError> {
    tx.execute("UPDATE posts SET history = TRUE WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// Gives a root that stood in for one its owner had not sent yet the author and time it really has. Version 0 marks such
/// a row; every other one keeps its author for good (INV-2).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn settle_stub(tx: &mut Tx, id: &PostId, author: &UserId, create_at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE posts SET user_id = $2, create_at = $3 WHERE id = $1 AND remote_id <> '' AND remote_update_at = 0",
        &[id.into(), author.into(), create_at.into()],
    )
    .await
    .map(|_| ())
}

/// Makes a stub our own: what it stood in for turned out to be ours (E-028). Nothing else changes its owner (INV-2).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn claim_stub(tx: &mut Tx, id: &PostId, author: &UserId, create_at: Millis) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE posts SET user_id = $2, create_at = $3, remote_id = '' WHERE id = $1 AND remote_id <> '' \
             AND remote_update_at = 0 AND root_id = ''",
            &[id.into(), author.into(), create_at.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Locks the row of a post for the rest of the transaction; changes of one post then follow each other on PostgreSQL
/// as they do on SQLite.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, id: &PostId) -> Result<Option<Post>, StoreError> {
    const LOCK: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM posts p WHERE p.id = $1"),
        concat!("SELECT ", columns!(), " FROM posts p WHERE p.id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(LOCK, &[id.into()]).await
}

/// Counts a reply on its root and gives the root a new version, so that clients fetching "since" see the count.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn count_reply(tx: &mut Tx, root: &PostId, by: i64, at: Millis, now: Millis) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE posts SET reply_count = CASE WHEN reply_count + $2 < 0 THEN 0 ELSE reply_count + $2 END, \
         last_reply_at = CASE WHEN $3 > last_reply_at THEN $3 ELSE last_reply_at END, \
         update_at = CASE WHEN update_at >= $4 THEN update_at + 1 ELSE $4 END WHERE id = $1",
        &[root.into(), by.into(), at.into(), now.into()],
    )
}

/// Notes whether anybody reacts, and gives the post a new version. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn touch_reactions(tx: &mut Tx, id: &PostId, now: Millis) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE posts SET has_reactions = EXISTS (SELECT 1 FROM reactions r WHERE r.post_id = $1 AND r.delete_at = 0), \
         update_at = CASE WHEN update_at >= $2 THEN update_at + 1 ELSE $2 END WHERE id = $1",
        &[id.into(), now.into()],
    )
}

/// Which posts of a channel are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listed {
    /// Those that are gone too.
    pub deleted: bool,
    /// Only those that begin threads.
    pub roots: bool,
}

/// With replies; with what is gone if true.
impl From<bool> for Listed {
    fn from(deleted: bool) -> Self {
        Self { deleted, roots: false }
    }
}

/// The page of a channel with the newest posts first; deleted ones are left out before the page is cut (ruling 69).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn page(
    view: &mut Snapshot,
    channel: &ChannelId,
    listed: impl Into<Listed>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    let Listed { deleted, roots } = listed.into();
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND ($2 OR (p.delete_at = 0 AND p.hidden_at = 0)) \
             AND (NOT $5 OR p.root_id = '') ORDER BY p.create_at DESC, p.id DESC LIMIT $4 OFFSET $3"
        ),
        &[channel.into(), deleted.into(), offset.into(), limit.into(), roots.into()],
    )
    .await
}

/// Posts older than the pivot, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn before(
    view: &mut Snapshot,
    channel: &ChannelId,
    pivot: (Millis, &PostId),
    listed: impl Into<Listed>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    let Listed { deleted, roots } = listed.into();
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND (p.create_at < $2 OR (p.create_at = $2 AND p.id < $3)) \
             AND ($4 OR (p.delete_at = 0 AND p.hidden_at = 0)) AND (NOT $7 OR p.root_id = '') \
             ORDER BY p.create_at DESC, p.id DESC LIMIT $6 OFFSET $5"
        ),
        &[channel.into(), pivot.0.into(), pivot.1.into(), deleted.into(), offset.into(), limit.into(), roots.into()],
    )
    .await
}

/// Posts newer than the pivot, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn after(
    view: &mut Snapshot,
    channel: &ChannelId,
    pivot: (Millis, &PostId),
    listed: impl Into<Listed>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    let Listed { deleted, roots } = listed.into();
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND (p.create_at > $2 OR (p.create_at = $2 AND p.id > $3)) \
             AND ($4 OR (p.delete_at = 0 AND p.hidden_at = 0)) AND (NOT $7 OR p.root_id = '') \
             ORDER BY p.create_at, p.id LIMIT $6 OFFSET $5"
        ),
        &[channel.into(), pivot.0.into(), pivot.1.into(), deleted.into(), offset.into(), limit.into(), roots.into()],
    )
    .await
}

/// Everything of a channel changed after `since`, deleted posts included, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn changed_since(
    view: &mut Snapshot,
    channel: &ChannelId,
    since: Millis,
    roots: bool,
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND p.update_at > $2 AND (NOT $4 OR p.root_id = '') \
             ORDER BY p.create_at DESC, p.id DESC LIMIT $3"
        ),
        &[channel.into(), since.into(), limit.into(), roots.into()],
    )
    .await
}

/// The oldest message a person has not seen, by creation after `viewed`; history is nobody's news.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn first_after(
    view: &mut Snapshot,
    channel: &ChannelId,
    viewed: Millis,
    roots: bool,
) -> Result<Option<Post>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND p.create_at > $2 AND p.delete_at = 0 AND p.hidden_at = 0 \
             AND NOT p.history AND (NOT $3 OR p.root_id = '') ORDER BY p.create_at, p.id LIMIT 1"
        ),
        &[channel.into(), viewed.into(), roots.into()],
    )
    .await
}

/// Replies of a thread after `(at, id)`, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn replies(
    view: &mut Snapshot,
    root: &PostId,
    after: (Millis, &str),
    limit: i64,
) -> Result<Vec<Post>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.root_id = $1 AND p.root_id <> '' AND (p.create_at > $2 OR (p.create_at = $2 AND p.id > $3)) \
             ORDER BY p.create_at, p.id LIMIT $4"
        ),
        &[root.into(), after.0.into(), after.1.into(), limit.into()],
    )
    .await
}

/// Live pinned posts of a channel, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn pinned(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Post>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM posts p WHERE p.channel_id = $1 AND p.is_pinned AND p.delete_at = 0 AND p.hidden_at = 0 \
             ORDER BY p.create_at DESC, p.id DESC"
        ),
        &[channel.into()],
    )
    .await
}

/// Number of live pinned posts.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_pinned(view: &mut Snapshot, channel: &ChannelId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM posts WHERE channel_id = $1 AND is_pinned AND delete_at = 0 AND hidden_at = 0",
        &[channel.into()],
    )
    .await
}

/// Authors of the replies in a thread, without repetition.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn repliers(view: &mut Snapshot, root: &PostId) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Id<UserId>> = view
        .fetch_all(
            "SELECT DISTINCT user_id FROM posts WHERE root_id = $1 AND root_id <> '' AND delete_at = 0 AND hidden_at = 0 ORDER BY user_id",
            &[root.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Messages of a channel from `at` on that count, and how many of them are roots.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_from(view: &mut Snapshot, channel: &ChannelId, at: Millis) -> Result<(i64, i64), StoreError> {
    view.fetch_one(
        "SELECT COUNT(*), COUNT(CASE WHEN root_id = '' THEN 1 END) FROM posts WHERE channel_id = $1 AND create_at >= $2 \
         AND kind NOT LIKE 'system_%' AND delete_at = 0 AND hidden_at = 0 AND NOT history",
        &[channel.into(), at.into()],
    )
    .await
}

/// Adds a post at once, for transactions that go on to read it.
///
/// # Errors
/// [`StoreError::Unique`] if a post of the id exists.
pub async fn insert_now(tx: &mut Tx, post: &Post) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(INSERT, &columns(post, "", &file_text(post), now)).await.map(|_| ())
}

/// Posts of an author in a channel after `since` that say just this; no more than `most` are counted.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_alike(view: &mut Snapshot, like: &Post, since: Millis, most: i64) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(*) FROM (SELECT 1 FROM posts WHERE channel_id = $1 AND create_at > $2 AND user_id = $3 \
         AND message = $4 LIMIT $5) alike",
        &[(&like.channel_id).into(), since.into(), (&like.user_id).into(), (&like.message).into(), most.into()],
    )
    .await
}

#[cfg(test)]
mod tests {
    use rialto_model::{ChannelId, UserId};

    use super::*;
    use crate::testing::both;

    fn post(n: u8, pinned: bool) -> Post {
        Post {
            id: PostId::from_random([n; 16]),
            channel_id: ChannelId::from_random([1; 16]),
            user_id: UserId::from_random([2; 16]),
            root_id: None,
            create_at: Millis(i64::from(n)),
            update_at: Millis(i64::from(n)),
            edit_at: None,
            delete_at: None,
            hidden_at: None,
            is_pinned: pinned,
            kind: String::new(),
            message: "text".to_owned(),
            props: "{}".to_owned(),
            hashtags: String::new(),
            file_ids: Vec::new(),
            remote_id: None,
            remote_update_at: Millis(0),
            reply_count: 0,
            last_reply_at: Millis(0),
            has_reactions: false,
        }
    }

    #[tokio::test]
    async fn what_is_pinned_and_what_clients_called_it_are_found() {
        both(|db| async move {
            let gone = Post { hidden_at: Some(Millis(9)), ..post(5, true) };
            let elsewhere = Post { channel_id: ChannelId::from_random([9; 16]), ..post(6, true) };
            let all = [post(3, true), post(4, true), post(7, false), gone, elsewhere];
            let mut tx = db.begin(Millis(10)).await.unwrap();
            for (post, pending) in all.iter().zip(["a", "", "c", "d", "e"]) {
                insert(&mut tx, post, pending).unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = db.read(Millis(10)).await.unwrap();
            let pinned = pinned(&mut view, &all[0].channel_id).await.unwrap();
            assert_eq!(pinned.iter().map(|post| post.id).collect::<Vec<_>>(), [all[1].id, all[0].id]);
            let mut called = pending_ids(&mut view, &[all[0].id, all[1].id, all[2].id]).await.unwrap();
            called.sort_by(|a, b| a.1.cmp(&b.1));
            assert_eq!(called, [(all[0].id, "a".to_owned()), (all[2].id, "c".to_owned())]);
        })
        .await;
    }
}
