//! What people have begun to write.

use rialto_model::draft::Draft;
use rialto_model::{ChannelId, FileId, PostId, Priority, TeamId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "d.user_id, d.channel_id, d.root_id, d.create_at, d.update_at, d.message, d.kind, d.props, d.file_ids, d.priority"
    };
}

impl FromRow for Draft {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Draft {
            user_id: row.id()?,
            channel_id: row.id()?,
            root_id: row.opt_id()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            message: row.text()?,
            kind: row.text()?,
            props: row.text()?,
            file_ids: row.text()?.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect(),
            priority: priority(&row.text()?)?,
        })
    }
}

fn priority(text: &str) -> Result<Option<Priority>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A priority as the column holds it.
pub(crate) fn priority_text(priority: Option<&Priority>) -> String {
    priority.and_then(|priority| serde_json::to_string(priority).ok()).unwrap_or_default()
}

/// Files as the column holds them.
pub(crate) fn file_text(files: &[FileId]) -> String {
    files.iter().map(FileId::as_str).collect::<Vec<_>>().join(" ")
}

/// Somebody's draft in a channel or thread.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(
    view: &mut Snapshot,
    user: &UserId,
    channel: &ChannelId,
    root: Option<&PostId>,
) -> Result<Option<Draft>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM drafts d WHERE d.user_id = $1 AND d.channel_id = $2 AND d.root_id = $3"),
        &[user.into(), channel.into(), Arg::opt(&root)],
    )
    .await
}

/// Somebody's drafts in the live channels of a team and in those of no team that they belong to, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, user: &UserId, team: &TeamId) -> Result<Vec<Draft>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM drafts d JOIN channels c ON c.id = d.channel_id JOIN channel_members m ON m.channel_id = c.id \
             AND m.user_id = d.user_id WHERE d.user_id = $1 AND (c.team_id = $2 OR c.team_id = '') AND c.delete_at = 0 \
             ORDER BY d.update_at DESC, d.channel_id, d.root_id"
        ),
        &[user.into(), team.into()],
    )
    .await
}

/// Writes a draft, new or changed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, draft: &Draft) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO drafts (user_id, channel_id, root_id, create_at, update_at, message, kind, props, file_ids, priority) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (user_id, channel_id, root_id) DO UPDATE \
         SET update_at = excluded.update_at, message = excluded.message, kind = excluded.kind, props = excluded.props, \
         file_ids = excluded.file_ids, priority = excluded.priority",
        &[
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
        ],
    )
    .await
    .map(|_| ())
}

/// Removes a draft; true if it was there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(
    tx: &mut Tx,
    user: &UserId,
    channel: &ChannelId,
    root: Option<&PostId>,
) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM drafts WHERE user_id = $1 AND channel_id = $2 AND root_id = $3",
            &[user.into(), channel.into(), Arg::opt(&root)],
        )
        .await?;
    Ok(gone > 0)
}

#[cfg(test)]
mod tests {
    use rialto_model::{Channel, ChannelKind, Millis};

    use super::*;
    use crate::samples::{NOW, begin, channel, id, member, scene};
    use crate::testing::both;
    use crate::{Db, channel_members, channels};

    fn draft(user: u128, channel: ChannelId, root_id: Option<PostId>, at: i64) -> Draft {
        Draft {
            user_id: id(user),
            channel_id: channel,
            root_id,
            create_at: Millis(1),
            update_at: Millis(at),
            message: "half a".to_owned(),
            kind: "me".to_owned(),
            props: "{\"a\":1}".to_owned(),
            file_ids: vec![id(7), id(6)],
            priority: Some(Priority {
                level: "urgent".to_owned(),
                requested_ack: true,
                persistent_notifications: false,
            }),
        }
    }

    #[tokio::test]
    async fn a_place_has_one_draft_of_each_person() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (team, here) = (scene.team.id, scene.channel.id);
            let direct = Channel { team_id: None, kind: ChannelKind::Direct, ..channel(2, team) };
            let archived = Channel { delete_at: Some(NOW), ..channel(3, team) };
            for channel in [&direct, &archived, &channel(4, team), &channel(5, id(9))] {
                channels::insert(&mut tx, channel).await.unwrap();
            }
            for channel in [id(2), id(3), id(5)] {
                channel_members::insert(&mut tx, &member(channel, id(1))).await.unwrap();
            }
            let all = [
                draft(1, here, None, 10),
                draft(1, here, Some(id(50)), 30),
                draft(1, id(2), None, 20),
                draft(1, id(3), None, 1),
                draft(1, id(4), None, 1),
                draft(1, id(5), None, 1),
                draft(2, here, None, 1),
            ];
            for draft in &all {
                put(&mut tx, draft).await.unwrap();
            }
            assert_eq!(get(&mut tx, &id(1), &here, Some(&id(50))).await.unwrap(), Some(all[1].clone()));
            assert_eq!(get(&mut tx, &id(1), &here, Some(&id(51))).await.unwrap(), None);
            let (first, thread, direct) = (all[0].clone(), all[1].clone(), all[2].clone());
            assert_eq!(list(&mut tx, &id(1), &team).await.unwrap(), [thread, direct, first.clone()]);

            let changed = Draft {
                update_at: Millis(40),
                message: "whole".to_owned(),
                kind: String::new(),
                props: "{}".to_owned(),
                file_ids: Vec::new(),
                priority: None,
                ..first
            };
            put(&mut tx, &Draft { create_at: Millis(40), ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1), &here, None).await.unwrap(), Some(changed));
            assert!(delete(&mut tx, &id(1), &here, None).await.unwrap());
            assert!(!delete(&mut tx, &id(1), &here, None).await.unwrap());
            assert!(get(&mut tx, &id(1), &here, Some(&id(50))).await.unwrap().is_some());
            assert!(get(&mut tx, &id(2), &here, None).await.unwrap().is_some());
        })
        .await;
    }
}
