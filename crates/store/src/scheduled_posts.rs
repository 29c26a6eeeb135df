//! Messages that are to be posted later.

use rialto_model::draft::{Draft, Failure, ScheduledPost};
use rialto_model::{ItemId, Millis, TeamId, UserId};

use crate::drafts::{file_text, priority_text};
use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx};

macro_rules! columns {
    () => {
        "s.id, s.user_id, s.channel_id, s.root_id, s.create_at, s.update_at, s.message, s.kind, s.props, s.file_ids, \
         s.priority, s.scheduled_at, s.processed_at, s.failure"
    };
}

impl FromRow for ScheduledPost {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(ScheduledPost {
            id: row.id()?,
            draft: Draft::from_row(row)?,
            scheduled_at: row.millis()?,
            processed_at: row.opt_millis()?,
            failure: row.opt_id()?,
        })
    }
}

/// The one with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<ScheduledPost>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM scheduled_posts s WHERE s.id = $1"), &[id.into()]).await
}

/// The same, locked for the rest of the transaction: it is posted once, and not while its author changes it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, id: &ItemId) -> Result<Option<ScheduledPost>, StoreError> {
    const LOCK: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM scheduled_posts s WHERE s.id = $1"),
        concat!("SELECT ", columns!(), " FROM scheduled_posts s WHERE s.id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(LOCK, &[id.into()]).await
}

/// Somebody's in a team's channels, or, without a team, in conversations and in channels that are not there any more; the
/// next to come first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, user: &UserId, team: Option<&TeamId>) -> Result<Vec<ScheduledPost>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM scheduled_posts s LEFT JOIN channels c ON c.id = s.channel_id \
             WHERE s.user_id = $1 AND COALESCE(c.team_id, '') = $2 ORDER BY s.scheduled_at, s.id"
        ),
        &[user.into(), Arg::opt(&team)],
    )
    .await
}

/// Those whose time has come and that were not tried yet, the longest overdue first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, now: Millis, limit: i64) -> Result<Vec<ScheduledPost>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM scheduled_posts s WHERE s.processed_at = 0 AND s.scheduled_at <= $1 \
             ORDER BY s.scheduled_at, s.id LIMIT $2"
        ),
        &[now.into(), limit.into()],
    )
    .await
}

/// Writes one, new or changed; whose it is and where it goes never changes.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, post: &ScheduledPost) -> Result<(), StoreError> {
    let draft = &post.draft;
    tx.execute(
        "INSERT INTO scheduled_posts (id, user_id, channel_id, root_id, create_at, update_at, message, kind, props, \
         file_ids, priority, scheduled_at, processed_at, failure) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO UPDATE \
         SET update_at = excluded.update_at, message = excluded.message, kind = excluded.kind, props = excluded.props, \
         file_ids = excluded.file_ids, priority = excluded.priority, scheduled_at = excluded.scheduled_at, \
         processed_at = excluded.processed_at, failure = excluded.failure",
        &[
            (&post.id).into(),
            (&draft.user_id).into(),
            (&draft.channel_id).into(),
            Arg::opt(&draft.root_id),
            draft.create_at.into(),
            draft.update_at.into(),
            (&draft.message).into(),
            (&draft.kind).into(),
            (&draft.props).into(),
            (&file_text(&draft.file_ids)).into(),
            (&priority_text(draft.priority.as_ref())).into(),
            post.scheduled_at.into(),
            post.processed_at.into(),
            post.failure.map_or("", Failure::as_str).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Removes one; true if it was there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &ItemId) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM scheduled_posts WHERE id = $1", &[id.into()]).await? > 0)
}

#[cfg(test)]
mod tests {
    use rialto_model::{Channel, ChannelId, ChannelKind, Priority};

    use super::*;
    use crate::samples::{begin, channel, id, read, scene};
    use crate::testing::both;
    use crate::{Db, channels};

    fn post(n: u128, channel: ChannelId, at: i64) -> ScheduledPost {
        let draft = Draft {
            user_id: id(1),
            channel_id: channel,
            root_id: Some(id(50)),
            create_at: Millis(1),
            update_at: Millis(2),
            message: "later".to_owned(),
            kind: "me".to_owned(),
            props: "{\"a\":1}".to_owned(),
            file_ids: vec![id(7), id(6)],
            priority: Some(Priority { level: "important".to_owned(), ..Priority::default() }),
        };
        ScheduledPost { id: id(n), draft, scheduled_at: Millis(at), processed_at: None, failure: None }
    }

    #[tokio::test]
    async fn messages_for_later_are_due_until_they_were_tried() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let direct = Channel { team_id: None, kind: ChannelKind::Direct, ..channel(2, scene.team.id) };
            channels::insert(&mut tx, &direct).await.unwrap();
            let here = scene.channel.id;
            let (first, second, talk, lost) =
                (post(11, here, 20), post(12, here, 10), post(13, id(2), 30), post(14, id(99), 40));
            for one in [&first, &second, &talk, &lost] {
                put(&mut tx, one).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(get(&mut view, &id(11)).await.unwrap(), Some(first.clone()));
            assert_eq!(list(&mut view, &id(1), Some(&scene.team.id)).await.unwrap(), [second.clone(), first.clone()]);
            assert_eq!(list(&mut view, &id(1), None).await.unwrap(), [talk, lost]);
            assert_eq!(list(&mut view, &id(2), Some(&scene.team.id)).await.unwrap(), []);
            assert_eq!(due(&mut view, Millis(20), 9).await.unwrap(), [second.clone(), first.clone()]);
            assert_eq!(due(&mut view, Millis(20), 1).await.unwrap(), std::slice::from_ref(&second));
            drop(view);
            let mut tx = begin(&db).await;
            assert_eq!(lock(&mut tx, &id(12)).await.unwrap(), Some(second.clone()));
            let failed =
                ScheduledPost { processed_at: Some(Millis(21)), failure: Some(Failure::ChannelArchived), ..second };
            put(&mut tx, &failed).await.unwrap();
            assert_eq!(get(&mut tx, &id(12)).await.unwrap(), Some(failed));
            assert_eq!(due(&mut tx, Millis(20), 9).await.unwrap(), [first]);
            assert!(delete(&mut tx, &id(11)).await.unwrap());
            assert!(!delete(&mut tx, &id(11)).await.unwrap());
            assert_eq!(due(&mut tx, Millis(20), 9).await.unwrap(), []);
        })
        .await;
    }
}
