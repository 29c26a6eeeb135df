//! What peers have refused: tried again by itself, and in the end set aside, out of the way of everything else (E-031).

use std::collections::HashSet;

use rialto_model::{ChannelId, Millis, PostId, RemoteId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// Something a peer can refuse.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    /// A message.
    Post(PostId),
    /// A reaction given or taken back.
    Reaction {
        /// To what.
        post: PostId,
        /// Whose.
        user: UserId,
        /// As given.
        emoji: String,
    },
    /// That somebody belongs to the channel, or does not.
    Member(UserId),
    /// How somebody of the channel is described.
    Profile(UserId),
}

impl Item {
    /// `post`, `reaction`, `member` or `profile`.
    pub fn kind(&self) -> &'static str {
        match self {
            Item::Post(_) => "post",
            Item::Reaction { .. } => "reaction",
            Item::Member(_) => "member",
            Item::Profile(_) => "profile",
        }
    }

    /// What names it among those of its kind: ids joined by colons. Of people also the channel is part of it.
    pub fn key(&self, channel: &ChannelId) -> String {
        match self {
            Item::Post(post) => post.to_string(),
            Item::Reaction { post, user, emoji } => format!("{post}:{user}:{emoji}"),
            Item::Member(user) | Item::Profile(user) => format!("{channel}:{user}"),
        }
    }

    fn read(kind: &str, key: &str) -> Option<Self> {
        let user = || UserId::parse(key.split_once(':')?.1).ok();
        match kind {
            "post" => PostId::parse(key).ok().map(Item::Post),
            "reaction" => {
                let mut parts = key.splitn(3, ':');
                let post = PostId::parse(parts.next()?).ok()?;
                let user = UserId::parse(parts.next()?).ok()?;
                Some(Item::Reaction { post, user, emoji: parts.next()?.to_owned() })
            }
            "member" => user().map(Item::Member),
            "profile" => user().map(Item::Profile),
            _ => None,
        }
    }
}

/// An item a peer has refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// By whom.
    pub remote_id: RemoteId,
    /// What.
    pub item: Item,
    /// Where it belongs.
    pub channel_id: ChannelId,
    /// How often it was sent.
    pub attempts: i64,
    /// When it is sent again.
    pub next_at: Millis,
    /// No more by itself.
    pub set_aside: bool,
    /// Why, in plain words.
    pub cause: String,
    /// Why, in a word of ruling 8.4, if the peer gives one.
    pub code: String,
}

impl FromRow for Failure {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        let remote_id = row.id()?;
        let (kind, key) = (row.text()?, row.text()?);
        let item =
            Item::read(&kind, &key).ok_or_else(|| StoreError::Corrupt(format!("no refused item: {kind} {key}")))?;
        Ok(Self {
            remote_id,
            item,
            channel_id: row.id()?,
            attempts: row.int()?,
            next_at: row.millis()?,
            set_aside: row.bool()?,
            cause: row.text()?,
            code: row.text()?,
        })
    }
}

/// What a peer refused, in order of the next attempt; without what was set aside unless asked for.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, remote: &RemoteId, set_aside: bool) -> Result<Vec<Failure>, StoreError> {
    view.fetch_all(
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE remote_id = $1 AND ($2 OR NOT set_aside) ORDER BY next_at, kind, item_id LIMIT 1000",
        &[remote.into(), set_aside.into()],
    )
    .await
}

/// The refused item whose next attempt comes first, but for those of channels that rest.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(
    view: &mut Snapshot,
    remote: &RemoteId,
    resting: &HashSet<ChannelId>,
) -> Result<Option<Failure>, StoreError> {
    const NEXT: Sql = Sql::per(
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE remote_id = $1 AND NOT set_aside AND channel_id NOT IN (SELECT value FROM json_each($2)) \
         ORDER BY next_at, kind, item_id LIMIT 1",
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE remote_id = $1 AND NOT set_aside AND channel_id NOT IN (SELECT json_array_elements_text($2::json)) \
         ORDER BY next_at, kind, item_id LIMIT 1",
    );
    view.fetch_optional(NEXT, &[remote.into(), (&json_list(resting)).into()]).await
}

/// How many items of a peer were set aside, and how many wait for another attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn counts(view: &mut Snapshot, remote: &RemoteId) -> Result<(i64, i64), StoreError> {
    view.fetch_one(
        "SELECT COALESCE(SUM(CASE WHEN set_aside THEN 1 ELSE 0 END), 0), COUNT(*) - \
         COALESCE(SUM(CASE WHEN set_aside THEN 1 ELSE 0 END), 0) FROM sync_failures WHERE remote_id = $1",
        &[remote.into()],
    )
    .await
}

/// The record of one refused item.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(
    view: &mut Snapshot,
    remote: &RemoteId,
    channel: &ChannelId,
    item: &Item,
) -> Result<Option<Failure>, StoreError> {
    view.fetch_optional(
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE remote_id = $1 AND kind = $2 AND item_id = $3",
        &[remote.into(), item.kind().into(), (&item.key(channel)).into()],
    )
    .await
}

/// Writes a refusal.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, failure: &Failure) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sync_failures (remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (remote_id, kind, item_id) DO UPDATE SET \
         attempts = excluded.attempts, next_at = excluded.next_at, set_aside = excluded.set_aside, cause = excluded.cause, \
         code = excluded.code",
        &[
            (&failure.remote_id).into(),
            failure.item.kind().into(),
            (&failure.item.key(&failure.channel_id)).into(),
            (&failure.channel_id).into(),
            failure.attempts.into(),
            failure.next_at.into(),
            failure.set_aside.into(),
            (&failure.cause).into(),
            (&failure.code).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets refusals: the items got through, or are no more.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, remote: &RemoteId, channel: &ChannelId, items: &[Item]) -> Result<(), StoreError> {
    const DELETE: Sql = Sql::per(
        "DELETE FROM sync_failures WHERE remote_id = $1 AND kind = $2 AND item_id IN (SELECT value FROM json_each($3))",
        "DELETE FROM sync_failures WHERE remote_id = $1 AND kind = $2 \
         AND item_id IN (SELECT json_array_elements_text($3::json))",
    );
    for kind in ["post", "reaction", "member", "profile"] {
        let keys: Vec<String> = items.iter().filter(|item| item.kind() == kind).map(|item| item.key(channel)).collect();
        if !keys.is_empty() {
            tx.execute(DELETE, &[remote.into(), kind.into(), (&json_list(&keys)).into()]).await?;
        }
    }
    Ok(())
}

/// One item that was set aside, or all of a peer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// By [`Item::kind`] and [`Item::key`].
    One {
        /// Kind.
        kind: String,
        /// Key.
        key: String,
    },
}

impl Which {
    fn parts(&self) -> (&str, &str) {
        match self {
            Which::All => ("", ""),
            Which::One { kind, key } => (kind, key),
        }
    }
}

/// The messages among what was refused, set aside or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_posts(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<Failure>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE kind = 'post' AND item_id IN (SELECT value FROM json_each($1)) ORDER BY item_id, remote_id",
        "SELECT remote_id, kind, item_id, channel_id, attempts, next_at, set_aside, cause, code FROM sync_failures \
         WHERE kind = 'post' AND item_id IN (SELECT json_array_elements_text($1::json)) ORDER BY item_id, remote_id",
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into()]).await
}

/// Gives items that were set aside all their attempts again, from now on. Says how many.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn retry(tx: &mut Tx, remote: &RemoteId, which: &Which) -> Result<u64, StoreError> {
    let now = tx.now();
    let (kind, key) = which.parts();
    tx.execute(
        "UPDATE sync_failures SET set_aside = FALSE, attempts = 0, next_at = $4 WHERE remote_id = $1 AND set_aside \
         AND ($2 = '' OR (kind = $2 AND item_id = $3))",
        &[remote.into(), Arg::Text(kind), Arg::Text(key), now.into()],
    )
    .await
}

/// Forgets items that were set aside: the peer never gets them. Says how many.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn discard(tx: &mut Tx, remote: &RemoteId, which: &Which) -> Result<u64, StoreError> {
    let (kind, key) = which.parts();
    tx.execute(
        "DELETE FROM sync_failures WHERE remote_id = $1 AND set_aside AND ($2 = '' OR (kind = $2 AND item_id = $3))",
        &[remote.into(), Arg::Text(kind), Arg::Text(key)],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id};
    use crate::testing::both;

    fn failure(remote: u128, item: Item, next_at: i64, set_aside: bool) -> Failure {
        Failure {
            remote_id: id(remote),
            item,
            channel_id: id(1),
            attempts: 2,
            next_at: Millis(next_at),
            set_aside,
            cause: "too large".to_owned(),
            code: "too_large".to_owned(),
        }
    }

    /// E-031: every kind of item is kept, in order of the next attempt.
    #[tokio::test]
    async fn refusals_are_kept_by_what_they_are_about() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let reaction = Item::Reaction { post: id(1), user: id(2), emoji: "+1".to_owned() };
            let items = [Item::Post(id(1)), reaction.clone(), Item::Member(id(2)), Item::Profile(id(2))];
            let mut all = Vec::new();
            for (n, item) in (1..).zip(&items) {
                let refused = failure(1, item.clone(), n, n == 4);
                put(&mut tx, &refused).await.unwrap();
                assert_eq!(get(&mut tx, &id(1), &id(1), item).await.unwrap(), Some(refused.clone()));
                assert_eq!(get(&mut tx, &id(2), &id(1), item).await.unwrap(), None);
                all.push(refused);
            }
            assert_eq!(next(&mut tx, &id(1), &HashSet::new()).await.unwrap().as_ref(), all.first());
            assert_eq!(next(&mut tx, &id(1), &HashSet::from([id(1)])).await.unwrap(), None, "its channel rests");
            assert_eq!(next(&mut tx, &id(2), &HashSet::new()).await.unwrap(), None);
            assert_eq!(counts(&mut tx, &id(1)).await.unwrap(), (1, 3));
            assert_eq!(counts(&mut tx, &id(2)).await.unwrap(), (0, 0));
            // The same person in another channel is another item.
            assert_eq!(get(&mut tx, &id(1), &id(9), &Item::Member(id(2))).await.unwrap(), None);
            assert_eq!(list(&mut tx, &id(1), true).await.unwrap(), all);
            assert_eq!(list(&mut tx, &id(1), false).await.unwrap(), all[..3]);
            let again = Failure { attempts: 3, next_at: Millis(99), cause: "again".to_owned(), ..all[0].clone() };
            put(&mut tx, &again).await.unwrap();
            assert_eq!(list(&mut tx, &id(1), false).await.unwrap()[2], again);
            assert_eq!(of_posts(&mut tx, &[id(1), id(5)]).await.unwrap(), [again]);
            delete(&mut tx, &id(1), &id(1), &[reaction, Item::Profile(id(7))]).await.unwrap();
            delete(&mut tx, &id(1), &id(1), &[]).await.unwrap();
            assert_eq!(list(&mut tx, &id(1), true).await.unwrap().len(), 3);
        })
        .await;
    }

    /// E-031: only what was set aside is retried or discarded by hand, one by one or all.
    #[tokio::test]
    async fn what_was_set_aside_is_retried_or_discarded() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for (n, aside) in [(1, true), (2, true), (3, true), (4, false)] {
                put(&mut tx, &failure(1, Item::Post(id(n)), 5, aside)).await.unwrap();
            }
            put(&mut tx, &failure(2, Item::Post(id(1)), 5, true)).await.unwrap();
            let one = |n: u128| Which::One { kind: "post".to_owned(), key: id::<PostId>(n).to_string() };
            assert_eq!(retry(&mut tx, &id(1), &one(1)).await.unwrap(), 1);
            let retried = get(&mut tx, &id(1), &id(1), &Item::Post(id(1))).await.unwrap().unwrap();
            assert_eq!((retried.set_aside, retried.attempts, retried.next_at), (false, 0, NOW));
            assert_eq!(retry(&mut tx, &id(1), &one(4)).await.unwrap(), 0);
            assert_eq!(discard(&mut tx, &id(1), &one(4)).await.unwrap(), 0);
            assert_eq!(discard(&mut tx, &id(1), &one(2)).await.unwrap(), 1);
            assert_eq!(retry(&mut tx, &id(1), &Which::All).await.unwrap(), 1);
            assert_eq!(discard(&mut tx, &id(1), &Which::All).await.unwrap(), 0);
            assert_eq!(discard(&mut tx, &id(2), &Which::All).await.unwrap(), 1);
            assert_eq!(list(&mut tx, &id(1), true).await.unwrap().len(), 3);
        })
        .await;
    }
}
