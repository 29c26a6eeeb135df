//! The words of posts and where they stand. Words come ready made, so that both databases find the same: SQLite keeps
//! them with FTS5, PostgreSQL as a `tsvector`.

use rialto_model::{ChannelId, Millis, PostId, UserId};

use crate::{Id, Snapshot, Sql, StoreError, Tx, json_list};

/// Words that stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// In order; none is empty.
    pub words: Vec<String>,
    /// The last one may be the beginning of a word.
    pub open: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// What has to be there.
    pub with: Vec<Phrase>,
    /// One of them is enough.
    pub any: bool,
    /// What may not be there.
    pub without: Vec<Phrase>,
    /// In one of these channels.
    pub channels: Vec<ChannelId>,
    /// By one of these people; by anybody if empty.
    pub authors: Vec<UserId>,
    /// By none of these.
    pub not_authors: Vec<UserId>,
    /// Not before this.
    pub from: Option<Millis>,
    /// Before this.
    pub until: Option<Millis>,
    /// Not between these.
    pub outside: Option<(Millis, Millis)>,
}

/// Puts the words of a post in the index in place of those that are there.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn put(tx: &mut Tx, post: &PostId, words: &[String]) -> Result<(), StoreError> {
    if tx.is_postgres() {
        let places: Vec<String> =
            words.iter().enumerate().map(|(place, word)| format!("{}:{}", quoted(word), place + 1)).collect();
        let put = "INSERT INTO post_search (post_id, words) VALUES ($1, ($2::text)::tsvector) \
                   ON CONFLICT (post_id) DO UPDATE SET words = excluded.words";
        return tx.execute(put, &[post.into(), (&places.join(" ")).into()]).await.map(|_| ());
    }
    remove(tx, post).await?;
    tx.execute("INSERT INTO post_search (post_id) VALUES ($1)", &[post.into()]).await?;
    let put = "INSERT INTO post_words (rowid, words) VALUES ((SELECT doc FROM post_search WHERE post_id = $1), $2)";
    tx.execute(put, &[post.into(), (&words.join(" ")).into()]).await.map(|_| ())
}

/// Takes a post out of the index.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn remove(tx: &mut Tx, post: &PostId) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        let words = "DELETE FROM post_words WHERE rowid = (SELECT doc FROM post_search WHERE post_id = $1)";
        tx.execute(words, &[post.into()]).await?;
    }
    tx.execute("DELETE FROM post_search WHERE post_id = $1", &[post.into()]).await.map(|_| ())
}

/// Ids of posts behind `after`, in order: for an index that begins with posts that are there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ids_after(view: &mut Snapshot, after: &str, limit: i64) -> Result<Vec<PostId>, StoreError> {
    let ids: Vec<Id<PostId>> = view
        .fetch_all("SELECT id FROM posts WHERE id > $1 ORDER BY id LIMIT $2", &[after.into(), limit.into()])
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// A word as PostgreSQL reads it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}

fn for_sqlite(list: &[Phrase], any: bool) -> String {
    let phrases = list.iter().map(|phrase| {
        let words = phrase.words.join(" ").replace('"', "");
        format!("\"{words}\"{}", if phrase.open { "*" } else { "" })
    });
    phrases.collect::<Vec<_>>().join(if any { " OR " } else { " AND " })
}

fn for_postgres(list: &[Phrase], any: bool) -> String {
    let phrases = list.iter().map(|phrase| {
        let words: Vec<String> = phrase.words.iter().map(|word| quoted(word)).collect();
        format!("({}{})", words.join(" <-> "), if phrase.open { ":*" } else { "" })
    });
    phrases.collect::<Vec<_>>().join(if any { " | " } else { " & " })
}

/// The posts that hold what is looked for, newest first; none that are deleted, hidden or the system's.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn find(view: &mut Snapshot, query: &Query, offset: i64, limit: i64) -> Result<Vec<PostId>, StoreError> {
    let words = if view.is_postgres() { for_postgres } else { for_sqlite };
    let (with, without) = (words(&query.with, query.any), words(&query.without, true));
    // With words the index says which posts to look at; without, the channels do.
    let sql = if with.is_empty() { BY_CHANNEL } else { BY_WORDS };
    let until = query.until.map_or(i64::MAX, |at| at.0);
    let (outside_from, outside_until) = query.outside.map_or((0, 0), |(from, until)| (from.0, until.0));
    let ids: Vec<Id<PostId>> = view
        .fetch_all_apart(
            sql,
            &[
                (&with).into(),
                (&without).into(),
                (&json_list(&query.channels)).into(),
                (&json_list(&query.authors)).into(),
                (&json_list(&query.not_authors)).into(),
                query.from.into(),
                until.into(),
                outside_from.into(),
                outside_until.into(),
                limit.into(),
                offset.into(),
            ],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// What follows the choice by words, alike on both databases but for how a list is read.
macro_rules! and_the_rest {
    ($words:literal, $channels:literal, $authors:literal, $not_authors:literal) => {
        concat!(
            "SELECT p.id FROM posts p WHERE ",
            $words,
            " AND p.channel_id IN (SELECT ",
            $channels,
            ") AND ($4 = '[]' OR p.user_id IN (SELECT ",
            $authors,
            ")) AND p.user_id NOT IN (SELECT ",
            $not_authors,
            ") AND p.create_at >= $6 AND p.create_at < $7 AND NOT (p.create_at >= $8 AND p.create_at < $9) \
             AND p.delete_at = 0 AND p.hidden_at = 0 AND p.kind NOT LIKE 'system!_%' ESCAPE '!' \
             ORDER BY p.create_at DESC, p.id DESC LIMIT $10 OFFSET $11"
        )
    };
}

macro_rules! on_sqlite {
    ($words:literal) => {
        and_the_rest!($words, "value FROM json_each($3)", "value FROM json_each($4)", "value FROM json_each($5)")
    };
}

macro_rules! on_postgres {
    ($words:literal) => {
        and_the_rest!(
            $words,
            "json_array_elements_text($3::json)",
            "json_array_elements_text(($4::text)::json)",
            "json_array_elements_text($5::json)"
        )
    };
}

const BY_WORDS: Sql = Sql::per(
    on_sqlite!(
        "p.id IN (SELECT s.post_id FROM post_search s WHERE s.doc IN \
         (SELECT rowid FROM post_words WHERE post_words MATCH $1)) AND ($2 = '' OR p.id NOT IN \
         (SELECT s.post_id FROM post_search s WHERE s.doc IN (SELECT rowid FROM post_words WHERE post_words MATCH $2)))"
    ),
    on_postgres!(
        "p.id IN (SELECT s.post_id FROM post_search s WHERE s.words @@ ($1::text)::tsquery \
         AND ($2::text = '' OR NOT s.words @@ ($2::text)::tsquery))"
    ),
);

const BY_CHANNEL: Sql = Sql::per(
    on_sqlite!(
        "$1 = '' AND ($2 = '' OR p.id NOT IN (SELECT s.post_id FROM post_search s WHERE s.doc IN \
         (SELECT rowid FROM post_words WHERE post_words MATCH $2)))"
    ),
    on_postgres!(
        "$1::text = '' AND ($2::text = '' OR NOT EXISTS (SELECT 1 FROM post_search s WHERE s.post_id = p.id \
         AND s.words @@ ($2::text)::tsquery))"
    ),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{NOW, begin, id, post, scene};
    use crate::testing::both;
    use crate::{Db, posts};
    use rialto_model::Post;

    fn phrase(text: &str) -> Phrase {
        let open = text.ends_with('*');
        Phrase { words: text.trim_end_matches('*').split(' ').map(str::to_owned).collect(), open }
    }

    /// SC-015: both databases find the same by words, phrases, beginnings, exclusion, place, author and time.
    #[tokio::test]
    async fn posts_are_found_by_their_words() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let channel = scene.channel.id;
            let texts = ["red apple pie", "green apple tart", "東 京 都", "it''s \\ odd", "pie of apple", "gone apple"];
            for (n, text) in (1..).zip(texts) {
                let at = Millis(NOW.0 + i64::from(n));
                let author = id(if n == 2 { 2 } else { 1 });
                let delete_at = (n == 6).then_some(NOW);
                let row = Post { create_at: at, delete_at, ..post(u128::from(n as u32), channel, author) };
                posts::insert_now(&mut tx, &row).await.unwrap();
                let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
                put(&mut tx, &row.id, &words).await.unwrap();
                put(&mut tx, &row.id, &words).await.unwrap();
            }
            tx.commit().await.unwrap();
            let base = Query { channels: vec![channel], ..Query::default() };
            let with = |list: &[&str]| Query { with: list.iter().map(|text| phrase(text)).collect(), ..base.clone() };
            let but = |query: Query, text: &str| Query { without: vec![phrase(text)], ..query };
            let at = |n: i64| Some(Millis(NOW.0 + n));
            let cases: Vec<(Query, &[u128])> = vec![
                (with(&["apple"]), &[5, 2, 1]),
                (with(&["apple pie"]), &[1]),
                (with(&["apple", "pie"]), &[5, 1]),
                (Query { any: true, ..with(&["tart", "red"]) }, &[2, 1]),
                (with(&["app*"]), &[5, 2, 1]),
                (with(&["app"]), &[]),
                (with(&["京 都"]), &[3]),
                (with(&["京"]), &[3]),
                (but(with(&["apple"]), "pie"), &[2]),
                (but(base.clone(), "apple"), &[4, 3]),
                (Query { authors: vec![id(2)], ..with(&["apple"]) }, &[2]),
                (Query { not_authors: vec![id(2)], ..with(&["apple"]) }, &[5, 1]),
                (Query { from: at(2), until: at(5), ..with(&["apple"]) }, &[2]),
                (Query { outside: at(2).zip(at(3)), ..with(&["apple"]) }, &[5, 1]),
                (Query { channels: vec![id(9)], ..with(&["apple"]) }, &[]),
                (Query { channels: vec![], ..with(&["apple"]) }, &[]),
            ];
            for (query, expected) in cases {
                let expected: Vec<PostId> = expected.iter().map(|n| id(*n)).collect();
                let mut view = db.read(NOW).await.unwrap();
                assert_eq!(find(&mut view, &query, 0, 60).await.unwrap(), expected, "{query:?}");
                let second: Vec<PostId> = expected.iter().skip(1).take(1).copied().collect();
                assert_eq!(find(&mut view, &query, 1, 1).await.unwrap(), second, "{query:?}");
            }
            let mut tx = begin(&db).await;
            remove(&mut tx, &id(1)).await.unwrap();
            put(&mut tx, &id(2), &["cake".to_owned()]).await.unwrap();
            tx.commit().await.unwrap();
            let mut view = db.read(NOW).await.unwrap();
            assert_eq!(find(&mut view, &with(&["apple"]), 0, 60).await.unwrap(), [id(5)]);
            assert_eq!(find(&mut view, &with(&["cake"]), 0, 60).await.unwrap(), [id(2)]);
            assert_eq!(ids_after(&mut view, "", 2).await.unwrap().len(), 2);
        })
        .await;
    }
}
