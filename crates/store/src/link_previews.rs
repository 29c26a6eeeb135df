//! What pages of the web say of themselves, by their address.

use rialto_model::{LinkKind, LinkPreview};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

impl FromRow for LinkPreview {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(LinkPreview {
            url: row.text()?,
            fetched_at: row.millis()?,
            kind: LinkKind::parse(&row.text()?),
            title: row.text()?,
            description: row.text()?,
            site_name: row.text()?,
            image: row.text()?,
        })
    }
}

/// What is known of these addresses; unknown ones are missing.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, urls: &[String]) -> Result<Vec<LinkPreview>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT url, fetched_at, kind, title, description, site_name, image FROM link_previews \
         WHERE url IN (SELECT value FROM json_each($1))",
        "SELECT url, fetched_at, kind, title, description, site_name, image FROM link_previews \
         WHERE url IN (SELECT json_array_elements_text($1::json))",
    );
    view.fetch_all(LIST, &[(&json_list(urls)).into()]).await
}

/// Remembers what was found, in place of what was before.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, preview: &LinkPreview) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO link_previews (url, fetched_at, kind, title, description, site_name, image) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (url) DO UPDATE SET fetched_at = excluded.fetched_at, \
         kind = excluded.kind, title = excluded.title, description = excluded.description, \
         site_name = excluded.site_name, image = excluded.image",
        &[
            (&preview.url).into(),
            preview.fetched_at.into(),
            preview.kind.as_str().into(),
            (&preview.title).into(),
            (&preview.description).into(),
            (&preview.site_name).into(),
            (&preview.image).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets everything.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("DELETE FROM link_previews", &[]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;

    use super::*;
    use crate::Db;
    use crate::samples::begin;
    use crate::testing::both;

    /// N-05: an address is known by the whole of it.
    #[tokio::test]
    async fn what_was_found_last_is_remembered_by_the_whole_address() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let page = |url: &str, title: &str| LinkPreview {
                url: url.to_owned(),
                fetched_at: Millis(5),
                kind: LinkKind::Page,
                title: title.to_owned(),
                description: "described".to_owned(),
                site_name: "site".to_owned(),
                image: String::new(),
            };
            let (one, other) = ("https://example.org/a".to_owned(), "https://example.org/A".to_owned());
            put(&mut tx, &page(&one, "before")).await.unwrap();
            put(&mut tx, &page(&one, "one")).await.unwrap();
            put(&mut tx, &LinkPreview { kind: LinkKind::Nothing, ..page(&other, "other") }).await.unwrap();
            let mut found =
                list(&mut tx, &[one.clone(), other.clone(), "https://example.org/b".to_owned()]).await.unwrap();
            found.sort_by(|a, b| b.url.cmp(&a.url));
            let expected = [page(&one, "one"), LinkPreview { kind: LinkKind::Nothing, ..page(&other, "other") }];
            assert_eq!(found, expected);
            clear(&mut tx).await.unwrap();
            assert_eq!(list(&mut tx, &[one]).await.unwrap(), []);
        })
        .await;
    }
}
