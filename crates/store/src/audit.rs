//! Who did what: administrative actions and refused remote items, never content.

use rialto_model::{ChannelId, Millis, RemoteId};

use crate::{Arg, Snapshot, StoreError, Tx};

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
}
