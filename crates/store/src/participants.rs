//! Who takes part in a share besides the two organisations' names: how many people came with it, and which further
//! organisations its home tells of (M-12, M-23).

use rialto_model::{Millis, PostId, ShareId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// The line that tells how many people an organisation brought when its share began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// That line, once there is one.
    pub post_id: Option<PostId>,
    /// How many came so far.
    pub count: i64,
    /// Some of them are of further organisations.
    pub relayed: bool,
    /// When the last of them came; None: nobody yet.
    pub at: Option<Millis>,
}

impl FromRow for Population {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { post_id: row.opt_id()?, count: row.int()?, relayed: row.bool()?, at: row.opt_millis()? })
    }
}

/// Who came with a share so far, the row locked until the end of the transaction.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn population(tx: &mut Tx, share: &ShareId) -> Result<Option<Population>, StoreError> {
    const LOCK: crate::Sql = crate::Sql::per(
        "SELECT population_post_id, population_count, population_relayed, population_at FROM shares WHERE id = $1",
        "SELECT population_post_id, population_count, population_relayed, population_at FROM shares WHERE id = $1 FOR UPDATE",
    );
    tx.fetch_optional(LOCK, &[share.into()]).await
}

/// Notes who came with a share so far.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_population(tx: &mut Tx, share: &ShareId, population: &Population) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET population_post_id = $2, population_count = $3, population_relayed = $4, population_at = $5 \
         WHERE id = $1",
        &[
            share.into(),
            Arg::opt(&population.post_id),
            population.count.into(),
            population.relayed.into(),
            population.at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// The further organisations of a copy, as its home told of them last: a JSON list.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn organisations(view: &mut Snapshot, share: &ShareId) -> Result<Option<String>, StoreError> {
    view.fetch_optional("SELECT organisations FROM shares WHERE id = $1", &[share.into()]).await
}

/// Notes the further organisations of a copy.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_organisations(tx: &mut Tx, share: &ShareId, list: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET organisations = $2 WHERE id = $1", &[share.into(), list.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, share};
    use crate::testing::both;

    #[tokio::test]
    async fn who_takes_part_is_kept_with_the_share() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for n in [1, 2] {
                crate::shares::insert(&mut tx, &share(n, id(n), id(1))).await.unwrap();
            }
            let nobody = Population { post_id: None, count: 0, relayed: false, at: None };
            assert_eq!(population(&mut tx, &id(1)).await.unwrap(), Some(nobody.clone()));
            let some = Population { post_id: Some(id(7)), count: 12, relayed: true, at: Some(Millis(3)) };
            set_population(&mut tx, &id(1), &some).await.unwrap();
            assert_eq!(population(&mut tx, &id(1)).await.unwrap(), Some(some));
            assert_eq!(population(&mut tx, &id(2)).await.unwrap(), Some(nobody));
            assert_eq!(population(&mut tx, &id(3)).await.unwrap(), None);
            assert_eq!(organisations(&mut tx, &id(1)).await.unwrap().as_deref(), Some("[]"));
            set_organisations(&mut tx, &id(1), r#"[{"name":"Globex"}]"#).await.unwrap();
            assert_eq!(organisations(&mut tx, &id(1)).await.unwrap().as_deref(), Some(r#"[{"name":"Globex"}]"#));
            assert_eq!(organisations(&mut tx, &id(2)).await.unwrap().as_deref(), Some("[]"));
        })
        .await;
    }
}
