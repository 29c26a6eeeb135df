//! Files: uploading in one go or in parts, reading, pictures made of them; and those of peers, which arrive by themselves.

pub mod arriving;
pub mod disk;
pub mod pictures;
pub(crate) mod portraits;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::file::{extension, safe_name};
use rialto_model::{ChannelId, FileId, FileInfo, ItemId, Millis, Permission, Post, PostId, RemoteId, Upload};
use rialto_store::{Snapshot, StoreError, Tx, bookmarks, files, posts};
use tokio::fs::File;

use crate::App;
use crate::access::{self, Denied, SessionUser};
use disk::{Writer, Written};

/// Why something about a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Files are switched off here.
    #[error("file attachments are disabled")]
    Off,
    /// More bytes than allowed, or than announced.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// The limit.
        max: i64,
    },
    /// No bytes at all.
    #[error("empty")]
    Empty,
    /// Nothing usable is left of the name.
    #[error("unusable file name")]
    Name,
    /// Archived channels take no files.
    #[error("the channel is archived")]
    Archived,
    /// The upload is being written by another request.
    #[error("another upload to this session is under way")]
    Busy,
    /// The bytes are not those announced.
    #[error("the content does not have the announced hash")]
    Hash,
    /// No picture can be made of this file.
    #[error("no picture can be made of this file")]
    NoPicture,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file somebody is about to send in parts.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Where it is to be posted.
    pub channel: ChannelId,
    /// As given.
    pub name: String,
    /// Bytes.
    pub size: i64,
}

/// How far an upload is.
#[derive(Debug)]
pub enum Progress {
    /// More is to come from this byte on.
    At(i64),
    /// The file is there.
    Done(Box<FileInfo>),
}

impl Progress {
    fn done(file: FileInfo) -> Self {
        Self::Done(Box::new(file))
    }
}

/// The channel, if `actor` may upload to it now.
async fn allowed(app: &App, view: &mut Snapshot, actor: &SessionUser, channel: &ChannelId) -> Result<(), Error> {
    if !app.settings.get().files.enabled {
        return Err(Error::Off);
    }
    let access = access::channel(view, actor, channel, Permission::UploadFile).await?;
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    access::writable(app, view, access.channel()).await?;
    Ok(())
}

/// Announces a file that will come in parts. Source: API v4 `POST /uploads`.
///
/// # Errors
/// [`Error`].
pub async fn begin(app: &App, actor: &SessionUser, new: NewUpload) -> Result<Upload, Error> {
    let max = app.settings.get().files.max_bytes;
    if new.size > max {
        return Err(Error::TooLarge { max });
    }
    if new.size <= 0 {
        return Err(Error::Empty);
    }
    let name = safe_name(&new.name).ok_or(Error::Name)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    allowed(app, &mut tx, actor, &new.channel).await?;
    let upload = Upload {
        id: app.ids.id(ItemId::from_random),
        file_id: app.ids.id(FileId::from_random),
        user_id: actor.user_id,
        channel_id: new.channel,
        remote_id: None,
        name,
        size: new.size,
        sha256: String::new(),
        create_at: tx.now(),
        is_done: false,
    };
    files::insert_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    Ok(upload)
}

/// An upload of the actor's own and the bytes of it that are there.
///
/// # Errors
/// [`Error`]; somebody else's is absent.
pub async fn upload(app: &App, actor: &SessionUser, id: &ItemId) -> Result<(Upload, i64), Error> {
    let found = files::get_upload(&mut app.db.read(app.clock.now()).await?, id).await?;
    let own = found.filter(|one| one.user_id == actor.user_id && one.remote_id.is_none() && !one.is_done);
    let found = own.ok_or(Denied::Absent("upload"))?;
    let received = received(app, &found).await?;
    Ok((found, received))
}

/// The actor's uploads that are not complete.
///
/// # Errors
/// [`Error`].
pub async fn uploads(app: &App, actor: &SessionUser) -> Result<Vec<(Upload, i64)>, Error> {
    let found = files::list_uploads(&mut app.db.read(app.clock.now()).await?, &actor.user_id).await?;
    let mut list = Vec::new();
    for one in found {
        let received = received(app, &one).await?;
        list.push((one, received));
    }
    Ok(list)
}

/// Bytes of an upload that are there.
async fn received(app: &App, upload: &Upload) -> Result<i64, Error> {
    if upload.is_done {
        return Ok(upload.size);
    }
    Ok(i64::try_from(app.disk.received(&upload.id).await?).unwrap_or(i64::MAX))
}

/// Takes the next bytes of an upload. Source: API v4 `POST /uploads/{id}`.
///
/// # Errors
/// [`Error`]; the bytes that came before stay and the upload can go on.
pub async fn receive<E>(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Progress, Error> {
    let (found, _) = upload(app, actor, id).await?;
    allowed(app, &mut app.db.read(app.clock.now()).await?, actor, &found.channel_id).await?;
    let writer = app.disk.claim(id).ok_or(Error::Busy)?;
    match writer.append(content, found.size.unsigned_abs()).await? {
        Written::TooMuch => {
            writer.restart().await?;
            Err(Error::TooLarge { max: found.size })
        }
        Written::Upto(at) if at == found.size.unsigned_abs() => {
            let file = identify(app, &writer, &found).await?;
            let mut tx = app.db.begin(app.clock.now()).await?;
            files::insert(&mut tx, &file).await?;
            files::delete_upload(&mut tx, id).await?;
            tx.commit().await?;
            Ok(Progress::done(file))
        }
        Written::Upto(at) | Written::BrokenOff(at) => Ok(Progress::At(i64::try_from(at).unwrap_or(i64::MAX))),
    }
}

/// Takes a whole file. Source: API v4 `POST /files`.
///
/// # Errors
/// [`Error`]; nothing is kept then.
pub async fn take<E>(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    name: &str,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<FileInfo, Error> {
    allowed(app, &mut app.db.read(app.clock.now()).await?, actor, channel).await?;
    let max = app.settings.get().files.max_bytes;
    let mut upload = Upload {
        id: app.ids.id(ItemId::from_random),
        file_id: app.ids.id(FileId::from_random),
        user_id: actor.user_id,
        channel_id: *channel,
        remote_id: None,
        name: safe_name(name).ok_or(Error::Name)?,
        size: 0,
        sha256: String::new(),
        create_at: app.clock.now(),
        is_done: false,
    };
    let writer = app.disk.claim(&upload.id).ok_or(Error::Busy)?;
    let written = writer.append(content, max.unsigned_abs()).await;
    let refused = match written {
        Ok(Written::Upto(0)) => Error::Empty,
        Ok(Written::Upto(length)) => {
            upload.size = i64::try_from(length).unwrap_or(i64::MAX);
            let file = identify(app, &writer, &upload).await?;
            let mut tx = app.db.begin(app.clock.now()).await?;
            files::insert(&mut tx, &file).await?;
            tx.commit().await?;
            return Ok(file);
        }
        Ok(Written::TooMuch) => Error::TooLarge { max },
        Ok(Written::BrokenOff(_)) => Error::Disk(std::io::ErrorKind::UnexpectedEof.into()),
        Err(error) => error.into(),
    };
    writer.restart().await?;
    Err(refused)
}

/// Takes a whole file that is in memory already.
///
/// # Errors
/// [`Error`]; nothing is kept then.
pub async fn take_bytes(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    name: &str,
    bytes: Bytes,
) -> Result<FileInfo, Error> {
    let whole = futures_util::stream::iter([Ok::<_, Infallible>(bytes)]);
    take(app, actor, channel, name, whole).await
}

/// Finds out what a complete upload is and makes its bytes a file. The row is the caller's to write.
pub(crate) async fn identify(app: &App, writer: &Writer, upload: &Upload) -> Result<FileInfo, Error> {
    let sha256 = writer.sha256().await?;
    if !upload.sha256.is_empty() && upload.sha256 != sha256 {
        writer.restart().await?;
        return Err(Error::Hash);
    }
    let kind = pictures::kind(writer.path(), &upload.name).await?;
    writer.keep(&upload.file_id).await?;
    let now = app.clock.now();
    Ok(FileInfo {
        id: upload.file_id,
        user_id: upload.user_id,
        channel_id: upload.channel_id,
        post_id: None,
        create_at: now,
        update_at: now,
        delete_at: None,
        name: upload.name.clone(),
        extension: extension(&upload.name),
        size: upload.size,
        mime_type: kind.mime_type,
        width: kind.width,
        height: kind.height,
        sha256,
        remote_id: upload.remote_id,
    })
}

/// What the actor may know of a file: who may read its post's channel, or who uploaded it and has not posted it yet.
///
/// # Errors
/// [`Error`]; files of deleted posts are absent.
pub async fn info(app: &App, actor: &SessionUser, id: &FileId) -> Result<FileInfo, Error> {
    let absent = || Error::Denied(Denied::Absent("file"));
    let mut view = app.db.read(app.clock.now()).await?;
    let file = files::get(&mut view, id).await?.filter(|file| file.delete_at.is_none()).ok_or_else(absent)?;
    match &file.post_id {
        None if file.user_id == actor.user_id => {}
        // Nobody else knows of it before it is posted.
        None => return Err(absent()),
        Some(post) => {
            let channel = match posts::get(&mut view, post).await? {
                Some(post) => Some(post).filter(|post| post.gone_at().is_none()).map(|post| post.channel_id),
                // Files of bookmarks hang on these.
                None => bookmarks::of_file(&mut view, id).await?.map(|bookmark| bookmark.channel_id),
            };
            access::readable_channel(&mut view, actor, &channel.ok_or_else(absent)?).await?;
        }
    }
    Ok(file)
}

/// A file with its bytes.
///
/// # Errors
/// [`Error`] as [`info`].
pub async fn open(app: &App, actor: &SessionUser, id: &FileId) -> Result<(FileInfo, File), Error> {
    let file = info(app, actor, id).await?;
    let bytes = app.disk.open(id).await?;
    Ok((file, bytes))
}

/// Hangs files on a new post of this server's people; those that cannot be, stay out of it (client-api 5.5).
pub(crate) async fn attach_own(tx: &mut Tx, post: &mut Post) -> Result<(), StoreError> {
    let mut attached = Vec::new();
    for id in std::mem::take(&mut post.file_ids) {
        if files::attach(tx, &id, &post.id, &post.user_id, &post.channel_id, None).await? {
            attached.push(id);
        }
    }
    post.file_ids = attached;
    Ok(())
}

/// Brings the files of an edited post in line with its list: new ones are hung on it, left-out ones taken away (E-146).
pub(crate) async fn change_own(tx: &mut Tx, before: &Post, post: &mut Post) -> Result<(), StoreError> {
    let now = tx.now();
    let mut kept = Vec::new();
    for id in std::mem::take(&mut post.file_ids) {
        let known = before.file_ids.contains(&id);
        let fresh = !known && files::attach(tx, &id, &post.id, &post.user_id, &post.channel_id, None).await?;
        if known || fresh {
            kept.push(id);
        }
    }
    for id in before.file_ids.iter().filter(|id| !kept.contains(id)) {
        files::set_deleted(tx, id, now).await?;
    }
    post.file_ids = kept;
    Ok(())
}

/// Takes the files of a post away with it.
pub(crate) async fn remove_with_post(tx: &mut Tx, post: &Post) -> Result<(), StoreError> {
    let now = tx.now();
    for id in &post.file_ids {
        forget(tx, id, post, now).await?;
    }
    Ok(())
}

/// Takes one file out of a post, arrived or not (E-063). Only one that hangs on it: a peer may name any id.
async fn forget(tx: &mut Tx, id: &FileId, post: &Post, now: Millis) -> Result<(), StoreError> {
    if files::get(tx, id).await?.is_some_and(|file| file.post_id == Some(post.id)) {
        return files::set_deleted(tx, id, now).await;
    }
    let Some(owner) = &post.remote_id else { return Ok(()) };
    if files::expecting(tx, owner, id).await? == Some(post.id) {
        files::forget_expected(tx, owner, id).await?;
        if let Some(upload) = files::get_upload_of(tx, id).await?.filter(|one| one.remote_id == Some(*owner)) {
            // The bytes go when the request that brings them ends, or with the sweep.
            files::delete_upload(tx, &upload.id).await?;
        }
    }
    Ok(())
}

/// Hangs those files of a peer's post on it that are here already, and waits for the others.
pub(crate) async fn attach_remote(tx: &mut Tx, post: &Post, owner: &RemoteId) -> Result<(), StoreError> {
    for id in &post.file_ids {
        let here = files::get(tx, id).await?.is_some();
        if here {
            files::attach(tx, id, &post.id, &post.user_id, &post.channel_id, Some(owner)).await?;
        } else {
            files::expect(tx, owner, id, &post.id).await?;
        }
    }
    Ok(())
}

/// Brings the files of a peer's post in line with its new list.
pub(crate) async fn change_remote(
    tx: &mut Tx,
    before: &[FileId],
    post: &Post,
    owner: &RemoteId,
) -> Result<(), StoreError> {
    let now = tx.now();
    for id in before.iter().filter(|id| !post.file_ids.contains(id)) {
        forget(tx, id, post, now).await?;
    }
    attach_remote(tx, post, owner).await
}

/// Files of these posts, each post's in its order.
pub(crate) async fn of_posts(view: &mut Snapshot, found: &[Post]) -> Result<Vec<(PostId, Vec<FileInfo>)>, StoreError> {
    let with: Vec<PostId> = found.iter().filter(|post| !post.file_ids.is_empty()).map(|post| post.id).collect();
    if with.is_empty() {
        return Ok(Vec::new());
    }
    let all = files::list_by_posts(view, &with).await?;
    let of = |post: &Post| {
        let place = |file: &FileInfo| post.file_ids.iter().position(|id| *id == file.id);
        let mut own: Vec<FileInfo> =
            all.iter().filter(|file| file.post_id == Some(post.id) && place(file).is_some()).cloned().collect();
        own.sort_by_key(place);
        (post.id, own)
    };
    Ok(found.iter().filter(|post| !post.file_ids.is_empty()).map(of).collect())
}

/// Files of one post the actor may read.
///
/// # Errors
/// [`crate::posts::Error`] as reading the post.
pub async fn of_post(app: &App, actor: &SessionUser, id: &PostId) -> Result<Vec<FileInfo>, crate::posts::Error> {
    let post = crate::posts::get(app, actor, id).await?;
    let found = of_posts(&mut app.db.read(app.clock.now()).await?, &[post]).await?;
    Ok(found.into_iter().next().map(|(_, files)| files).unwrap_or_default())
}

/// Drops uploads nobody has completed for a week (ruling 8.7), and bytes without a row.
///
/// # Errors
/// [`Error`].
pub async fn tidy(app: &App) -> Result<(), Error> {
    const KEEP: i64 = 7 * 24 * 3_600_000;
    let now = app.clock.now();
    let old = files::list_old_uploads(&mut app.db.read(now).await?, Millis(now.0 - KEEP), 500).await?;
    for upload in old {
        let Some(_writer) = app.disk.claim(&upload.id) else { continue };
        app.disk.drop_upload(&upload.id).await?;
        let mut tx = app.db.begin(app.clock.now()).await?;
        files::delete_upload(&mut tx, &upload.id).await?;
        tx.commit().await?;
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    rialto_store::peer_emoji::prune_uploads(&mut tx, Millis(now.0 - KEEP)).await?;
    tx.commit().await?;
    let edge = Duration::from_millis((now.0 - KEEP).unsigned_abs());
    app.disk.sweep(SystemTime::UNIX_EPOCH + edge).await?;
    Ok(())
}
