//! How much there is on this server.

use crate::{Snapshot, StoreError};

/// Messages that people have written, counted with their channels: a sum of small rows, not a walk through all messages.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn messages(view: &mut Snapshot) -> Result<i64, StoreError> {
    view.fetch_one("SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM channel_counts", &[]).await
}

/// Bytes of all live files.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn bytes(view: &mut Snapshot) -> Result<i64, StoreError> {
    view.fetch_one("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files WHERE delete_at = 0", &[]).await
}

/// Teams that are not archived.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn teams(view: &mut Snapshot) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM teams WHERE delete_at = 0", &[]).await
}

#[cfg(test)]
mod tests {
    use rialto_model::{FileInfo, Team};

    use super::*;
    use crate::samples::{NOW, begin, id, read, scene, team};
    use crate::testing::both;
    use crate::{Db, channels, files, teams as team_rows};

    #[tokio::test]
    async fn what_is_there_is_counted() {
        both(async |db: Db| {
            let mut view = read(&db).await;
            assert_eq!((messages(&mut view).await.unwrap(), bytes(&mut view).await.unwrap()), (0, 0));
            drop(view);
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            team_rows::insert(&mut tx, &Team { delete_at: Some(NOW), ..team(9) }).await.unwrap();
            for n in 0..3 {
                channels::count_post(&mut tx, &scene.channel.id, n == 0, NOW).unwrap();
            }
            for (n, delete_at) in [(1, None), (2, None), (3, Some(NOW))] {
                let file = FileInfo {
                    id: id(n),
                    user_id: id(1),
                    channel_id: id(1),
                    post_id: None,
                    create_at: NOW,
                    update_at: NOW,
                    delete_at,
                    name: "a".to_owned(),
                    extension: String::new(),
                    size: 101,
                    mime_type: String::new(),
                    width: 0,
                    height: 0,
                    sha256: String::new(),
                    remote_id: None,
                };
                files::insert(&mut tx, &file).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(messages(&mut view).await.unwrap(), 3);
            assert_eq!(bytes(&mut view).await.unwrap(), 202);
            assert_eq!(teams(&mut view).await.unwrap(), 1);
        })
        .await;
    }
}
