//! Pictures of people: set by themselves here, by their own servers elsewhere. Source: client-api 5.1, wire 3.9, SC-009.

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::{DomainEvent, ItemId, Millis, Origin, RemoteId, Scope, User, UserId};
use rialto_store::{StoreError, Tx, pictures, shares, users};

use super::profile::may_edit;
use crate::App;
use crate::access::{RemoteActor, SessionUser};
use crate::files::disk::Written;
use crate::files::{self, portraits};
use crate::ledger::{self, Batch};

/// Why a picture was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such person, or none this actor may change.
    #[error(transparent)]
    User(#[from] super::Error),
    /// Not a person the peer speaks for. Unknown people, ours and those of other connections are refused alike (INV-9).
    #[error("not a person of the peer's")]
    NotOwner,
    /// More bytes than a file may have.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// The limit.
        max: i64,
    },
    /// Not all of it came.
    #[error("the picture broke off")]
    BrokenOff,
    /// No picture can be made of what was sent.
    #[error("no picture can be made of this")]
    NoPicture,
    /// Somebody else changes it at the same time, again and again.
    #[error("the picture is being changed")]
    Busy,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::Disk(error) => Error::Disk(error),
            files::Error::Store(error) => Error::Store(error),
            _ => Error::NoPicture,
        }
    }
}

/// Attempts to be the next version of a picture.
const ATTEMPTS: usize = 5;

/// Sets somebody's picture to one made of `content`. Records [`DomainEvent::UserUpdated`].
///
/// # Errors
/// [`Error`]; nothing changes then. Source: API v4 `POST /users/{id}/image`.
pub async fn set<E>(
    app: &App,
    actor: &SessionUser,
    id: &UserId,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(), Error> {
    // Before any bytes are read: whoever may not change it does not fill our disk.
    let user = users::get(&mut app.db.read(app.clock.now()).await?, id).await?.ok_or(super::Error::Absent)?;
    may_edit(app, actor, &user)?;
    let picture = receive(app, content).await?;
    put(app, id, Some(&picture), By::Person(actor)).await
}

/// Takes somebody's picture away; clients get initials then.
///
/// # Errors
/// [`Error`]. Source: API v4 `DELETE /users/{id}/image`.
pub async fn remove(app: &App, actor: &SessionUser, id: &UserId) -> Result<(), Error> {
    put(app, id, None, By::Person(actor)).await
}

/// The picture in force, as PNG; None for somebody without one.
///
/// # Errors
/// As the disk says.
pub async fn open(app: &App, user: &User) -> std::io::Result<Option<Vec<u8>>> {
    if user.picture_at == Millis(0) { Ok(None) } else { app.disk.portrait(&user.id, user.picture_at).await }
}

/// Takes a picture from the server of the person it shows, whose id on the wire is `wire_id`. The same again is no news.
///
/// # Errors
/// [`Error::NotOwner`] before anything is read; otherwise as [`set`].
pub async fn apply<E>(
    app: &App,
    actor: &RemoteActor,
    wire_id: &UserId,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(), Error> {
    let remote = actor.id();
    let mut view = app.db.read(app.clock.now()).await?;
    let id = users::alias(&mut view, &remote, wire_id).await?.unwrap_or(*wire_id);
    let known = users::get(&mut view, &id).await?.ok_or(Error::NotOwner)?;
    owned(&mut view, &known, &remote).await?;
    drop(view);
    let picture = receive(app, content).await?;
    if known.picture_at != Millis(0)
        && app.disk.portrait(&id, known.picture_at).await?.is_some_and(|before| before == picture)
    {
        return Ok(());
    }
    put(app, &id, Some(&picture), By::Peer(&remote)).await
}

/// Who changes a picture.
#[derive(Clone, Copy)]
enum By<'a> {
    Person(&'a SessionUser),
    Peer(&'a RemoteId),
}

impl By<'_> {
    fn origin(self) -> Origin {
        match self {
            By::Person(_) => Origin::Local,
            By::Peer(remote) => Origin::Remote(*remote),
        }
    }

    async fn may(self, app: &App, tx: &mut Tx, user: &User) -> Result<(), Error> {
        match self {
            By::Person(actor) => Ok(may_edit(app, actor, user)?),
            By::Peer(remote) => owned(tx, user, remote).await,
        }
    }
}

/// Demands that a connection owns a person; and of one it tells of as a middle server, that it is still the home of a
/// channel of ours (ruling 53).
async fn owned(view: &mut rialto_store::Snapshot, user: &User, remote: &RemoteId) -> Result<(), Error> {
    if user.remote_id != Some(*remote) {
        return Err(Error::NotOwner);
    }
    let relayed = user.props.contains_key(crate::apply::RELAYED);
    if relayed && !shares::list_of_remote(view, remote, false).await?.iter().any(|share| !share.home) {
        return Err(Error::NotOwner);
    }
    Ok(())
}

/// Bytes on the disk, then the picture made of them; the bytes go again whatever becomes of it.
async fn receive<E>(app: &App, content: impl Stream<Item = Result<Bytes, E>>) -> Result<Vec<u8>, Error> {
    let max = app.settings.get().files.max_bytes;
    let upload = app.ids.id(ItemId::from_random);
    let writer = app.disk.claim(&upload).ok_or(Error::Busy)?;
    let made = match writer.append(content, max.unsigned_abs()).await {
        Ok(Written::Upto(0)) => Err(Error::NoPicture),
        Ok(Written::Upto(_)) => portraits::make(writer.path()).await.map_err(Error::from),
        Ok(Written::TooMuch) => Err(Error::TooLarge { max }),
        Ok(Written::BrokenOff(_)) => Err(Error::BrokenOff),
        Err(error) => Err(error.into()),
    };
    app.disk.drop_upload(&upload).await?;
    made
}

/// Puts a picture in force, or none. Its bytes are on the disk under the time it will have before the row says so.
async fn put(app: &App, id: &UserId, picture: Option<&[u8]>, by: By<'_>) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let now = app.clock.now();
        let before = users::get(&mut app.db.read(now).await?, id).await?.ok_or(super::Error::Absent)?;
        let at = before.picture_at.next_version(now);
        if let Some(bytes) = picture {
            app.disk.keep_portrait(id, at, bytes, app.ids.id(ItemId::from_random)).await?;
        }
        let mut tx = app.db.begin(now).await?;
        let user = users::get_for_update(&mut tx, id).await?.ok_or(super::Error::Absent)?;
        if let Err(refused) = by.may(app, &mut tx, &user).await {
            drop(tx);
            // Unless somebody else put one in force under the same time.
            if user.picture_at != at {
                app.disk.drop_portrait(id, at).await?;
            }
            return Err(refused);
        }
        if picture.is_none() && user.picture_at == Millis(0) {
            return Ok(());
        }
        // Somebody was faster: theirs is replaced by a later version.
        if user.picture_at >= at {
            continue;
        }
        pictures::set(&mut tx, id, at, user.update_at.next_version(now)).await?;
        tx.record(Scope::Server, by.origin(), DomainEvent::UserUpdated { user: *id });
        tx.commit().await?;
        app.sessions.forget_user(id);
        if user.picture_at > Millis(0) {
            app.disk.drop_portrait(id, user.picture_at).await?;
        }
        return Ok(());
    }
    Err(Error::Busy)
}

/// The next picture a peer is owed.
#[derive(Debug, Clone)]
pub struct Due {
    /// Whose, here.
    pub user: UserId,
    /// Whose, as the peer calls them.
    pub wire_id: UserId,
    /// Which version.
    pub picture_at: Millis,
    /// PNG.
    pub bytes: Vec<u8>,
}

/// The next picture a peer is owed: of somebody it knows and does not own, in a version it does not have.
///
/// # Errors
/// [`Error::Disk`], [`Error::Store`].
pub async fn due(app: &App, remote: &RemoteId) -> Result<Option<Due>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some((user, picture_at)) = pictures::due(&mut view, remote, 1).await?.pop() else { return Ok(None) };
    let wire_id = users::wire_id(&mut view, &user).await?.unwrap_or(user);
    drop(view);
    let bytes = match app.disk.portrait(&user, picture_at).await? {
        Some(bytes) => bytes,
        None => portraits::nobody()?,
    };
    Ok(Some(Due { user, wire_id, picture_at, bytes }))
}

/// Notes that a peer has a version, or does not want it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn told(app: &App, remote: &RemoteId, due: &Due, left: &Batch) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    ledger::append(&mut tx, left).await?;
    pictures::set_told(&mut tx, remote, &due.user, due.picture_at).await?;
    tx.commit().await
}
