//! Files of peers: announced, received in any number of parts, hung on the post that names them whenever both are here.
//!
//! Source: wire 3.8 and 5.10, ruling 8.7, INV-2, INV-3, INV-11.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rialto_model::file::{extension, safe_name};
use rialto_model::{ChannelId, FileId, FileInfo, ItemId, Rule, Upload, UserId};
use rialto_store::{StoreError, Tx, files, posts, users};

use super::disk::{Written, stream};
use super::{Progress, identify, received};
use crate::App;
use crate::access::{self, Denied, RemoteActor};
use crate::connections::policies;

/// Files of one connection that may be under way at once.
const MAX_OPEN: i64 = 100;
/// Bytes the open files of one connection may have together.
const MAX_OPEN_BYTES: i64 = 50 << 30;
/// How often a running upload looks whether the share still stands (INV-11).
const LOOK: Duration = Duration::from_secs(1);

/// A file a peer announces.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Names the upload.
    pub id: ItemId,
    /// What the file is called everywhere.
    pub file_id: FileId,
    /// Author of its post, by the id on the wire.
    pub user_id: UserId,
    /// Where it will be posted.
    pub channel: ChannelId,
    /// As given.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Lower-case hex; empty if the peer does not say.
    pub sha256: String,
    /// The peer continues uploads and may send empty files (ruling 8.7).
    pub resumes: bool,
}

/// Why a peer's file is not taken. What may work later is a [`Refusal::Store`].
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The channel is not shared with the peer, whatever else it is.
    #[error("not shared")]
    NotShared,
    /// Guests write nothing under a read-only share.
    #[error("the channel is shared read-only")]
    ReadOnly,
    /// A rule of the connection forbids it (behaviour 8.6).
    #[error("a rule of this connection forbids it: {0}")]
    Policy(Rule),
    /// Files are switched off here.
    #[error("file attachments are disabled")]
    Off,
    /// Larger than allowed here.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: i64,
    },
    /// An administrator here does not let this kind in.
    #[error("files of type {extension} are blocked")]
    TypeBlocked {
        /// Which kind.
        extension: String,
    },
    /// Nothing usable is left of the name, or there are no bytes.
    #[error("unusable name or size")]
    Invalid,
    /// The author, the file or the upload is somebody else's.
    #[error("not the peer's to send")]
    NotOwner,
    /// Too many are under way.
    #[error("too many files are under way")]
    Quota,
    /// There is no such upload.
    #[error("no such upload")]
    Unknown,
    /// Another request is writing it.
    #[error("another upload to this session is under way")]
    Busy,
    /// The bytes are not those announced.
    #[error("the content does not have the announced hash")]
    Hash,
    /// The disk failed; the peer tries again.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// Storage failed; the peer tries again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => Self::Store(error),
            // Later, as everything else of an archived channel (ruling 28).
            Denied::Paused => Self::Store(StoreError::Busy("the channel is archived".to_owned())),
            Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) => Self::NotShared,
        }
    }
}

impl From<super::Error> for Refusal {
    fn from(error: super::Error) -> Self {
        match error {
            super::Error::Denied(denied) => denied.into(),
            super::Error::Off => Self::Off,
            super::Error::TooLarge { max } => Self::TooLarge { max },
            super::Error::Empty | super::Error::Name | super::Error::Archived | super::Error::NoPicture => {
                Self::Invalid
            }
            super::Error::Busy => Self::Busy,
            super::Error::Hash => Self::Hash,
            super::Error::Disk(error) => Self::Disk(error),
            super::Error::Store(error) => Self::Store(error),
        }
    }
}

/// Takes an announcement. The same one again answers the living upload with the bytes that are here.
///
/// # Errors
/// [`Refusal`]; nothing is kept then.
pub async fn announce(app: &App, actor: &RemoteActor, new: Announced) -> Result<(Upload, i64), Refusal> {
    let settings = app.settings.get();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let share = access::share(&mut tx, actor, &new.channel).await?;
    if !share.may_write() {
        return Err(Refusal::ReadOnly);
    }
    if !settings.files.enabled {
        return Err(Refusal::Off);
    }
    if new.size > settings.files.max_bytes {
        return Err(Refusal::TooLarge { max: settings.files.max_bytes });
    }
    let name = safe_name(&new.name).ok_or(Refusal::Invalid)?;
    if new.size < 0 || (new.size == 0 && !new.resumes) {
        return Err(Refusal::Invalid);
    }
    let extension = extension(&name);
    if settings.files.blocked.contains(&extension) {
        return Err(Refusal::TypeBlocked { extension });
    }
    policies::within(&mut tx, &actor.id()).await?.may_carry(&extension, new.size).map_err(Refusal::Policy)?;
    // Somebody unknown may still come with the post; somebody known must be the peer's.
    let user_id = users::alias(&mut tx, &actor.id(), &new.user_id).await?.unwrap_or(new.user_id);
    if users::get(&mut tx, &user_id).await?.is_some_and(|user| user.remote_id != Some(actor.id())) {
        return Err(Refusal::NotOwner);
    }
    let upload = Upload {
        id: new.id,
        file_id: new.file_id,
        user_id,
        channel_id: new.channel,
        remote_id: Some(actor.id()),
        name,
        size: new.size,
        sha256: new.sha256,
        create_at: tx.now(),
        is_done: false,
    };
    if let Some(file) = files::get(&mut tx, &new.file_id).await? {
        // It is here: whoever sends it again is told so, if it is theirs.
        let same = file.remote_id == Some(actor.id()) && file.channel_id == new.channel;
        return if same { Ok((Upload { is_done: true, ..upload }, file.size)) } else { Err(Refusal::NotOwner) };
    }
    if let Some(known) = files::get_upload_of(&mut tx, &new.file_id).await? {
        if known.remote_id != Some(actor.id()) || known.channel_id != new.channel {
            return Err(Refusal::NotOwner);
        }
        if known.id == new.id && known.size == new.size && known.sha256 == upload.sha256 {
            drop(tx);
            let received = received(app, &known).await?;
            return Ok((known, received));
        }
        // The peer has begun anew, under another name or with other bytes.
        let _writer = app.disk.claim(&known.id).ok_or(Refusal::Busy)?;
        app.disk.drop_upload(&known.id).await?;
        files::delete_upload(&mut tx, &known.id).await?;
    }
    if files::get_upload(&mut tx, &new.id).await?.is_some() {
        return Err(Refusal::NotOwner);
    }
    let (open, bytes) = files::open_uploads(&mut tx, &actor.id()).await?;
    if open >= MAX_OPEN || bytes.saturating_add(new.size) > MAX_OPEN_BYTES {
        return Err(Refusal::Quota);
    }
    files::insert_upload(&mut tx, &upload).await?;
    let held = files::held(&mut tx, &actor.id(), &upload.sha256, upload.size).await?;
    tx.commit().await?;
    if upload.size == 0 {
        // Nothing is to come.
        let writer = app.disk.claim(&upload.id).ok_or(Refusal::Busy)?;
        writer.append(futures_util::stream::empty::<Result<Bytes, std::convert::Infallible>>(), 0).await?;
        complete(app, actor, &upload, &writer).await?;
        return Ok((Upload { is_done: true, ..upload }, 0));
    }
    if let Some(held) = held.filter(|_| new.resumes && !upload.sha256.is_empty())
        && copied(app, actor, &upload, &held).await?
    {
        let size = upload.size;
        return Ok((Upload { is_done: true, ..upload }, size));
    }
    Ok((upload, 0))
}

/// Takes bytes that the same connection has sent before from there, so that they cross once (E-147). False if they are
/// not there any more: then they come. Only its own files count, so a hash opens nothing to a peer that it has not sent.
async fn copied(app: &App, actor: &RemoteActor, upload: &Upload, held: &FileInfo) -> Result<bool, Refusal> {
    let Ok(open) = app.disk.open(&held.id).await else { return Ok(false) };
    let size = upload.size.unsigned_abs();
    let writer = app.disk.claim(&upload.id).ok_or(Refusal::Busy)?;
    match writer.append(stream(open, 0, size).await?, size).await? {
        Written::Upto(at) if at == size => {}
        Written::Upto(_) | Written::TooMuch | Written::BrokenOff(_) => {
            writer.restart().await?;
            return Ok(false);
        }
    }
    complete(app, actor, upload, &writer).await?;
    Ok(true)
}

/// The upload of this id, if it belongs to the connection.
///
/// # Errors
/// [`Refusal::Unknown`], and [`Refusal::NotOwner`] for one of somebody else's.
pub async fn find(app: &App, actor: &RemoteActor, id: &ItemId) -> Result<(Upload, i64), Refusal> {
    let found = files::get_upload(&mut app.db.read(app.clock.now()).await?, id).await?.ok_or(Refusal::Unknown)?;
    if found.remote_id != Some(actor.id()) {
        return Err(Refusal::NotOwner);
    }
    let received = received(app, &found).await?;
    Ok((found, received))
}

/// Takes the next bytes of a peer's file.
///
/// # Errors
/// [`Refusal`]; what came before stays, unless the hash is wrong.
pub async fn receive<E>(
    app: &App,
    actor: &RemoteActor,
    id: &ItemId,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Progress, Refusal> {
    let (upload, _) = find(app, actor, id).await?;
    if upload.is_done {
        let file = files::get(&mut app.db.read(app.clock.now()).await?, &upload.file_id).await?;
        return file.map(Progress::done).ok_or(Refusal::Unknown);
    }
    stands(app, actor, &upload).await?;
    let writer = app.disk.claim(id).ok_or(Refusal::Busy)?;
    let revoked = std::pin::pin!(async {
        loop {
            tokio::time::sleep(LOOK).await;
            if matches!(stands(app, actor, &upload).await, Err(Refusal::NotShared | Refusal::ReadOnly)) {
                break;
            }
        }
    });
    let limit = upload.size.unsigned_abs();
    let written = writer.append(content.take_until(revoked), limit).await?;
    stands(app, actor, &upload).await?;
    match written {
        // Bytes behind the announced end are not read (wire 3.8).
        Written::TooMuch => complete(app, actor, &upload, &writer).await.map(Progress::done),
        Written::Upto(at) if at == limit => complete(app, actor, &upload, &writer).await.map(Progress::done),
        Written::Upto(at) | Written::BrokenOff(at) => Ok(Progress::At(i64::try_from(at).unwrap_or(i64::MAX))),
    }
}

/// Forgets the bytes of an upload that are here.
///
/// # Errors
/// [`Refusal`] as [`find`].
pub async fn restart(app: &App, actor: &RemoteActor, id: &ItemId) -> Result<(), Refusal> {
    let (upload, _) = find(app, actor, id).await?;
    let writer = app.disk.claim(&upload.id).ok_or(Refusal::Busy)?;
    Ok(writer.restart().await?)
}

/// Whether the peer may still send this.
async fn stands(app: &App, actor: &RemoteActor, upload: &Upload) -> Result<(), Refusal> {
    let mut view = app.db.read(app.clock.now()).await?;
    let share = access::share(&mut view, actor, &upload.channel_id).await?;
    if share.may_write() { Ok(()) } else { Err(Refusal::ReadOnly) }
}

async fn complete(
    app: &App,
    actor: &RemoteActor,
    upload: &Upload,
    writer: &super::disk::Writer,
) -> Result<FileInfo, Refusal> {
    let file = identify(app, writer, upload).await?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let share = access::share(&mut tx, actor, &upload.channel_id).await?;
    // The post was deleted meanwhile, and the upload with it (E-063).
    if files::get_upload(&mut tx, &upload.id).await?.is_none() {
        return Err(Refusal::Unknown);
    }
    files::insert(&mut tx, &file).await?;
    files::finish_upload(&mut tx, &upload.id).await?;
    settle(&mut tx, &share, &file).await?;
    tx.commit().await?;
    Ok(file)
}

/// Hangs a file that has arrived on the post that waits for it, and tells the channel by the changed post.
async fn settle(tx: &mut Tx, share: &access::ShareAccess, file: &FileInfo) -> Result<(), StoreError> {
    let remote = share.remote().id;
    let Some(post) = files::expecting(tx, &remote, &file.id).await? else { return Ok(()) };
    let Some(mut post) = posts::lock(tx, &post).await?.filter(|post| post.delete_at.is_none()) else { return Ok(()) };
    if post.remote_id != Some(remote)
        || !files::attach(tx, &file.id, &post.id, &post.user_id, &post.channel_id, Some(&remote)).await?
    {
        return Ok(());
    }
    files::forget_expected(tx, &remote, &file.id).await?;
    crate::posts::save_edit(tx, &mut post, share.origin()).await
}
