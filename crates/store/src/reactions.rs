//! Reactions. Aliases of one emoji are one reaction; what was given is kept beside (ruling 75).

use rialto_model::names::canonical_emoji;
use rialto_model::{Millis, PostId, Reaction, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "user_id, post_id, channel_id, emoji_name, create_at, update_at, delete_at, remote_id"
    };
}

impl FromRow for Reaction {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Reaction {
            user_id: row.id()?,
            post_id: row.id()?,
            channel_id: row.id()?,
            emoji_name: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            remote_id: row.opt_id()?,
        })
    }
}

/// A reaction with the owner's version of it.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// The reaction.
    pub reaction: Reaction,
    /// The owner's `update_at` as received; 0 for local ones.
    pub remote_update_at: Millis,
}

impl FromRow for Versioned {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { reaction: Reaction::from_row(row)?, remote_update_at: row.millis()? })
    }
}

/// One person's reaction, taken back or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(
    view: &mut Snapshot,
    post: &PostId,
    user: &UserId,
    emoji: &str,
) -> Result<Option<Versioned>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            ", remote_update_at FROM reactions WHERE post_id = $1 AND user_id = $2 AND emoji = $3"
        ),
        &[post.into(), user.into(), canonical_emoji(emoji).into()],
    )
    .await
}

/// Live reactions on these posts, in the order they were made.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, posts: &[PostId]) -> Result<Vec<Reaction>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT ",
            columns!(),
            " FROM reactions WHERE delete_at = 0 AND post_id IN (SELECT value FROM json_each($1)) ORDER BY create_at, user_id, emoji"
        ),
        concat!(
            "SELECT ",
            columns!(),
            " FROM reactions WHERE delete_at = 0 AND post_id IN (SELECT json_array_elements_text($1::json)) \
             ORDER BY create_at, user_id, emoji"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(posts)).into()]).await
}

/// How many different emoji a post carries, `except` not counted.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_other_emoji(view: &mut Snapshot, post: &PostId, except: &str) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COUNT(DISTINCT emoji) FROM reactions WHERE post_id = $1 AND delete_at = 0 AND emoji <> $2",
        &[post.into(), canonical_emoji(except).into()],
    )
    .await
}

/// Writes a reaction, new or changed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, reaction: &Reaction, remote_update_at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO reactions (post_id, user_id, emoji, emoji_name, channel_id, create_at, update_at, delete_at, remote_id, \
         remote_update_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (post_id, user_id, emoji) DO UPDATE SET emoji_name = excluded.emoji_name, create_at = excluded.create_at, \
         update_at = excluded.update_at, delete_at = excluded.delete_at, remote_update_at = excluded.remote_update_at",
        &[
            (&reaction.post_id).into(),
            (&reaction.user_id).into(),
            canonical_emoji(&reaction.emoji_name).into(),
            (&reaction.emoji_name).into(),
            (&reaction.channel_id).into(),
            reaction.create_at.into(),
            reaction.update_at.into(),
            reaction.delete_at.into(),
            Arg::opt(&reaction.remote_id),
            remote_update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, post, reaction};
    use crate::testing::both;

    #[tokio::test]
    async fn aliases_are_one_reaction_under_the_name_given_last() {
        both(async |db: Db| {
            let on = post(1, id(1), id(1));
            let first = Reaction { remote_id: Some(id(7)), ..reaction(&on, id(1), "+1") };
            let again = Reaction { create_at: Millis(11), update_at: Millis(12), delete_at: Some(Millis(13)), ..first };
            let again = Reaction { emoji_name: "thumbsup".to_owned(), ..again };
            let mut tx = begin(&db).await;
            put(&mut tx, &reaction(&on, id(1), "+1"), Millis(3)).await.unwrap();
            // The owner is not for a later write to change (INV-2).
            put(&mut tx, &again, Millis(4)).await.unwrap();
            for name in ["+1", "thumbsup"] {
                let found = get(&mut tx, &on.id, &id(1), name).await.unwrap().unwrap();
                assert_eq!(found.reaction, Reaction { remote_id: None, ..again.clone() });
                assert_eq!(found.remote_update_at, Millis(4));
            }
            assert!(get(&mut tx, &on.id, &id(1), "-1").await.unwrap().is_none());
            assert!(get(&mut tx, &on.id, &id(2), "+1").await.unwrap().is_none());
        })
        .await;
    }

    #[tokio::test]
    async fn lists_and_counts_are_of_live_reactions() {
        both(async |db: Db| {
            let (one, two) = (post(1, id(1), id(1)), post(2, id(1), id(1)));
            let at = |ms, reaction: Reaction| Reaction { create_at: Millis(ms), ..reaction };
            let gone = Reaction { delete_at: Some(Millis(9)), ..reaction(&one, id(3), "wave") };
            let mut tx = begin(&db).await;
            let list_of = [
                at(3, reaction(&one, id(1), "wave")),
                at(1, reaction(&two, id(1), "rocket")),
                at(2, reaction(&one, id(2), "thumbsup")),
                at(4, reaction(&one, id(1), "+1")),
            ];
            for reaction in list_of.iter().chain([&gone, &reaction(&post(3, id(1), id(1)), id(1), "wave")]) {
                put(&mut tx, reaction, Millis(0)).await.unwrap();
            }
            let found = list(&mut tx, &[one.id, two.id]).await.unwrap();
            assert_eq!(found, [&list_of[1], &list_of[2], &list_of[0], &list_of[3]].map(Clone::clone));
            assert_eq!(list(&mut tx, &[]).await.unwrap(), []);
            assert_eq!(count_other_emoji(&mut tx, &one.id, "rocket").await.unwrap(), 2);
            assert_eq!(count_other_emoji(&mut tx, &one.id, "+1").await.unwrap(), 1);
            assert_eq!(count_other_emoji(&mut tx, &id(9), "+1").await.unwrap(), 0);
        })
        .await;
    }
}
