//! Who did what: administrative actions and refused remote items, never content.

use rialto_model::{ChannelId, Millis, RemoteId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// One line of the audit log.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Id of a person, or what else acted.
    pub actor: &'a str,
    /// What was done or tried, `create_connection` for example.
    pub action: &'a str,
    /// Connection concerned.
    pub remote: Option<RemoteId>,
    /// Channel concerned.
    pub channel: Option<ChannelId>,
    /// `ok`, or a code of a refusal.
    pub result: &'a str,
    /// Names and ids, never secrets or message text (SC-105).
    pub detail: &'a str,
}

/// Appends a line.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub fn append(tx: &mut Tx, at: Millis, entry: &Entry<'_>) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO audit (at, actor, action, remote_id, channel_id, result, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            at.into(),
            entry.actor.into(),
            entry.action.into(),
            Arg::opt(&entry.remote),
            Arg::opt(&entry.channel),
            entry.result.into(),
            entry.detail.into(),
        ],
    )
}

/// Whether the same line was written since `since`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn was_written(view: &mut Snapshot, since: Millis, entry: &Entry<'_>) -> Result<bool, StoreError> {
    let number: i64 = view
        .fetch_one(
            "SELECT COUNT(*) FROM audit WHERE at >= $1 AND actor = $2 AND action = $3 AND remote_id = $4 AND channel_id = $5 \
             AND result = $6 AND detail = $7",
            &[
                since.into(),
                entry.actor.into(),
                entry.action.into(),
                Arg::opt(&entry.remote),
                Arg::opt(&entry.channel),
                entry.result.into(),
                entry.detail.into(),
            ],
        )
        .await?;
    Ok(number > 0)
}

/// A line as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the line.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Id of a person, or what else acted.
    pub actor: String,
    /// What was done or tried.
    pub action: String,
    /// Connection concerned; empty for none.
    pub remote: String,
    /// Channel concerned; empty for none.
    pub channel: String,
    /// `ok`, `fail`, or a code of a refusal.
    pub result: String,
    /// Names and ids.
    pub detail: String,
}

impl FromRow for Line {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int()?,
            at: row.millis()?,
            actor: row.text()?,
            action: row.text()?,
            remote: row.text()?,
            channel: row.text()?,
            result: row.text()?,
            detail: row.text()?,
        })
    }
}

/// Lines, newest first: all, or those of one actor.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    actor: Option<&UserId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    view.fetch_all(
        "SELECT id, at, actor, action, remote_id, channel_id, result, detail FROM audit WHERE $1 = '' OR actor = $1 \
         ORDER BY id DESC LIMIT $3 OFFSET $2",
        &[Arg::opt(&actor), offset.into(), limit.into()],
    )
    .await
}

/// Number of lines, for tests and statistics.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(view: &mut Snapshot) -> Result<i64, StoreError> {
    view.fetch_one("SELECT COUNT(*) FROM audit", &[]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id, read};
    use crate::testing::both;

    #[tokio::test]
    async fn lines_are_appended_with_the_transaction_or_not_at_all() {
        both(async |db: Db| {
            let entry = Entry {
                actor: "system",
                action: "create_connection",
                remote: Some(id(1)),
                channel: None,
                result: "ok",
                detail: "Acme",
            };
            let mut tx = begin(&db).await;
            append(&mut tx, NOW, &entry).unwrap();
            append(&mut tx, NOW, &Entry { channel: Some(id(2)), remote: None, ..entry }).unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            append(&mut tx, NOW, &entry).unwrap();
            drop(tx);
            assert_eq!(count(&mut read(&db).await).await.unwrap(), 2);
            let line: (String, String, String) = read(&db)
                .await
                .fetch_one("SELECT actor, action, remote_id || result || detail FROM audit ORDER BY id LIMIT 1", &[])
                .await
                .unwrap();
            let rest = format!("{}okAcme", id::<RemoteId>(1));
            assert_eq!(line, ("system".to_owned(), "create_connection".to_owned(), rest));
        })
        .await;
    }

    #[tokio::test]
    async fn lines_are_listed_newest_first_and_found_again() {
        both(async |db: Db| {
            let ann: UserId = id(5);
            let entry = |action: &'static str, actor: &'static str| Entry {
                actor,
                action,
                remote: Some(id(1)),
                channel: None,
                result: "fail",
                detail: "d",
            };
            let anns = Entry { actor: ann.as_str(), ..entry("three", "") };
            let mut tx = begin(&db).await;
            for one in [&entry("one", "system"), &entry("two", "system"), &anns] {
                append(&mut tx, NOW, one).unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            let actions = |lines: Vec<Line>| lines.into_iter().map(|line| line.action).collect::<Vec<_>>();
            assert_eq!(actions(list(&mut view, None, 0, 10).await.unwrap()), ["three", "two", "one"]);
            assert_eq!(actions(list(&mut view, None, 1, 1).await.unwrap()), ["two"]);
            let of_ann = list(&mut view, Some(&ann), 0, 10).await.unwrap();
            let [line] = of_ann.as_slice() else { panic!("{of_ann:?}") };
            assert_eq!((line.at, line.remote.as_str(), line.channel.as_str()), (NOW, id::<RemoteId>(1).as_str(), ""));
            assert!(was_written(&mut view, NOW, &anns).await.unwrap());
            assert!(!was_written(&mut view, Millis(NOW.0 + 1), &anns).await.unwrap());
            let other = Entry { channel: Some(id(2)), ..anns };
            assert!(!was_written(&mut view, NOW, &other).await.unwrap());
        })
        .await;
    }
}
