//! Emoji made here, and which of them each peer is to have.

use rialto_model::{CustomEmoji, ItemId, Millis, RemoteId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

impl FromRow for CustomEmoji {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(CustomEmoji {
            id: row.id()?,
            creator_id: row.id()?,
            name: row.text()?,
            mime_type: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            delete_at: row.opt_millis()?,
        })
    }
}

/// An emoji that was not taken away.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<CustomEmoji>, StoreError> {
    view.fetch_optional(
        "SELECT id, creator_id, name, mime_type, create_at, update_at, delete_at FROM emoji \
         WHERE id = $1 AND delete_at = 0",
        &[id.into()],
    )
    .await
}

/// The emoji of these names that there are, by name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn by_names<T: AsRef<str>>(
    view: &mut Snapshot,
    names: impl IntoIterator<Item = T>,
) -> Result<Vec<CustomEmoji>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT id, creator_id, name, mime_type, create_at, update_at, delete_at FROM emoji WHERE delete_at = 0 \
         AND name IN (SELECT value FROM json_each($1)) ORDER BY name",
        "SELECT id, creator_id, name, mime_type, create_at, update_at, delete_at FROM emoji WHERE delete_at = 0 \
         AND name IN (SELECT json_array_elements_text($1::json)) ORDER BY name",
    );
    view.fetch_all(LIST, &[(&json_list(names)).into()]).await
}

/// A page of all emoji, by name or in the order they were made.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, by_name: bool, offset: i64, limit: i64) -> Result<Vec<CustomEmoji>, StoreError> {
    view.fetch_all(
        "SELECT id, creator_id, name, mime_type, create_at, update_at, delete_at FROM emoji WHERE delete_at = 0 \
         ORDER BY CASE WHEN $1 THEN name ELSE '' END, create_at, id LIMIT $2 OFFSET $3",
        &[by_name.into(), limit.into(), offset.into()],
    )
    .await
}

/// Emoji whose name matches a `LIKE` pattern in lower case, by name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn search(view: &mut Snapshot, pattern: &str, limit: i64) -> Result<Vec<CustomEmoji>, StoreError> {
    view.fetch_all(
        "SELECT id, creator_id, name, mime_type, create_at, update_at, delete_at FROM emoji WHERE delete_at = 0 \
         AND LOWER(name) LIKE $1 ESCAPE '\\' ORDER BY name LIMIT $2",
        &[pattern.into(), limit.into()],
    )
    .await
}

/// Writes a new emoji.
///
/// # Errors
/// [`StoreError::Unique`] if its name is taken.
pub async fn insert(tx: &mut Tx, emoji: &CustomEmoji) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO emoji (id, creator_id, name, mime_type, create_at, update_at, delete_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&emoji.id).into(),
            (&emoji.creator_id).into(),
            (&emoji.name).into(),
            (&emoji.mime_type).into(),
            emoji.create_at.into(),
            emoji.update_at.into(),
            emoji.delete_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Takes an emoji away. False if somebody else has.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &ItemId, at: Millis) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "UPDATE emoji SET delete_at = $2, update_at = $2 WHERE id = $1 AND delete_at = 0",
            &[id.into(), at.into()],
        )
        .await?;
    Ok(gone > 0)
}

/// Notes that a peer sees these names.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn offer<T: AsRef<str>>(
    tx: &mut Tx,
    remote: &RemoteId,
    names: impl IntoIterator<Item = T>,
) -> Result<(), StoreError> {
    for name in names {
        tx.queue(
            "INSERT INTO emoji_offers (remote_id, name) VALUES ($1, $2) ON CONFLICT (remote_id, name) DO NOTHING",
            &[remote.into(), name.as_ref().into()],
        )?;
    }
    Ok(())
}

/// What a peer is to be told of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The name.
    pub name: String,
    /// The emoji of it; None: there is none any more.
    pub emoji: Option<CustomEmoji>,
}

struct DueRow {
    name: String,
    id: Option<ItemId>,
}

impl FromRow for DueRow {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(DueRow { name: row.text()?, id: row.opt_id()? })
    }
}

/// The next name of which a peer does not have what is here now; in the order of names.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(view: &mut Snapshot, remote: &RemoteId) -> Result<Option<Due>, StoreError> {
    let row: Option<DueRow> = view
        .fetch_optional(
            "SELECT o.name, COALESCE(e.id, '') FROM emoji_offers o \
             LEFT JOIN emoji e ON e.name = o.name AND e.delete_at = 0 \
             WHERE o.remote_id = $1 AND COALESCE(e.id, '') <> o.told_id ORDER BY o.name LIMIT 1",
            &[remote.into()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let emoji = match row.id {
        Some(id) => get(view, &id).await?,
        None => None,
    };
    Ok(Some(Due { name: row.name, emoji }))
}

/// Notes which emoji of a name a peer has, or has refused; None: none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_told(tx: &mut Tx, remote: &RemoteId, name: &str, id: Option<&ItemId>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE emoji_offers SET told_id = $3 WHERE remote_id = $1 AND name = $2",
        &[remote.into(), name.into(), id.map_or("", ItemId::as_str).into()],
    )
    .await
    .map(|_| ())
}

/// Peers that follow a name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn followers(view: &mut Snapshot, name: &str) -> Result<Vec<RemoteId>, StoreError> {
    let rows: Vec<crate::Id<RemoteId>> =
        view.fetch_all("SELECT remote_id FROM emoji_offers WHERE name = $1 ORDER BY remote_id", &[name.into()]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id};
    use crate::testing::both;

    fn emoji(n: u128, name: &str) -> CustomEmoji {
        CustomEmoji {
            id: id(n),
            creator_id: id(1),
            name: name.to_owned(),
            mime_type: "image/png".to_owned(),
            create_at: Millis(i64::try_from(1_000 + n).unwrap()),
            update_at: Millis(2_000),
            delete_at: None,
        }
    }

    #[tokio::test]
    async fn emoji_are_found_by_id_name_page_and_pattern() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let (zoo, all, gone) = (emoji(11, "zoo"), emoji(12, "All_in"), emoji(13, "gone"));
            for one in [&zoo, &all, &gone] {
                insert(&mut tx, one).await.unwrap();
            }
            assert!(delete(&mut tx, &gone.id, NOW).await.unwrap());
            assert!(!delete(&mut tx, &gone.id, NOW).await.unwrap(), "once only");
            assert_eq!(get(&mut tx, &zoo.id).await.unwrap().as_ref(), Some(&zoo));
            assert_eq!(get(&mut tx, &gone.id).await.unwrap(), None);
            assert_eq!(by_names(&mut tx, ["zoo", "gone", "none"]).await.unwrap(), std::slice::from_ref(&zoo));
            assert_eq!(list(&mut tx, false, 0, 10).await.unwrap(), [zoo.clone(), all.clone()]);
            assert_eq!(list(&mut tx, true, 0, 10).await.unwrap(), [all.clone(), zoo.clone()]);
            assert_eq!(list(&mut tx, true, 1, 1).await.unwrap(), std::slice::from_ref(&zoo));
            assert_eq!(search(&mut tx, "%l\\_i%", 10).await.unwrap(), [all]);
            assert_eq!(search(&mut tx, "o%", 10).await.unwrap(), []);
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            insert(&mut tx, &emoji(14, "gone")).await.unwrap();
            assert!(matches!(insert(&mut tx, &emoji(15, "zoo")).await, Err(StoreError::Unique(_))));
        })
        .await;
    }

    /// Ruling 8.8: a peer is owed what it sees, once, then what replaced it or that there is none any more.
    #[tokio::test]
    async fn a_peer_is_owed_what_it_has_not_of_the_names_it_sees() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let (first, other) = (emoji(11, "parrot"), emoji(12, "other"));
            insert(&mut tx, &first).await.unwrap();
            insert(&mut tx, &other).await.unwrap();
            let peer: RemoteId = id(5);
            assert_eq!(due(&mut tx, &peer).await.unwrap(), None);
            offer(&mut tx, &peer, ["parrot", "nothing"]).unwrap();
            offer(&mut tx, &peer, ["parrot"]).unwrap();
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            let next = |emoji| Some(Due { name: "parrot".to_owned(), emoji });
            assert_eq!(due(&mut tx, &peer).await.unwrap(), next(Some(first.clone())));
            assert_eq!(due(&mut tx, &id(6)).await.unwrap(), None);
            set_told(&mut tx, &peer, "parrot", Some(&first.id)).await.unwrap();
            assert_eq!(due(&mut tx, &peer).await.unwrap(), None);
            delete(&mut tx, &first.id, NOW).await.unwrap();
            assert_eq!(due(&mut tx, &peer).await.unwrap(), next(None));
            set_told(&mut tx, &peer, "parrot", None).await.unwrap();
            assert_eq!(due(&mut tx, &peer).await.unwrap(), None);
            let second = emoji(13, "parrot");
            insert(&mut tx, &second).await.unwrap();
            assert_eq!(due(&mut tx, &peer).await.unwrap(), next(Some(second)));
            assert_eq!(followers(&mut tx, "parrot").await.unwrap(), [peer]);
            assert_eq!(followers(&mut tx, "other").await.unwrap(), []);
        })
        .await;
    }
}
