//! Messages that an organisation has refused for good, as their authors are shown them (M-18, E-031).

use rialto_model::{ChannelId, PostId, RemoteId, UserId};

use crate::{FromRow, Row, Snapshot, StoreError};

/// A message that was set aside for one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which message.
    pub post_id: PostId,
    /// Who does not take it.
    pub remote_id: RemoteId,
    /// Why, in plain words.
    pub cause: String,
}

impl FromRow for Refused {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { post_id: row.id()?, remote_id: row.id()?, cause: row.text()? })
    }
}

/// Somebody's messages in a channel that were set aside, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, channel: &ChannelId, author: &UserId) -> Result<Vec<Refused>, StoreError> {
    view.fetch_all(
        "SELECT f.item_id, f.remote_id, f.cause FROM sync_failures f JOIN posts p ON p.id = f.item_id \
         WHERE f.channel_id = $1 AND f.kind = 'post' AND f.set_aside AND p.user_id = $2 AND p.delete_at = 0 \
         ORDER BY p.create_at, f.item_id, f.remote_id LIMIT 1000",
        &[channel.into(), author.into()],
    )
    .await
}

#[cfg(test)]
mod tests {
    use rialto_model::{Millis, Post};

    use super::*;
    use crate::samples::{begin, id, post};
    use crate::sync_failures::{self, Failure, Item};
    use crate::testing::both;
    use crate::{Db, posts};

    #[tokio::test]
    async fn an_authors_messages_that_were_set_aside_are_listed() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let own = [post(1, id(1), id(1)), post(2, id(1), id(1)), post(3, id(2), id(1))];
            let gone = Post { delete_at: Some(Millis(5)), ..post(4, id(1), id(1)) };
            for row in own.iter().chain([&gone, &post(5, id(1), id(2))]) {
                posts::insert_now(&mut tx, row).await.unwrap();
            }
            for (remote, item, channel, set_aside) in
                [(1, 1, 1, true), (2, 1, 1, true), (1, 2, 1, false), (1, 3, 2, true), (1, 4, 1, true), (1, 5, 1, true)]
            {
                let failure = Failure {
                    remote_id: id(remote),
                    item: Item::Post(id(item)),
                    channel_id: id(channel),
                    attempts: 1,
                    next_at: Millis(1),
                    set_aside,
                    cause: format!("cause {remote}"),
                    code: String::new(),
                };
                sync_failures::put(&mut tx, &failure).await.unwrap();
            }
            let refused =
                |remote, cause: &str| Refused { post_id: id(1), remote_id: id(remote), cause: cause.to_owned() };
            let listed = list(&mut tx, &id(1), &id(1)).await.unwrap();
            assert_eq!(listed, [refused(1, "cause 1"), refused(2, "cause 2")]);
        })
        .await;
    }
}
