//! What organisations have said of messages: stored, refused, or kept without being stored (behaviour 8.3).

use rialto_model::{PostId, RemoteId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// What one organisation has said of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Which message.
    pub post_id: PostId,
    /// Over which connection.
    pub remote_id: RemoteId,
    /// Empty: the organisation at its other end. Else a third one, as the home of the channel calls it.
    pub organisation: String,
    /// `stored`, `refused`, `sent`, or `waiting`, which only a home says of third ones.
    pub state: String,
    /// Why, in a word of ruling 8.4.
    pub code: String,
    /// Why, in plain words.
    pub cause: String,
}

impl FromRow for Word {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            post_id: row.id()?,
            remote_id: row.id()?,
            organisation: row.text()?,
            state: row.text()?,
            code: row.text()?,
            cause: row.text()?,
        })
    }
}

/// Everything that was said of these messages.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<Word>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT post_id, remote_id, organisation, state, code, cause FROM post_deliveries \
         WHERE post_id IN (SELECT value FROM json_each($1)) ORDER BY post_id, remote_id, organisation",
        "SELECT post_id, remote_id, organisation, state, code, cause FROM post_deliveries \
         WHERE post_id IN (SELECT json_array_elements_text($1::json)) ORDER BY post_id, remote_id, organisation",
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into()]).await
}

/// Notes that an organisation has stored messages, or keeps them (`sent`).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put_all(tx: &mut Tx, remote: &RemoteId, posts: &[PostId], state: &str) -> Result<(), StoreError> {
    const PUT: Sql = Sql::per(
        "INSERT INTO post_deliveries (post_id, remote_id, organisation, state, code, cause) \
         SELECT value, $1, '', $2, '', '' FROM json_each($3) WHERE TRUE ON CONFLICT (post_id, remote_id, organisation) \
         DO UPDATE SET state = excluded.state, code = '', cause = ''",
        "INSERT INTO post_deliveries (post_id, remote_id, organisation, state, code, cause) \
         SELECT value, $1, '', $2, '', '' FROM json_array_elements_text($3::json) AS list (value) \
         ON CONFLICT (post_id, remote_id, organisation) DO UPDATE SET state = excluded.state, code = '', cause = ''",
    );
    if posts.is_empty() {
        return Ok(());
    }
    tx.execute(PUT, &[remote.into(), Arg::Text(state), (&json_list(posts)).into()]).await.map(|_| ())
}

/// Notes one word; false if it was the last one already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, word: &Word) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "INSERT INTO post_deliveries (post_id, remote_id, organisation, state, code, cause) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (post_id, remote_id, organisation) DO UPDATE SET \
             state = excluded.state, code = excluded.code, cause = excluded.cause WHERE post_deliveries.state <> \
             excluded.state OR post_deliveries.code <> excluded.code OR post_deliveries.cause <> excluded.cause",
            &[
                (&word.post_id).into(),
                (&word.remote_id).into(),
                (&word.organisation).into(),
                (&word.state).into(),
                (&word.code).into(),
                (&word.cause).into(),
            ],
        )
        .await?;
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    /// Behaviour 8.3: one word a message and organisation, the last one.
    #[tokio::test]
    async fn the_last_word_on_a_delivery_is_kept() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let word = |post, organisation: &str, state: &str| Word {
                post_id: id(post),
                remote_id: id(1),
                organisation: organisation.to_owned(),
                state: state.to_owned(),
                code: String::new(),
                cause: String::new(),
            };
            put_all(&mut tx, &id(1), &[], "stored").await.unwrap();
            put_all(&mut tx, &id(1), &[id(1), id(2)], "sent").await.unwrap();
            put_all(&mut tx, &id(1), &[id(1)], "stored").await.unwrap();
            let globex = Word { code: "read_only".to_owned(), ..word(1, "Globex", "refused") };
            assert!(put(&mut tx, &globex).await.unwrap());
            assert!(!put(&mut tx, &globex).await.unwrap());
            let refused = Word { cause: "no".to_owned(), ..word(2, "", "refused") };
            assert!(put(&mut tx, &refused).await.unwrap());
            let listed = list(&mut tx, &[id(1), id(2), id(3)]).await.unwrap();
            assert_eq!(listed, [word(1, "", "stored"), globex, refused]);
            put_all(&mut tx, &id(1), &[id(2)], "stored").await.unwrap();
            assert_eq!(list(&mut tx, &[id(2)]).await.unwrap(), [word(2, "", "stored")]);
        })
        .await;
    }
}
