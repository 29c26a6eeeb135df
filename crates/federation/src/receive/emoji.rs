//! Emoji of another Rialto: announced and received as files are. Source: ruling 8.8.

use axum::BoxError;
use axum::body::Bytes;
use futures_util::Stream;
use rialto_app::access::RemoteActor;
use rialto_app::emoji::peers::{self, Announced, Refusal};
use rialto_model::{EmojiUpload, ItemId};
use rialto_wire::federation::frame::Envelope;
use rialto_wire::federation::upload::{EMOJI, FileInfo, UploadSession};

use super::reply::Reply;
use super::upload::refuse;
use crate::Federation;

/// Takes the announcement of an emoji.
pub(super) async fn announce(fed: &Federation, actor: &RemoteActor, session: UploadSession) -> Result<Envelope, Reply> {
    let announced = Announced {
        file_id: session.req_file_id,
        creator: session.user_id,
        name: session.filename,
        size: session.file_size,
        sha256: session.rialto.map(|extra| extra.sha256).unwrap_or_default(),
    };
    match peers::announce(&fed.app, actor, announced).await {
        Ok((upload, received)) => Ok(Envelope::ok(&UploadSession {
            id: upload.id,
            kind: EMOJI.to_owned(),
            create_at: upload.create_at,
            user_id: upload.creator_id,
            channel_id: None,
            filename: upload.name,
            file_size: upload.size,
            file_offset: received,
            remote_id: Some(upload.remote_id),
            req_file_id: upload.file_id,
            rialto: None,
        })),
        Err(refusal) => {
            let code = match &refusal {
                Refusal::Policy(_) => "policy",
                Refusal::Off => "disabled",
                Refusal::NotShared => "not_shared",
                Refusal::Name | Refusal::Picture | Refusal::Hash | Refusal::Unknown => "invalid",
                Refusal::TooLarge => "too_large",
                Refusal::NotOwner => "not_owner",
                Refusal::Quota => "quota",
                Refusal::Busy | Refusal::Disk(_) | Refusal::Store(_) => return Err(refusal.into()),
            };
            refuse(fed, actor, None, &refusal.to_string(), code).await
        }
    }
}

/// The emoji upload of this id, if it is one of the connection's.
pub(super) async fn find(fed: &Federation, actor: &RemoteActor, id: &ItemId) -> Result<Option<EmojiUpload>, Reply> {
    match peers::find(&fed.app, actor, id).await {
        Ok(upload) => Ok(Some(upload)),
        Err(Refusal::Unknown) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Takes the bytes of an emoji: what a complete one is answered with; None as long as some are missing.
pub(super) async fn take(
    fed: &Federation,
    actor: &RemoteActor,
    upload: &EmojiUpload,
    content: impl Stream<Item = Result<Bytes, BoxError>>,
) -> Result<Option<FileInfo>, Reply> {
    if !peers::receive(&fed.app, actor, upload, content).await? {
        return Ok(None);
    }
    Ok(Some(FileInfo {
        id: upload.file_id,
        user_id: upload.creator_id.to_string(),
        post_id: String::new(),
        channel_id: String::new(),
        create_at: upload.create_at,
        update_at: upload.create_at,
        delete_at: 0,
        name: upload.name.clone(),
        extension: String::new(),
        size: upload.size,
        mime_type: String::new(),
        mini_preview: None,
        remote_id: Some(upload.remote_id),
    }))
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Name | Refusal::Picture | Refusal::TooLarge => Reply::BadPicture,
            Refusal::Hash => Reply::BadPayload,
            Refusal::Busy => Reply::UploadBusy,
            Refusal::Unknown | Refusal::NotOwner => Reply::NoUpload,
            Refusal::Store(error) => error.into(),
            // The share or a setting has just changed; a later announcement is told.
            Refusal::Disk(error) => (&error).into(),
            Refusal::Policy(_) | Refusal::Off | Refusal::NotShared | Refusal::Quota => {
                tracing::warn!(%refusal, "a peer's emoji cannot be taken now");
                Reply::Later
            }
        }
    }
}
