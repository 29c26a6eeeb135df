//! Emoji of peers: taken, kept beside ours, shown in the channels shared with that peer, and taken away again.
//!
//! They are no emoji of ours: no list, no search and no picker of ours holds them, and where a name is ours our picture
//! is shown (E-149). Source: behaviour 8.2, ruling 8.8, G-50.

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::emoji::{MAX_BYTES, check_custom_name};
use rialto_model::{
    ChannelId, DomainEvent, EmojiUpload, FileId, ItemId, PeerEmoji, RemoteCluster, Rule, Scope, UserId,
};
use rialto_store::{StoreError, Tx, peer_emoji as rows, remotes, shares, users};

use super::picture;
use crate::App;
use crate::access::{self, Denied, RemoteActor, SessionUser};
use crate::connections::policies;
use crate::files::disk::Written;

/// Emoji that are kept of one connection.
const MOST: i64 = 2_000;

/// An emoji a peer announces.
#[derive(Debug, Clone)]
pub struct Announced {
    /// What the peer calls the picture.
    pub file_id: FileId,
    /// Who made it there, by the id on the wire.
    pub creator: UserId,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Lower-case hex.
    pub sha256: String,
}

/// Why a peer's emoji is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Switched off here.
    #[error("emoji are not taken here")]
    Off,
    /// Nothing is shared with the peer.
    #[error("not shared")]
    NotShared,
    /// Not a name an emoji may have: wrong characters, or built in.
    #[error("not the name of a custom emoji")]
    Name,
    /// No bytes, or too many, or no picture.
    #[error("unusable picture")]
    Picture,
    /// Larger than 512 KiB.
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Its creator is somebody else's.
    #[error("not the peer's to send")]
    NotOwner,
    /// The peer has as many as are kept.
    #[error("too many emoji")]
    Quota,
    /// There is no such upload.
    #[error("no such upload")]
    Unknown,
    /// A rule of the connection forbids it (behaviour 8.6).
    #[error("a rule of this connection forbids it: {0}")]
    Policy(Rule),
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

/// Whether the peer may bring emoji at all.
async fn demand(app: &App, view: &mut rialto_store::Snapshot, actor: &RemoteActor) -> Result<(), Refusal> {
    if !app.settings.get().emoji_sync_enabled() {
        return Err(Refusal::Off);
    }
    if !policies::within(view, &actor.id()).await?.emoji {
        return Err(Refusal::Policy(Rule::Emoji));
    }
    if shares::list_of_remote(view, &actor.id(), false).await?.is_empty() {
        return Err(Refusal::NotShared);
    }
    Ok(())
}

/// Takes an announcement. The same one again answers the same upload, with the bytes that are here.
///
/// # Errors
/// [`Refusal`]; nothing is kept then.
pub async fn announce(app: &App, actor: &RemoteActor, new: Announced) -> Result<(EmojiUpload, i64), Refusal> {
    let remote_id = actor.id();
    let mut tx = app.db.begin(app.clock.now()).await?;
    demand(app, &mut tx, actor).await?;
    check_custom_name(&new.name).map_err(|_| Refusal::Name)?;
    if new.size > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    if new.size < 1 || new.sha256.is_empty() {
        return Err(Refusal::Picture);
    }
    let creator_id = users::alias(&mut tx, &remote_id, &new.creator).await?.unwrap_or(new.creator);
    if users::get(&mut tx, &creator_id).await?.is_some_and(|user| user.remote_id != Some(remote_id)) {
        return Err(Refusal::NotOwner);
    }
    if rows::get(&mut tx, &remote_id, &new.name).await?.is_none() && rows::count(&mut tx, &remote_id).await? >= MOST {
        return Err(Refusal::Quota);
    }
    if let Some(known) = rows::get_upload_of(&mut tx, &remote_id, &new.name).await? {
        if known.file_id == new.file_id && known.size == new.size && known.sha256 == new.sha256 {
            drop(tx);
            let received = received(app, &known).await?;
            return Ok((known, received));
        }
        // Another picture under the name: the latest wins.
        let _writer = app.disk.claim(&known.id).ok_or(Refusal::Busy)?;
        app.disk.drop_upload(&known.id).await?;
    }
    let upload = EmojiUpload {
        // Ours, so that no peer chooses the name of a file on our disk that may be another's.
        id: app.ids.id(ItemId::from_random),
        file_id: new.file_id,
        remote_id,
        name: new.name,
        creator_id,
        size: new.size,
        sha256: new.sha256,
        create_at: tx.now(),
        is_done: false,
    };
    rows::put_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    Ok((upload, 0))
}

async fn received(app: &App, upload: &EmojiUpload) -> std::io::Result<i64> {
    if upload.is_done {
        return Ok(upload.size);
    }
    Ok(i64::try_from(app.disk.received(&upload.id).await?).unwrap_or(i64::MAX).min(upload.size))
}

/// The upload of this id, if it is an emoji of the connection.
///
/// # Errors
/// [`Refusal::Unknown`]; those of others are as unknown as none (INV-9).
pub async fn find(app: &App, actor: &RemoteActor, id: &ItemId) -> Result<EmojiUpload, Refusal> {
    let found = rows::get_upload(&mut app.db.read(app.clock.now()).await?, id).await?;
    found.filter(|upload| upload.remote_id == actor.id()).ok_or(Refusal::Unknown)
}

/// Takes the bytes of an announced emoji; true once all are here and it is in force. Records
/// [`DomainEvent::PeerEmojiChanged`] for every channel where it is seen.
///
/// # Errors
/// [`Refusal`]; what is no picture is forgotten.
pub async fn receive<E>(
    app: &App,
    actor: &RemoteActor,
    upload: &EmojiUpload,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<bool, Refusal> {
    if upload.is_done {
        return Ok(true);
    }
    demand(app, &mut app.db.read(app.clock.now()).await?, actor).await?;
    let writer = app.disk.claim(&upload.id).ok_or(Refusal::Busy)?;
    match writer.append(content, upload.size.unsigned_abs()).await? {
        Written::Upto(at) if at < upload.size.unsigned_abs() => return Ok(false),
        Written::BrokenOff(_) => return Ok(false),
        Written::Upto(_) | Written::TooMuch => {}
    }
    if writer.sha256().await? != upload.sha256 {
        writer.restart().await?;
        return Err(Refusal::Hash);
    }
    let made = picture::make(writer.path()).await;
    writer.restart().await?;
    let made = match made {
        Ok(made) => made,
        Err(picture::Unusable::Failed(error)) => return Err(error.into()),
        Err(_) => {
            let mut tx = app.db.begin(app.clock.now()).await?;
            rows::delete_upload(&mut tx, &upload.remote_id, &upload.name).await?;
            tx.commit().await?;
            return Err(Refusal::Picture);
        }
    };
    let emoji = PeerEmoji {
        remote_id: upload.remote_id,
        name: upload.name.clone(),
        id: app.ids.id(ItemId::from_random),
        creator_id: upload.creator_id,
        mime_type: made.mime_type.to_owned(),
        update_at: app.clock.now(),
    };
    app.disk.keep_emoji(&emoji.id, &made.bytes, upload.id).await?;
    match put(app, actor, upload, &emoji).await {
        Ok(before) => {
            if let Some(before) = before {
                app.disk.drop_emoji(&before.id).await?;
            }
            Ok(true)
        }
        Err(refusal) => {
            app.disk.drop_emoji(&emoji.id).await?;
            Err(refusal)
        }
    }
}

/// Puts an emoji in force; answers the one it replaced.
async fn put(
    app: &App,
    actor: &RemoteActor,
    upload: &EmojiUpload,
    emoji: &PeerEmoji,
) -> Result<Option<PeerEmoji>, Refusal> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    demand(app, &mut tx, actor).await?;
    // Announced anew, or taken away, while this was on its way.
    if rows::get_upload(&mut tx, &upload.id).await?.is_none() {
        return Err(Refusal::Unknown);
    }
    let before = rows::get(&mut tx, &emoji.remote_id, &emoji.name).await?;
    rows::put(&mut tx, emoji).await?;
    rows::finish_upload(&mut tx, &upload.id).await?;
    tell(&mut tx, actor).await?;
    tx.commit().await?;
    Ok(before)
}

/// Takes a peer's emoji away, as the peer says. One it does not have is none (idempotent).
///
/// # Errors
/// [`Refusal::Disk`], [`Refusal::Store`].
pub async fn removed(app: &App, actor: &RemoteActor, name: &str) -> Result<(), Refusal> {
    let remote = actor.id();
    let mut tx = app.db.begin(app.clock.now()).await?;
    rows::delete_upload(&mut tx, &remote, name).await?;
    let Some(before) = rows::get(&mut tx, &remote, name).await? else { return Ok(tx.commit().await?) };
    rows::delete(&mut tx, &remote, name).await?;
    tell(&mut tx, actor).await?;
    tx.commit().await?;
    Ok(app.disk.drop_emoji(&before.id).await?)
}

async fn tell(tx: &mut Tx, actor: &RemoteActor) -> Result<(), StoreError> {
    let remote = actor.id();
    for share in shares::list_of_remote(tx, &remote, false).await? {
        let channel = share.channel_id;
        let origin = rialto_model::Origin::Remote(remote);
        tx.record(Scope::Channel(channel), origin, DomainEvent::PeerEmojiChanged { channel, remote });
    }
    Ok(())
}

/// The emoji of other organisations that are seen in a channel, each with its connection; by name.
///
/// # Errors
/// [`Denied`] unless the actor may read the channel.
pub async fn of_channel(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
) -> Result<Vec<(PeerEmoji, RemoteCluster)>, Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    if !app.settings.get().emoji_sync_enabled() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for emoji in rows::of_channel(&mut view, channel).await? {
        if let Some(remote) = remotes::get(&mut view, &emoji.remote_id).await? {
            found.push((emoji, remote));
        }
    }
    Ok(found)
}

/// The picture of an emoji that is seen in a channel, and its media type.
///
/// # Errors
/// [`super::Error::Denied`] unless the actor may read the channel and the emoji is seen there.
pub async fn image(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    id: &ItemId,
) -> Result<(String, Vec<u8>), super::Error> {
    let seen = of_channel(app, actor, channel).await?;
    let (emoji, _) = seen.into_iter().find(|(emoji, _)| emoji.id == *id).ok_or(Denied::Absent("emoji"))?;
    let bytes = app.disk.emoji(id).await?.ok_or(Denied::Absent("emoji"))?;
    Ok((emoji.mime_type, bytes))
}
