//! Bookmarks of channels.

use rialto_model::bookmark::{Bookmark, BookmarkKind};
use rialto_model::{ChannelId, FileId, ItemId, Millis};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "b.id, b.channel_id, b.owner_id, b.create_at, b.update_at, b.delete_at, b.kind, b.file_id, b.display_name, \
         b.sort_order, b.link_url, b.image_url, b.emoji"
    };
}

impl FromRow for Bookmark {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Bookmark {
            id: row.id()?,
            channel_id: row.id()?,
            owner_id: row.id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
            kind: BookmarkKind::from_word(&row.text()?)
                .ok_or_else(|| StoreError::Corrupt("a bookmark of no known kind".to_owned()))?,
            file_id: row.opt_id()?,
            display_name: row.text()?,
            sort_order: row.int()?,
            link_url: row.text()?,
            image_url: row.text()?,
            emoji: row.text()?,
        })
    }
}

/// The bookmark with `id`, removed or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<Bookmark>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM bookmarks b WHERE b.id = $1"), &[id.into()]).await
}

/// The live bookmark that leads to a file.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_file(view: &mut Snapshot, file: &FileId) -> Result<Option<Bookmark>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM bookmarks b WHERE b.file_id = $1 AND b.file_id <> '' AND b.delete_at = 0 LIMIT 1"
        ),
        &[file.into()],
    )
    .await
}

/// Bookmarks of a channel in their order: the live ones, or, with a time, those that changed after it, removed ones among
/// them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    channel: &ChannelId,
    since: Option<Millis>,
) -> Result<Vec<Bookmark>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM bookmarks b WHERE b.channel_id = $1 AND b.update_at > $2 AND ($2 > 0 OR b.delete_at = 0) \
             ORDER BY b.sort_order, b.create_at, b.id"
        ),
        &[channel.into(), since.into()],
    )
    .await
}

/// Writes a bookmark, new or changed; where it is and who made it never changes.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, bookmark: &Bookmark) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bookmarks (id, channel_id, owner_id, create_at, update_at, delete_at, kind, file_id, display_name, \
         sort_order, link_url, image_url, emoji) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (id) DO UPDATE SET update_at = excluded.update_at, delete_at = excluded.delete_at, \
         kind = excluded.kind, file_id = excluded.file_id, display_name = excluded.display_name, \
         sort_order = excluded.sort_order, link_url = excluded.link_url, image_url = excluded.image_url, \
         emoji = excluded.emoji",
        &[
            (&bookmark.id).into(),
            (&bookmark.channel_id).into(),
            (&bookmark.owner_id).into(),
            bookmark.create_at.into(),
            bookmark.update_at.into(),
            bookmark.delete_at.into(),
            bookmark.kind.as_str().into(),
            Arg::opt(&bookmark.file_id),
            (&bookmark.display_name).into(),
            bookmark.sort_order.into(),
            (&bookmark.link_url).into(),
            (&bookmark.image_url).into(),
            (&bookmark.emoji).into(),
        ],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id, read};
    use crate::testing::both;

    fn bookmark(n: u128, channel: u128, sort_order: i64) -> Bookmark {
        Bookmark {
            id: id(n),
            channel_id: id(channel),
            owner_id: id(1),
            create_at: Millis(5),
            update_at: Millis(10),
            delete_at: None,
            kind: BookmarkKind::Link,
            file_id: None,
            display_name: "Plan".to_owned(),
            sort_order,
            link_url: "https://plan.example".to_owned(),
            image_url: "https://plan.example/x.png".to_owned(),
            emoji: "anchor".to_owned(),
        }
    }

    #[tokio::test]
    async fn bookmarks_are_listed_in_order_and_what_changed_with_removed_ones() {
        both(async |db: Db| {
            let (first, second) = (bookmark(1, 1, 1), bookmark(2, 1, 0));
            let late = Millis(NOW.0 + 30);
            let gone = Bookmark { update_at: late, delete_at: Some(late), ..bookmark(3, 1, 2) };
            let file = Bookmark { kind: BookmarkKind::File, file_id: Some(id(7)), ..bookmark(4, 2, 0) };
            let mut tx = begin(&db).await;
            for one in [&first, &second, &gone, &file] {
                put(&mut tx, one).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            assert_eq!(list(&mut tx, &id(1), None).await.unwrap(), [second, first.clone()]);
            assert_eq!(list(&mut tx, &id(1), Some(NOW)).await.unwrap(), std::slice::from_ref(&gone));
            assert_eq!(get(&mut tx, &id(3)).await.unwrap(), Some(gone));
            assert_eq!(of_file(&mut tx, &id(7)).await.unwrap(), Some(file.clone()));
            let removed = Bookmark { delete_at: Some(Millis(40)), ..file };
            put(&mut tx, &removed).await.unwrap();
            assert_eq!(of_file(&mut tx, &id(7)).await.unwrap(), None);
            let changed = Bookmark {
                update_at: Millis(50),
                kind: BookmarkKind::File,
                file_id: Some(id(8)),
                display_name: "Other".to_owned(),
                sort_order: 9,
                link_url: String::new(),
                image_url: String::new(),
                emoji: String::new(),
                ..first
            };
            put(&mut tx, &Bookmark { owner_id: id(2), create_at: Millis(6), ..changed.clone() }).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(get(&mut read(&db).await, &id(1)).await.unwrap(), Some(changed));
        })
        .await;
    }
}
