//! What has to be done for a line before its transaction, because none waits for the disk or a computation: bytes of files
//! and pictures, hashes of passwords. What a refused line leaves behind are bytes without a row.

use std::collections::BTreeSet;
use std::io;

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::bulk::{Bot, Line, Post, User};
use rialto_model::file::safe_name;
use rialto_model::post::MAX_FILES;
use rialto_model::{ChannelId, ChannelKind, FileId, FileInfo, ItemId, Millis, Upload, UserId};
use rialto_store::{Snapshot, StoreError, channels, emoji, imports, teams, users};

use super::{Refused, refused};
use crate::bulk::archive::Archive;
use crate::emoji::picture;
use crate::files::disk::Written;
use crate::files::{self, portraits};
use crate::{App, direct_channels, passwords};

/// A picture of a person that lies on the disk under this id and time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portrait {
    pub(super) at: Millis,
}

/// What was prepared for one line.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// The id an account gets if there is none of its name yet, or has.
    pub(super) user: Option<UserId>,
    /// It is there already.
    known: bool,
    /// PHC string.
    pub(super) hash: String,
    pub(super) portrait: Option<Portrait>,
    /// Id and media type.
    pub(super) emoji: Option<(ItemId, &'static str)>,
    /// Files of the message, then of each of its replies; without channel, author and post. Empty if none has any.
    pub(super) files: Vec<Vec<FileInfo>>,
}

pub(super) async fn prepare(app: &App, archive: &Archive, line: &Line) -> Result<Prepared, Refused> {
    let mut prepared = Prepared::default();
    if let Some(one) = &line.emoji {
        prepared.emoji = picture_of(app, archive, &one.name, &one.image).await?;
    } else if let Some(user) = &line.user {
        person(app, archive, user, &mut prepared).await?;
    } else if let Some(Bot { username, profile_image, .. }) = &line.bot {
        portrait(app, archive, username, profile_image.as_deref(), &mut prepared).await?;
    } else if let Some(post) = line.post.as_ref().or(line.direct_post.as_ref()) {
        attachments(app, archive, post, &mut prepared).await?;
    }
    Ok(prepared)
}

fn disk(error: impl std::fmt::Display) -> Refused {
    Refused::Why(format!("the disk failed: {error}"))
}

/// A file of the archive whole under an upload of its own, for `work` to look at; it is gone afterwards unless it was kept.
async fn bytes(
    app: &App,
    content: impl Stream<Item = io::Result<Bytes>>,
    path: &str,
    max: i64,
) -> Result<(ItemId, files::disk::Writer, i64), Refused> {
    let upload = app.ids.id(ItemId::from_random);
    let Some(writer) = app.disk.claim(&upload) else { return refused("the file is being written") };
    let broken = match writer.append(content, max.unsigned_abs()).await.map_err(disk)? {
        Written::Upto(length) => return Ok((upload, writer, i64::try_from(length).unwrap_or(i64::MAX))),
        Written::TooMuch => format!("{path:?} is larger than {max} bytes"),
        Written::BrokenOff(_) => format!("{path:?} cannot be read from the archive"),
    };
    app.disk.drop_upload(&upload).await.map_err(disk)?;
    refused(broken)
}

async fn picture_of(
    app: &App,
    archive: &Archive,
    name: &str,
    path: &str,
) -> Result<Option<(ItemId, &'static str)>, Refused> {
    let taken = !emoji::by_names(&mut app.db.read(app.clock.now()).await?, [name]).await?.is_empty();
    if taken || rialto_model::emoji::check_custom_name(name).is_err() {
        return Ok(None);
    }
    let content = archive.file(path).await.map_err(Refused::Why)?;
    let (upload, writer, _) = bytes(app, content, path, rialto_model::emoji::MAX_BYTES).await?;
    let made = picture::make(writer.path()).await;
    app.disk.drop_upload(&upload).await.map_err(disk)?;
    let made = made.map_err(|error| Refused::Why(format!("{path:?}: {error}")))?;
    let id = app.ids.id(ItemId::from_random);
    app.disk.keep_emoji(&id, &made.bytes, upload).await.map_err(disk)?;
    Ok(Some((id, made.mime_type)))
}

async fn person(app: &App, archive: &Archive, user: &User, prepared: &mut Prepared) -> Result<(), Refused> {
    portrait(app, archive, &user.username, user.profile_image.as_deref(), prepared).await?;
    let password = user.password.as_deref().filter(|password| !password.is_empty());
    if let Some(password) = password.filter(|_| !prepared.known) {
        passwords::check(&app.settings.get(), password).map_err(|error| Refused::Why(format!("password {error}")))?;
        loop {
            // Others who sign in go first.
            match app.passwords.hash(&app.ids, password).await {
                Ok(hash) => {
                    prepared.hash = hash;
                    break;
                }
                Err(passwords::Overloaded) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    }
    Ok(())
}

/// Looks up an account and puts its picture on the disk, unless it is the one it has. Leaves the id of an account that is
/// there, or of the one that will be made if it gets a picture.
async fn portrait(
    app: &App,
    archive: &Archive,
    username: &str,
    path: Option<&str>,
    prepared: &mut Prepared,
) -> Result<(), Refused> {
    let mut view = app.db.read(app.clock.now()).await?;
    let known = users::get_by_username(&mut view, &username.trim().to_lowercase()).await?;
    drop(view);
    (prepared.user, prepared.known) = (known.as_ref().map(|user| user.id), known.is_some());
    let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(()) };
    let content = archive.file(path).await.map_err(Refused::Why)?;
    let (upload, writer, _) = bytes(app, content, path, app.settings.get().files.max_bytes).await?;
    let made = portraits::make(writer.path()).await;
    app.disk.drop_upload(&upload).await.map_err(disk)?;
    let made = made.map_err(|error| Refused::Why(format!("{path:?}: {error}")))?;
    let before = known.as_ref().map_or(Millis(0), |user| user.picture_at);
    let id = prepared.user.unwrap_or_else(|| app.ids.id(UserId::from_random));
    if before > Millis(0) && app.disk.portrait(&id, before).await.map_err(disk)?.as_ref() == Some(&made) {
        return Ok(());
    }
    let at = before.next_version(app.clock.now());
    app.disk.keep_portrait(&id, at, &made, upload).await.map_err(disk)?;
    (prepared.user, prepared.portrait) = (Some(id), Some(Portrait { at }));
    Ok(())
}

async fn attachments(app: &App, archive: &Archive, post: &Post, prepared: &mut Prepared) -> Result<(), Refused> {
    let replies = post.replies.iter().flatten();
    if std::iter::once(post).chain(replies.clone()).all(|one| one.attachments.as_ref().is_none_or(Vec::is_empty)) {
        return Ok(());
    }
    let channel = known_channel(&mut app.db.read(app.clock.now()).await?, post).await?;
    for one in std::iter::once(post).chain(replies) {
        let list = one.attachments.as_deref().unwrap_or_default();
        if list.len() > MAX_FILES {
            return refused(format!("a message has more than {MAX_FILES} files"));
        }
        let mut kept = Vec::new();
        let known = match channel.filter(|_| !list.is_empty()) {
            Some(channel) => is_there(&mut app.db.read(app.clock.now()).await?, &channel, one).await?,
            None => false,
        };
        for attachment in list.iter().filter(|_| !known) {
            kept.push(file(app, archive, &attachment.path).await?);
        }
        prepared.files.push(kept);
    }
    Ok(())
}

/// The channel of a message, if it is there.
async fn known_channel(view: &mut Snapshot, post: &Post) -> Result<Option<ChannelId>, StoreError> {
    match (&post.team, &post.channel, &post.channel_members) {
        (Some(team), Some(channel), _) => {
            let Some(team) = teams::get_by_name(view, &team.trim().to_lowercase()).await? else { return Ok(None) };
            Ok(channels::get_by_name(view, Some(&team.id), channel).await?.map(|channel| channel.id))
        }
        (_, _, Some(members)) => {
            let names = super::places::sorted(members);
            let people: BTreeSet<UserId> =
                users::list_by_usernames(view, &names).await?.into_iter().map(|user| user.id).collect();
            let kind = if names.len() < 3 { ChannelKind::Direct } else { ChannelKind::Group };
            let name = direct_channels::name(kind, &people);
            Ok(channels::get_by_name(view, None, &name).await?.map(|channel| channel.id))
        }
        _ => Ok(None),
    }
}

async fn is_there(view: &mut Snapshot, channel: &ChannelId, post: &Post) -> Result<bool, Refused> {
    let Some(author) = users::get_by_username(view, &post.user.trim().to_lowercase()).await? else { return Ok(false) };
    let found = imports::standing(view, channel, &author.id, Millis(post.create_at)).await?;
    Ok(super::posts::same(&found, &post.message).is_some())
}

async fn file(app: &App, archive: &Archive, path: &str) -> Result<FileInfo, Refused> {
    let Some(name) = safe_name(path) else { return refused(format!("{path:?} has no usable file name")) };
    let content = archive.file(path).await.map_err(Refused::Why)?;
    let (id, writer, size) = bytes(app, content, path, app.settings.get().files.max_bytes).await?;
    let upload = Upload {
        id,
        file_id: app.ids.id(FileId::from_random),
        user_id: app.system_user,
        channel_id: ChannelId::from_random([0; 16]),
        remote_id: None,
        name,
        size,
        sha256: String::new(),
        create_at: app.clock.now(),
        is_done: false,
    };
    files::identify(app, &writer, &upload).await.map_err(|error| match error {
        files::Error::Store(error) => Refused::Store(error),
        other => Refused::Why(format!("{path:?}: {other}")),
    })
}
