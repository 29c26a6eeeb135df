//! The last word on whether a post is pinned, so that of two servers' words the later one stands everywhere (E-151).

use rialto_model::{Millis, PostId, UserId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// Somebody's word that a post is pinned, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Which post.
    pub post_id: PostId,
    /// Whose word.
    pub user_id: UserId,
    /// Pinned, or not.
    pub pinned: bool,
    /// When, by the clock of their server; it grows with every word here.
    pub at: Millis,
}

impl FromRow for Pin {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { post_id: row.id()?, user_id: row.id()?, pinned: row.bool()?, at: row.millis()? })
    }
}

/// The last word on a post, if anybody ever said one.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, post: &PostId) -> Result<Option<Pin>, StoreError> {
    view.fetch_optional("SELECT post_id, user_id, pinned, at FROM post_pins WHERE post_id = $1", &[post.into()]).await
}

/// Notes a word. Whether it is the last one its caller decides, holding the row of the post.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, pin: &Pin) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO post_pins (post_id, user_id, pinned, at) VALUES ($1, $2, $3, $4) ON CONFLICT (post_id) \
         DO UPDATE SET user_id = excluded.user_id, pinned = excluded.pinned, at = excluded.at",
        &[(&pin.post_id).into(), (&pin.user_id).into(), pin.pinned.into(), pin.at.into()],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    /// E-151: one word a post is kept, the one that was put last.
    #[tokio::test]
    async fn the_last_word_on_a_pin_is_kept() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let pin = Pin { post_id: id(1), user_id: id(2), pinned: true, at: Millis(5) };
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), None);
            put(&mut tx, &pin).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(pin.clone()));
            let other = Pin { user_id: id(3), pinned: false, at: Millis(6), ..pin };
            put(&mut tx, &other).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(other));
            assert_eq!(get(&mut tx, &id(2)).await.unwrap(), None);
        })
        .await;
    }
}
