//! Categories of sidebars, and the channels put into them.

use rialto_model::category::{Category, CategoryKind};
use rialto_model::{ChannelId, TeamId, UserId};

use crate::{FromRow, Id, Row, Snapshot, StoreError, Tx};

impl FromRow for Category {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.text()?,
            user_id: row.id()?,
            team_id: row.id()?,
            kind: CategoryKind::from_word(&row.text()?),
            sort_order: row.int()?,
            sorting: row.text()?,
            display_name: row.text()?,
            muted: row.bool()?,
            collapsed: row.bool()?,
        })
    }
}

/// Somebody's categories of a team that are written down, in their order.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, user: &UserId, team: &TeamId) -> Result<Vec<Category>, StoreError> {
    view.fetch_all(
        "SELECT id, user_id, team_id, kind, sort_order, sorting, display_name, muted, collapsed FROM categories \
         WHERE user_id = $1 AND team_id = $2 ORDER BY sort_order, id",
        &[user.into(), team.into()],
    )
    .await
}

/// Writes a category, new or changed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, category: &Category) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO categories (id, user_id, team_id, kind, sort_order, sorting, display_name, muted, collapsed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET sort_order = excluded.sort_order, \
         sorting = excluded.sorting, display_name = excluded.display_name, muted = excluded.muted, \
         collapsed = excluded.collapsed",
        &[
            (&category.id).into(),
            (&category.user_id).into(),
            (&category.team_id).into(),
            category.kind.as_str().into(),
            category.sort_order.into(),
            (&category.sorting).into(),
            (&category.display_name).into(),
            category.muted.into(),
            category.collapsed.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Removes a category; what was in it stands nowhere in particular then.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, category: &Category) -> Result<(), StoreError> {
    let Category { id, user_id, team_id, .. } = category;
    tx.execute("DELETE FROM categories WHERE id = $1", &[id.into()]).await?;
    tx.execute(
        "DELETE FROM category_channels WHERE user_id = $1 AND team_id = $2 AND category_id = $3",
        &[user_id.into(), team_id.into(), id.into()],
    )
    .await
    .map(|_| ())
}

/// Where somebody has put channels of a team: channel and category, in the order within the category.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn places(view: &mut Snapshot, user: &UserId, team: &TeamId) -> Result<Vec<(ChannelId, String)>, StoreError> {
    let rows: Vec<(Id<ChannelId>, String)> = view
        .fetch_all(
            "SELECT channel_id, category_id FROM category_channels WHERE user_id = $1 AND team_id = $2 \
             ORDER BY category_id, place, channel_id",
            &[user.into(), team.into()],
        )
        .await?;
    Ok(rows.into_iter().map(|(channel, category)| (channel.0, category)).collect())
}

/// Puts channels into a category, in this order; what stood in it before and is not among them stands nowhere in
/// particular then.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn fill(tx: &mut Tx, category: &Category, channels: &[ChannelId]) -> Result<(), StoreError> {
    let Category { id, user_id, team_id, .. } = category;
    tx.execute(
        "DELETE FROM category_channels WHERE user_id = $1 AND team_id = $2 AND category_id = $3",
        &[user_id.into(), team_id.into(), id.into()],
    )
    .await?;
    for (place, channel) in (0i64..).zip(channels) {
        tx.execute(
            "INSERT INTO category_channels (user_id, team_id, channel_id, category_id, place) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (user_id, team_id, channel_id) DO UPDATE SET category_id = excluded.category_id, \
             place = excluded.place",
            &[user_id.into(), team_id.into(), channel.into(), id.into(), place.into()],
        )
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn a_channel_stands_in_one_category_of_each_team() {
        both(async |db: Db| {
            let [favourites, channels, _] = Category::defaults(id(1), id(2));
            let own = Category {
                id: "own".to_owned(),
                kind: CategoryKind::Custom,
                sort_order: 5,
                sorting: "manual".to_owned(),
                display_name: "Own".to_owned(),
                ..channels.clone()
            };
            let mut tx = begin(&db).await;
            for category in [&own, &favourites] {
                put(&mut tx, category).await.unwrap();
            }
            assert_eq!(list(&mut tx, &id(1), &id(2)).await.unwrap(), [favourites, own.clone()]);
            assert_eq!(list(&mut tx, &id(1), &id(3)).await.unwrap(), []);
            let folded = Category { collapsed: true, muted: true, ..own.clone() };
            put(&mut tx, &folded).await.unwrap();
            assert_eq!(list(&mut tx, &id(1), &id(2)).await.unwrap()[1], folded);

            fill(&mut tx, &own, &[id(12), id(11)]).await.unwrap();
            fill(&mut tx, &channels, &[id(13), id(12)]).await.unwrap();
            let found = places(&mut tx, &id(1), &id(2)).await.unwrap();
            let named = |n, category: &Category| (id(n), category.id.clone());
            assert_eq!(found, [named(13, &channels), named(12, &channels), named(11, &own)]);
            fill(&mut tx, &channels, &[id(12)]).await.unwrap();
            delete(&mut tx, &own).await.unwrap();
            assert_eq!(places(&mut tx, &id(1), &id(2)).await.unwrap(), [named(12, &channels)]);
            assert_eq!(list(&mut tx, &id(1), &id(2)).await.unwrap().len(), 1);
        })
        .await;
    }
}
