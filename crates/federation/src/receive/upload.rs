//! Files of peers: announced by a message, then received as a stream. Source: wire 3.8, 5.10, ruling 8.7.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use rialto_app::access::RemoteActor;
use rialto_app::apply;
use rialto_app::files::Progress;
use rialto_app::files::arriving::{self, Announced, Refusal};
use rialto_model::{ItemId, PeerProfile, Upload};
use rialto_wire::federation::frame::Envelope;
use rialto_wire::federation::topic;
use rialto_wire::federation::upload::{ATTACHMENT, EMOJI, FileInfo, UploadSession};
use serde_json::value::RawValue;

use super::reply::{self, Reply};
use super::{authenticate, emoji, noted};
use crate::Federation;

/// The first part of a file in several ones must have so many bytes, unless another Rialto sends it (wire 3.8).
const FIRST_PART: i64 = 5 << 20;

/// Takes an announcement and answers the session by which the bytes are sent.
pub(super) async fn announce(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    let session = match UploadSession::decode(payload) {
        Ok(session) => session,
        Err(refusal) => return refuse(fed, actor, None, &refusal.to_string(), "invalid").await,
    };
    if session.kind == EMOJI {
        return emoji::announce(fed, actor, session).await;
    }
    let Some(channel) = session.channel_id else {
        return refuse(fed, actor, None, "the upload names no channel", "invalid").await;
    };
    let announced = Announced {
        id: session.id,
        file_id: session.req_file_id,
        user_id: session.user_id,
        channel,
        name: session.filename,
        size: session.file_size,
        sha256: session.rialto.as_ref().map(|extra| extra.sha256.clone()).unwrap_or_default(),
        resumes: session.rialto.is_some(),
    };
    match arriving::announce(&fed.app, actor, announced).await {
        Ok((upload, received)) => Ok(Envelope::ok(&session_of(&upload, received))),
        Err(refusal) => {
            let code = match &refusal {
                Refusal::NotShared => "not_shared",
                Refusal::ReadOnly => "read_only",
                Refusal::Policy(_) => "policy",
                Refusal::Off => "disabled",
                Refusal::TooLarge { .. } => "too_large",
                Refusal::TypeBlocked { .. } => "type_blocked",
                Refusal::Invalid | Refusal::Hash | Refusal::Unknown => "invalid",
                Refusal::NotOwner => "not_owner",
                // May work later: never FAIL (ruling 28).
                Refusal::Quota | Refusal::Busy | Refusal::Disk(_) | Refusal::Store(_) => return Err(later(refusal)),
            };
            refuse(fed, actor, Some(channel), &refusal.to_string(), code).await
        }
    }
}

fn later(refusal: Refusal) -> Reply {
    tracing::warn!(%refusal, "a peer's file cannot be taken now");
    match refusal {
        Refusal::Disk(error) => (&error).into(),
        Refusal::Store(error) => error.into(),
        _ => Reply::Later,
    }
}

pub(super) async fn refuse(
    fed: &Federation,
    actor: &RemoteActor,
    channel: Option<rialto_model::ChannelId>,
    text: &str,
    code: &str,
) -> Result<Envelope, Reply> {
    apply::note_refused_frame(&fed.app, actor, topic::UPLOAD, channel, code).await?;
    Ok(Envelope::fail(text).with_code(code))
}

fn session_of(upload: &Upload, received: i64) -> UploadSession {
    UploadSession {
        id: upload.id,
        kind: ATTACHMENT.to_owned(),
        create_at: upload.create_at,
        user_id: upload.user_id,
        channel_id: Some(upload.channel_id),
        filename: upload.name.clone(),
        file_size: upload.size,
        file_offset: received,
        remote_id: upload.remote_id,
        req_file_id: upload.file_id,
        rialto: None,
    }
}

/// Takes the bytes of an announced file: all, or the next ones.
pub(super) async fn upload(State(fed): State<Federation>, Path(id): Path<String>, request: Request) -> Response {
    let mut partial = false;
    let mut response = reply::answer(&fed, async {
        let actor = authenticate(&fed, request.headers()).await?;
        let taken = noted(&fed, &actor, "upload", async {
            let id = ItemId::parse(&id).map_err(|_| Reply::NoUpload)?;
            take(&fed, &actor, &id, request).await
        });
        let info = taken.await?;
        partial = info.is_none();
        Ok(info.map(|info| serde_json::to_string(&info).unwrap_or_default()).unwrap_or_default())
    })
    .await;
    if partial {
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// The file once it is complete; None before that.
async fn take(fed: &Federation, actor: &RemoteActor, id: &ItemId, request: Request) -> Result<Option<FileInfo>, Reply> {
    if !fed.app.settings.get().sharing_enabled() {
        return Err(Reply::Later);
    }
    if let Some(upload) = emoji::find(fed, actor, id).await? {
        return emoji::take(fed, actor, &upload, body(request.into_body())).await;
    }
    if !fed.app.settings.get().files.enabled {
        return Err(Reply::FilesOff);
    }
    let (upload, before) = arriving::find(&fed.app, actor, id).await?;
    let length = content_length(request.headers());
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/"));
    if !is_multipart && !upload.is_done && length.is_some_and(|length| length > upload.size - before) {
        return Err(Reply::UploadLength);
    }
    let whole_first = actor.remote().profile != PeerProfile::Rialto && before == 0;
    let content = if is_multipart { first_part(request).await? } else { body(request.into_body()).boxed() };
    let progress = arriving::receive(&fed.app, actor, id, content).await?;
    match progress {
        Progress::At(at) if whole_first && at < FIRST_PART => {
            arriving::restart(&fed.app, actor, id).await?;
            Err(Reply::FirstPart)
        }
        Progress::At(_) => Ok(None),
        Progress::Done(file) => Ok(Some(FileInfo::from(&*file))),
    }
}

fn content_length(headers: &HeaderMap) -> Option<i64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

type Content = stream::BoxStream<'static, Result<Bytes, axum::BoxError>>;

fn body(body: Body) -> impl Stream<Item = Result<Bytes, axum::BoxError>> + Send + 'static {
    body.into_data_stream().map(|chunk| chunk.map_err(axum::BoxError::from))
}

/// Of several parts only the first one is read.
async fn first_part(request: Request) -> Result<Content, Reply> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Reply::BadPayload)?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, axum::BoxError>>(1);
    // A part borrows the whole, so the whole lives in a task of its own, which ends with its reader.
    tokio::spawn(async move {
        let mut part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return,
            Err(error) => {
                let _ = sender.send(Err(error.into())).await;
                return;
            }
        };
        while let Some(chunk) = part.chunk().await.transpose() {
            if sender.send(chunk.map_err(axum::BoxError::from)).await.is_err() {
                return;
            }
        }
    });
    let chunks = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|chunk| (chunk, receiver)));
    Ok(chunks.fuse().boxed())
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Reply::NoUpload,
            // Uploads of others look like credentials of others (wire 3.8).
            Refusal::NotOwner | Refusal::NotShared | Refusal::ReadOnly => Reply::OtherUpload,
            Refusal::Off => Reply::FilesOff,
            Refusal::TooLarge { .. } => Reply::TooLarge,
            Refusal::Policy(_) | Refusal::TypeBlocked { .. } | Refusal::Invalid | Refusal::Hash => Reply::BadPayload,
            Refusal::Busy => Reply::UploadBusy,
            Refusal::Quota | Refusal::Disk(_) | Refusal::Store(_) => later(refusal),
        }
    }
}
