//! What messages said before they were edited.

use rialto_model::{Millis, Post, PostId, PostVersion};

use crate::drafts::file_text;
use crate::{FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "v.id, v.post_id, v.replaced_at, v.update_at, v.edit_at, v.message, v.props, v.hashtags, v.file_ids"
    };
}

impl FromRow for PostVersion {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(PostVersion {
            id: row.id()?,
            post_id: row.id()?,
            replaced_at: row.millis()?,
            update_at: row.millis()?,
            edit_at: row.opt_millis()?,
            message: row.text()?,
            props: row.text()?,
            hashtags: row.text()?,
            file_ids: row.text()?.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect(),
        })
    }
}

/// Keeps what a post says, which is about to be replaced, under an id of its own. Queued.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub fn keep(tx: &mut Tx, id: &PostId, before: &Post, replaced_at: Millis) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO post_versions (id, post_id, replaced_at, update_at, edit_at, message, props, hashtags, file_ids) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            id.into(),
            (&before.id).into(),
            replaced_at.into(),
            before.update_at.into(),
            before.edit_at.into(),
            (&before.message).into(),
            (&before.props).into(),
            (&before.hashtags).into(),
            (&file_text(&before.file_ids)).into(),
        ],
    )
}

/// What a post said before, the latest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, post: &PostId) -> Result<Vec<PostVersion>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM post_versions v WHERE v.post_id = $1 ORDER BY v.replaced_at DESC, v.id DESC"
        ),
        &[post.into()],
    )
    .await
}

/// One of the things a post said before.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get(view: &mut Snapshot, post: &PostId, version: &PostId) -> Result<Option<PostVersion>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM post_versions v WHERE v.id = $1 AND v.post_id = $2"),
        &[version.into(), post.into()],
    )
    .await
}

/// Forgets all a post said before. Queued.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn delete_of(tx: &mut Tx, post: &PostId) -> Result<(), StoreError> {
    tx.queue("DELETE FROM post_versions WHERE post_id = $1", &[post.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, post, read};
    use crate::testing::both;

    #[tokio::test]
    async fn versions_are_kept_in_order_until_their_post_goes() {
        both(async |db: Db| {
            let first = Post { file_ids: vec![id(7), id(6)], ..post(1, id(1), id(1)) };
            let second = Post { message: "Second".to_owned(), edit_at: Some(Millis(9)), ..first.clone() };
            let mut tx = begin(&db).await;
            keep(&mut tx, &id(11), &first, Millis(10)).unwrap();
            keep(&mut tx, &id(12), &second, Millis(20)).unwrap();
            keep(&mut tx, &id(13), &post(2, id(1), id(1)), Millis(30)).unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let found = list(&mut view, &id(1)).await.unwrap();
            let of = |version, before: &Post, at| PostVersion {
                id: id(version),
                post_id: before.id,
                replaced_at: Millis(at),
                update_at: before.update_at,
                edit_at: before.edit_at,
                message: before.message.clone(),
                props: before.props.clone(),
                hashtags: before.hashtags.clone(),
                file_ids: before.file_ids.clone(),
            };
            assert_eq!(found, [of(12, &second, 20), of(11, &first, 10)]);
            assert_eq!(get(&mut view, &id(1), &id(11)).await.unwrap(), Some(of(11, &first, 10)));
            assert_eq!(get(&mut view, &id(2), &id(11)).await.unwrap(), None, "of another post");
            drop(view);
            let mut tx = begin(&db).await;
            delete_of(&mut tx, &id(1)).unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(list(&mut view, &id(1)).await.unwrap(), []);
            assert_eq!(list(&mut view, &id(2)).await.unwrap().len(), 1);
        })
        .await;
    }
}
