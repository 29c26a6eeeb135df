//! The files an installation moves by: import files arrive in parts and are kept until they are removed; so are exports.
//! All of it is for those who administer the system. Source: client-api 7.6, 7.7.

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::file::safe_name;
use rialto_model::{ItemId, Millis, Permission};
use rialto_store::{StoreError, jobs as rows};
use tokio::fs::File;

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::files::disk::Written;
pub use crate::files::disk::bulk::Shelf;
pub use rialto_store::jobs::ImportUpload;

/// Why a file was not taken or given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nothing usable is left of the name.
    #[error("unusable file name")]
    Name,
    /// No bytes at all.
    #[error("empty")]
    Empty,
    /// More bytes than announced.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// What was announced.
        max: i64,
    },
    /// The upload is being written by another request.
    #[error("another upload to this session is under way")]
    Busy,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Bytes of a name that leave room for the id before it.
const MAX_NAME: usize = 200;

/// A name as files of a shelf have it; anything else names none of them.
pub(crate) fn checked(name: &str) -> Option<&str> {
    let fits = safe_name(name).as_deref() == Some(name) && !name.starts_with('.');
    (fits && !name.contains(crate::files::disk::bulk::UNFINISHED)).then_some(name)
}

/// Announces an import file that will come in parts. Its size has no limit but the disk: it is an administrator's.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`; [`Error::Name`], [`Error::Empty`]. Source: API v4 `POST /uploads`.
pub async fn begin(app: &App, actor: &SessionUser, name: &str, size: i64) -> Result<ImportUpload, Error> {
    actor.require(Permission::ManageSystem)?;
    let name = safe_name(name).filter(|name| name.len() <= MAX_NAME && checked(name).is_some()).ok_or(Error::Name)?;
    if size <= 0 {
        return Err(Error::Empty);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let id = app.ids.id(ItemId::from_random);
    let upload = ImportUpload { id, user_id: actor.user_id, name, size, create_at: tx.now() };
    rows::insert_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    Ok(upload)
}

/// An import file of the actor's that is arriving and how many bytes of it are there; None if there is none of that id.
///
/// # Errors
/// [`Error::Store`], [`Error::Disk`].
pub async fn upload(app: &App, actor: &SessionUser, id: &ItemId) -> Result<Option<(ImportUpload, i64)>, Error> {
    let found = rows::get_upload(&mut app.db.read(app.clock.now()).await?, id).await?;
    let Some(found) = found.filter(|one| one.user_id == actor.user_id) else { return Ok(None) };
    let received = i64::try_from(app.disk.received(id).await?).unwrap_or(i64::MAX);
    Ok(Some((found, received)))
}

/// The actor's import files that are not complete, and how many bytes of each are there.
///
/// # Errors
/// [`Error::Store`], [`Error::Disk`].
pub async fn uploads(app: &App, actor: &SessionUser) -> Result<Vec<(ImportUpload, i64)>, Error> {
    let mut list = Vec::new();
    for one in rows::uploads_of(&mut app.db.read(app.clock.now()).await?, &actor.user_id).await? {
        let received = i64::try_from(app.disk.received(&one.id).await?).unwrap_or(i64::MAX);
        list.push((one, received));
    }
    Ok(list)
}

/// Takes the next bytes of an import file; once all are there, the name it is known by. Source: API v4
/// `POST /uploads/{id}`.
///
/// # Errors
/// [`Error`]; what came before stays and can go on, but for too much.
pub async fn receive<E>(
    app: &App,
    actor: &SessionUser,
    upload: &ImportUpload,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Option<String>, Error> {
    actor.require(Permission::ManageSystem)?;
    let writer = app.disk.claim(&upload.id).ok_or(Error::Busy)?;
    match writer.append(content, upload.size.unsigned_abs()).await? {
        Written::TooMuch => {
            writer.restart().await?;
            Err(Error::TooLarge { max: upload.size })
        }
        Written::Upto(at) if at == upload.size.unsigned_abs() => {
            let name = format!("{}_{}", upload.id, upload.name);
            writer.shelve(Shelf::Import, &name).await?;
            let mut tx = app.db.begin(app.clock.now()).await?;
            rows::delete_upload(&mut tx, &upload.id).await?;
            tx.commit().await?;
            Ok(Some(name))
        }
        Written::Upto(_) | Written::BrokenOff(_) => Ok(None),
    }
}

/// The names of the files on a shelf.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`.
pub async fn list(app: &App, actor: &SessionUser, shelf: Shelf) -> Result<Vec<String>, Error> {
    actor.require(Permission::ManageSystem)?;
    Ok(app.disk.shelf_names(shelf).await?)
}

/// A file and its bytes.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`, or if there is none.
pub async fn open(app: &App, actor: &SessionUser, shelf: Shelf, name: &str) -> Result<(File, u64), Error> {
    actor.require(Permission::ManageSystem)?;
    let absent = Denied::Absent("file");
    let Some(name) = checked(name) else { return Err(absent.into()) };
    let file = app.disk.open_shelved(shelf, name).await?.ok_or(absent)?;
    let size = file.metadata().await?.len();
    Ok((file, size))
}

/// Removes a file; one that is not there is gone already.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`; [`Error::Name`].
pub async fn remove(app: &App, actor: &SessionUser, shelf: Shelf, name: &str) -> Result<(), Error> {
    actor.require(Permission::ManageSystem)?;
    let name = checked(name).ok_or(Error::Name)?;
    Ok(app.disk.drop_shelved(shelf, name).await?)
}

/// Drops import files nobody has completed since `before`.
///
/// # Errors
/// [`Error`].
pub(crate) async fn tidy(app: &App, before: Millis) -> Result<(), Error> {
    let old = rows::old_uploads(&mut app.db.read(app.clock.now()).await?, before, 500).await?;
    for upload in old {
        let Some(_writer) = app.disk.claim(&upload.id) else { continue };
        app.disk.drop_upload(&upload.id).await?;
        let mut tx = app.db.begin(app.clock.now()).await?;
        rows::delete_upload(&mut tx, &upload.id).await?;
        tx.commit().await?;
    }
    Ok(())
}
