//! Settings of people.

use rialto_model::UserId;
use rialto_model::event::Preference;

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

impl FromRow for Preference {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Preference { user_id: row.id()?, category: row.text()?, name: row.text()?, value: row.text()? })
    }
}

/// All of a person's, or those of one category.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, user: &UserId, category: Option<&str>) -> Result<Vec<Preference>, StoreError> {
    view.fetch_all(
        "SELECT user_id, category, name, value FROM preferences WHERE user_id = $1 AND ($2 = '' OR category = $2) \
         ORDER BY category, name",
        &[user.into(), category.unwrap_or_default().into()],
    )
    .await
}

/// Sets one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set(tx: &mut Tx, preference: &Preference) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, category, name) DO UPDATE SET value = excluded.value",
        &[
            (&preference.user_id).into(),
            (&preference.category).into(),
            (&preference.name).into(),
            (&preference.value).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Removes one; true if it was there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, user: &UserId, category: &str, name: &str) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM preferences WHERE user_id = $1 AND category = $2 AND name = $3",
            &[user.into(), category.into(), name.into()],
        )
        .await?;
    Ok(gone > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn preferences_are_set_listed_and_removed() {
        both(async |db: Db| {
            let of = |user, category: &str, name: &str, value: &str| Preference {
                user_id: id(user),
                category: category.to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let (b, a, c) = (of(1, "y", "b", "1"), of(1, "y", "a", "2"), of(1, "x", "c", "3"));
            let mut tx = begin(&db).await;
            for preference in [&b, &a, &c, &of(2, "y", "b", "4"), &of(1, "y", "b", "5")] {
                set(&mut tx, preference).await.unwrap();
            }
            let b = of(1, "y", "b", "5");
            assert_eq!(list(&mut tx, &id(1), None).await.unwrap(), [c, a.clone(), b.clone()]);
            assert_eq!(list(&mut tx, &id(1), Some("y")).await.unwrap(), [a.clone(), b]);
            assert_eq!(list(&mut tx, &id(1), Some("z")).await.unwrap(), []);
            assert!(delete(&mut tx, &id(1), "y", "b").await.unwrap());
            assert!(!delete(&mut tx, &id(1), "y", "b").await.unwrap());
            assert_eq!(list(&mut tx, &id(1), Some("y")).await.unwrap(), [a]);
            assert_eq!(list(&mut tx, &id(2), None).await.unwrap().len(), 1);
        })
        .await;
    }
}
