//! Jobs: what was asked for, and how far it has come.

use rialto_model::{ItemId, Job, JobKind, JobStatus, Millis, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx, json_map};

macro_rules! columns {
    () => {
        "j.id, j.kind, j.user_id, j.create_at, j.start_at, j.last_activity_at, j.status, j.progress, j.data, j.position"
    };
}

impl FromRow for Job {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("a job of no known kind or status".to_owned());
        Ok(Job {
            id: row.id()?,
            kind: JobKind::parse(&row.text()?).ok_or_else(corrupt)?,
            user_id: row.opt_id()?,
            create_at: row.millis()?,
            start_at: row.opt_millis()?,
            last_activity_at: row.millis()?,
            status: JobStatus::parse(&row.text()?).ok_or_else(corrupt)?,
            progress: row.int()?,
            data: row.map()?,
            position: row.int()?,
        })
    }
}

/// The job with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<Job>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM jobs j WHERE j.id = $1"), &[id.into()]).await
}

/// The job with `id`, kept from being changed by others until the transaction ends.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, id: &ItemId) -> Result<Option<Job>, StoreError> {
    const LOCK: crate::Sql = crate::Sql::per(
        concat!("SELECT ", columns!(), " FROM jobs j WHERE j.id = $1"),
        concat!("SELECT ", columns!(), " FROM jobs j WHERE j.id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(LOCK, &[id.into()]).await
}

/// Jobs of one kind or of all, newest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, kind: Option<JobKind>, offset: i64, limit: i64) -> Result<Vec<Job>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM jobs j WHERE $1 = '' OR j.kind = $1 ORDER BY j.create_at DESC, j.id DESC LIMIT $3 OFFSET $2"
        ),
        &[kind.map_or("", JobKind::as_str).into(), offset.into(), limit.into()],
    )
    .await
}

/// The job whose turn it is: one that was begun, else the oldest that waits.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(view: &mut Snapshot) -> Result<Option<Job>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM jobs j WHERE j.status IN ('pending', 'in_progress', 'cancel_requested') \
             ORDER BY CASE WHEN j.status = 'pending' THEN 1 ELSE 0 END, j.create_at, j.id LIMIT 1"
        ),
        &[],
    )
    .await
}

/// Adds a job.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO jobs (id, kind, user_id, create_at, start_at, last_activity_at, status, progress, data, position) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            (&job.id).into(),
            job.kind.as_str().into(),
            Arg::opt(&job.user_id),
            job.create_at.into(),
            job.start_at.into(),
            job.last_activity_at.into(),
            job.status.as_str().into(),
            job.progress.into(),
            (&json_map(&job.data)).into(),
            job.position.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes status, progress, data, position and times of a job that the transaction has locked.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE jobs SET start_at = $2, last_activity_at = $3, status = $4, progress = $5, data = $6, position = $7 \
         WHERE id = $1",
        &[
            (&job.id).into(),
            job.start_at.into(),
            job.last_activity_at.into(),
            job.status.as_str().into(),
            job.progress.into(),
            (&json_map(&job.data)).into(),
            job.position.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// An import file that is arriving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportUpload {
    /// Names the upload.
    pub id: ItemId,
    /// Who uploads.
    pub user_id: UserId,
    /// Its name, made safe.
    pub name: String,
    /// Bytes it will have.
    pub size: i64,
    /// When it was announced.
    pub create_at: Millis,
}

impl FromRow for ImportUpload {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { id: row.id()?, user_id: row.id()?, name: row.text()?, size: row.int()?, create_at: row.millis()? })
    }
}

/// Announces an import file.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert_upload(tx: &mut Tx, upload: &ImportUpload) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO import_uploads (id, user_id, name, size, create_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&upload.id).into(),
            (&upload.user_id).into(),
            (&upload.name).into(),
            upload.size.into(),
            upload.create_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// An import file that is arriving.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_upload(view: &mut Snapshot, id: &ItemId) -> Result<Option<ImportUpload>, StoreError> {
    view.fetch_optional("SELECT id, user_id, name, size, create_at FROM import_uploads WHERE id = $1", &[id.into()])
        .await
}

/// Somebody's import files that are arriving, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn uploads_of(view: &mut Snapshot, user: &UserId) -> Result<Vec<ImportUpload>, StoreError> {
    view.fetch_all(
        "SELECT id, user_id, name, size, create_at FROM import_uploads WHERE user_id = $1 ORDER BY create_at, id",
        &[user.into()],
    )
    .await
}

/// Those announced before `before`, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn old_uploads(view: &mut Snapshot, before: Millis, limit: i64) -> Result<Vec<ImportUpload>, StoreError> {
    view.fetch_all(
        "SELECT id, user_id, name, size, create_at FROM import_uploads WHERE create_at < $1 ORDER BY create_at LIMIT $2",
        &[before.into(), limit.into()],
    )
    .await
}

/// The file is complete, or will not be.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_upload(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM import_uploads WHERE id = $1", &[id.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, read};
    use crate::testing::both;

    fn job(n: u128, kind: JobKind, status: JobStatus) -> Job {
        Job {
            id: id(n),
            kind,
            user_id: Some(id(1)),
            create_at: Millis(i64::try_from(n).unwrap()),
            start_at: None,
            last_activity_at: Millis(7),
            status,
            progress: 3,
            data: BTreeMap::from([("import_file".to_owned(), "x.zip".to_owned())]),
            position: 9,
        }
    }

    #[tokio::test]
    async fn what_was_begun_goes_before_what_waits() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            assert_eq!(next(&mut tx).await.unwrap(), None);
            let all = [
                job(1, JobKind::Import, JobStatus::Success),
                job(2, JobKind::Import, JobStatus::Pending),
                job(3, JobKind::Export, JobStatus::Pending),
                job(4, JobKind::Export, JobStatus::InProgress),
            ];
            for one in &all {
                insert(&mut tx, one).await.unwrap();
            }
            assert_eq!(next(&mut tx).await.unwrap().as_ref(), all.get(3));
            let mut locked = lock(&mut tx, &id(4)).await.unwrap().unwrap();
            (locked.status, locked.start_at, locked.position) = (JobStatus::Warning, Some(Millis(8)), 11);
            locked.data.insert("warnings".to_owned(), "1".to_owned());
            update(&mut tx, &locked).await.unwrap();
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(get(&mut view, &id(4)).await.unwrap(), Some(locked.clone()));
            assert_eq!(next(&mut view).await.unwrap().as_ref(), all.get(1));
            let exports = list(&mut view, Some(JobKind::Export), 0, 9).await.unwrap();
            assert_eq!(exports.iter().map(|job| job.id).collect::<Vec<_>>(), [id(4), id(3)]);
            assert_eq!(list(&mut view, None, 1, 2).await.unwrap().len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn import_files_arrive_one_by_one() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let upload =
                ImportUpload { id: id(1), user_id: id(2), name: "team.zip".to_owned(), size: 77, create_at: Millis(5) };
            insert_upload(&mut tx, &upload).await.unwrap();
            assert_eq!(get_upload(&mut tx, &id(1)).await.unwrap(), Some(upload.clone()));
            assert_eq!(uploads_of(&mut tx, &id(2)).await.unwrap().first(), Some(&upload));
            assert_eq!(uploads_of(&mut tx, &id(3)).await.unwrap(), []);
            assert_eq!(old_uploads(&mut tx, Millis(5), 9).await.unwrap(), []);
            assert_eq!(old_uploads(&mut tx, Millis(6), 9).await.unwrap(), [upload]);
            delete_upload(&mut tx, &id(1)).await.unwrap();
            assert_eq!(get_upload(&mut tx, &id(1)).await.unwrap(), None);
            tx.commit().await.unwrap();
        })
        .await;
    }
}
