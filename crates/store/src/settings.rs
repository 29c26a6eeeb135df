//! Settings that administrators changed while the server ran.

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// One of them; the value is JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSetting {
    /// `ConnectedWorkspacesSettings`, for example.
    pub section: String,
    /// Key in the section.
    pub name: String,
    /// JSON text.
    pub value: String,
}

impl FromRow for StoredSetting {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { section: row.text()?, name: row.text()?, value: row.text()? })
    }
}

/// All of them.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot) -> Result<Vec<StoredSetting>, StoreError> {
    view.fetch_all("SELECT section, name, value FROM settings ORDER BY section, name", &[]).await
}

/// Sets one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn put(tx: &mut Tx, setting: &StoredSetting) -> Result<(), StoreError> {
    tx.queue(
        "INSERT INTO settings (section, name, value) VALUES ($1, $2, $3) \
         ON CONFLICT (section, name) DO UPDATE SET value = excluded.value",
        &[(&setting.section).into(), (&setting.name).into(), (&setting.value).into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, read};
    use crate::testing::both;

    #[tokio::test]
    async fn a_setting_has_its_last_value() {
        both(async |db: Db| {
            let setting = |name: &str, value: &str| StoredSetting {
                section: "TeamSettings".to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let mut tx = begin(&db).await;
            for (name, value) in [("SiteName", "\"One\""), ("EnableOpenServer", "true"), ("SiteName", "\"Two\"")] {
                put(&mut tx, &setting(name, value)).unwrap();
            }
            tx.commit().await.unwrap();
            let all = list(&mut read(&db).await).await.unwrap();
            assert_eq!(all, [setting("EnableOpenServer", "true"), setting("SiteName", "\"Two\"")]);
        })
        .await;
    }
}
