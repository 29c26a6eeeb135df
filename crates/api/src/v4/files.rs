//! Files: uploading, reading, pictures made of them. Source: client-api 5.6.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::Stream;
use rialto_app::SessionUser;
use rialto_app::files::{self, Error, Progress, disk, pictures};
use rialto_model::{ChannelId, FileId, FileInfo as File, ItemId, PostId};
use rialto_wire::v4::files::{FileInfo, NewUpload, UploadSession, UploadedFiles};
use rialto_wire::v4::jobs::AnySession;
use serde::Deserialize;

use super::{id_lists, shelves};
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

/// Bytes of the texts in a multipart upload.
const MAX_TEXT: usize = 4 << 10;

pub fn routes() -> Router<Api> {
    // How much may come, the settings say; it is never in memory as a whole.
    let upload = post(upload).layer(DefaultBodyLimit::disable());
    let session = get(session).post(receive).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/files", upload)
        .route("/files/{file_id}", get(content))
        .route("/files/{file_id}/thumbnail", get(thumbnail))
        .route("/files/{file_id}/preview", get(preview))
        .route("/files/{file_id}/info", get(info))
        .route("/files/{file_id}/link", get(link))
        .route("/posts/{post_id}/files/info", get(of_post))
        .route("/uploads", post(begin))
        .route("/uploads/{upload_id}", session)
        .route("/users/{user_id}/uploads", get(sessions))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UploadQuery {
    channel_id: String,
    filename: String,
    client_id: String,
}

async fn upload(
    State(api): State<Api>,
    Session(actor): Session,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, ApiJson<UploadedFiles>), ApiError> {
    if !api.app.settings.get().files.enabled {
        return Err(Error::Off.into());
    }
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/"));
    let uploaded = if is_multipart {
        let parts = Multipart::from_request(request, &api).await.map_err(|_| ApiError::body_param("files"))?;
        upload_parts(&api, &actor, query, parts).await?
    } else {
        let channel: ChannelId = id_lists::one(&query.channel_id, "channel_id")?;
        let file = files::take(&api.app, &actor, &channel, &query.filename, body(request.into_body())).await?;
        UploadedFiles { file_infos: vec![FileInfo::from(&file)], client_ids: vec![query.client_id] }
    };
    Ok((StatusCode::CREATED, ApiJson(uploaded)))
}

fn body(body: Body) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
    body.into_data_stream()
}

/// Reads the parts as they come: `channel_id`, then any number of `files` with as many `client_ids`.
async fn upload_parts(
    api: &Api,
    actor: &SessionUser,
    query: UploadQuery,
    mut parts: Multipart,
) -> Result<UploadedFiles, ApiError> {
    let mut channel = query.channel_id;
    let mut uploaded = UploadedFiles::default();
    // A file may come before the part that says where it goes; it waits here if it is small enough to.
    let mut early: Vec<(String, Bytes)> = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| ApiError::body_param("files"))? {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "channel_id" => channel = text(part).await?,
            "client_ids" => uploaded.client_ids.push(text(part).await?),
            "files" => {
                let file_name = part.file_name().unwrap_or_default().to_owned();
                if channel.is_empty() {
                    early.push((file_name, bounded(part, 8 << 20).await?));
                    continue;
                }
                let id = id_lists::one(&channel, "channel_id")?;
                let file = files::take(&api.app, actor, &id, &file_name, part).await?;
                uploaded.file_infos.push(FileInfo::from(&file));
            }
            _ => {}
        }
        if uploaded.file_infos.len() + early.len() > rialto_model::post::MAX_FILES {
            return Err(ApiError::bad_request(
                "api.file.upload_file.too_many_files.app_error",
                "Too many files at once.",
            ));
        }
    }
    let id: ChannelId = id_lists::one(&channel, "channel_id")?;
    for (name, bytes) in early {
        let file = files::take_bytes(&api.app, actor, &id, &name, bytes).await?;
        uploaded.file_infos.push(FileInfo::from(&file));
    }
    if uploaded.file_infos.is_empty() {
        return Err(ApiError::bad_request("api.file.upload_file.no_files.app_error", "The request holds no file."));
    }
    if !uploaded.client_ids.is_empty() && uploaded.client_ids.len() != uploaded.file_infos.len() {
        return Err(ApiError::bad_request(
            "api.file.upload_file.incorrect_number_of_client_ids.app_error",
            "There must be as many client_ids as files.",
        ));
    }
    Ok(uploaded)
}

async fn text(part: axum::extract::multipart::Field<'_>) -> Result<String, ApiError> {
    let bytes = bounded(part, MAX_TEXT).await?;
    String::from_utf8(bytes.to_vec()).map_err(|_| ApiError::body_param("channel_id"))
}

async fn bounded(mut part: axum::extract::multipart::Field<'_>, limit: usize) -> Result<Bytes, ApiError> {
    let mut all = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|_| ApiError::body_param("files"))? {
        if all.len() + chunk.len() > limit {
            return Err(ApiError::body_param("channel_id"));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.into())
}

async fn info(State(api): State<Api>, Session(actor): Session, Params(id): Params<FileId>) -> ApiResult<FileInfo> {
    Ok(ApiJson(FileInfo::from(&files::info(&api.app, &actor, &id).await?)))
}

async fn of_post(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<PostId>,
) -> ApiResult<Vec<FileInfo>> {
    Ok(ApiJson(files::of_post(&api.app, &actor, &id).await?.iter().map(FileInfo::from).collect()))
}

/// Public links let anybody read a file; there are none.
async fn link(State(api): State<Api>, Session(actor): Session, Params(id): Params<FileId>) -> ApiResult<FileInfo> {
    files::info(&api.app, &actor, &id).await?;
    Err(ApiError::forbidden("api.file.get_public_link.disabled.app_error", "Public links have been disabled."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContentQuery {
    download: String,
}

async fn content(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<FileId>,
    Query(query): Query<ContentQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (file, open) = files::open(&api.app, &actor, &id).await?;
    let size = file.size.unsigned_abs();
    let download = matches!(query.download.as_str(), "1" | "true");
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, start, end) = match range.map(|range| range_of(range, size)) {
        None | Some(Range::Whole) => (StatusCode::OK, 0, size),
        Some(Range::Part(start, end)) => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(Range::Unsatisfiable) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            put(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let bytes = disk::stream(open, start, end - start).await.map_err(Error::from)?;
    let mut response = Response::new(Body::from_stream(bytes));
    *response.status_mut() = status;
    put(&mut response, header::CONTENT_LENGTH, &(end - start).to_string());
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        put(&mut response, header::CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
    }
    describe(&mut response, &file, download);
    Ok(response)
}

/// How a browser may treat the bytes: never as a page or script of ours.
fn describe(response: &mut Response, file: &File, download: bool) {
    const SHOWN: [&str; 10] = [
        "image/jpeg",
        "image/png",
        "image/bmp",
        "image/gif",
        "image/tiff",
        "image/webp",
        "video/mp4",
        "video/x-msvideo",
        "video/mpeg",
        "audio/mpeg",
    ];
    let kind = file.mime_type.as_str();
    let shown = (SHOWN.contains(&kind) || matches!(kind, "audio/wav" | "audio/x-wav")) && !download;
    let active = ["html", "script", "xml", "svg"].iter().any(|word| kind.contains(word));
    put(response, header::CONTENT_TYPE, if active { "text/plain" } else { kind });
    let plain: String =
        file.name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).collect();
    let encoded: String = url_encoded(&file.name);
    let how = if shown { "inline" } else { "attachment" };
    put(response, header::CONTENT_DISPOSITION, &format!("{how};filename=\"{plain}\"; filename*=UTF-8''{encoded}"));
    put(response, header::CACHE_CONTROL, "private, max-age=86400");
    put(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(response, header::X_FRAME_OPTIONS, "DENY");
    put(
        response,
        header::CONTENT_SECURITY_POLICY,
        "frame-ancestors 'none'; sandbox; default-src 'none'; img-src 'self'",
    );
}

/// Percent-encoding of RFC 5987.
fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub(super) fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// No range we know: everything.
    Whole,
    /// From the first byte up to, not including, the second.
    Part(u64, u64),
    /// Outside of the file.
    Unsatisfiable,
}

/// One range of bytes; several are answered with everything, which RFC 9110 allows.
pub(super) fn range_of(text: &str, size: u64) -> Range {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|rest| rest.split_once('-')) else {
        return Range::Whole;
    };
    let (start, end) = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(start), Ok(last)) if start <= last => (start, size.min(last.saturating_add(1))),
        (Ok(start), Err(_)) if to.trim().is_empty() => (start, size),
        (Err(_), Ok(last)) if from.trim().is_empty() && last > 0 => (size.saturating_sub(last), size),
        _ => return Range::Whole,
    };
    if start < end { Range::Part(start, end) } else { Range::Unsatisfiable }
}

async fn thumbnail(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<FileId>,
) -> Result<Response, ApiError> {
    picture(&api, &actor, &id, pictures::Size::Thumbnail).await
}

async fn preview(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<FileId>,
) -> Result<Response, ApiError> {
    picture(&api, &actor, &id, pictures::Size::Preview).await
}

async fn picture(api: &Api, actor: &SessionUser, id: &FileId, size: pictures::Size) -> Result<Response, ApiError> {
    let open = pictures::open(&api.app, actor, id, size).await?;
    let length = open.metadata().await.map_err(Error::from)?.len();
    let bytes = disk::stream(open, 0, length).await.map_err(Error::from)?;
    let mut response = Response::new(Body::from_stream(bytes));
    put(&mut response, header::CONTENT_TYPE, "image/jpeg");
    put(&mut response, header::CONTENT_LENGTH, &length.to_string());
    put(&mut response, header::CACHE_CONTROL, "private, max-age=86400");
    put(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Ok(response)
}

async fn begin(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewUpload>,
) -> Result<Response, ApiError> {
    if body.kind == "import" {
        return shelves::begin(&api, &actor, &body).await;
    }
    if !matches!(body.kind.as_str(), "" | "attachment") {
        return Err(ApiError::body_param("type"));
    }
    let channel = id_lists::one(&body.channel_id, "channel_id")?;
    let new = files::NewUpload { channel, name: body.filename, size: body.file_size };
    let upload = files::begin(&api.app, &actor, new).await?;
    Ok((StatusCode::CREATED, ApiJson(UploadSession::new(&upload, 0))).into_response())
}

async fn session(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
) -> Result<Response, ApiError> {
    if let Some((upload, received)) = rialto_app::bulk::shelves::upload(&api.app, &actor, &id).await? {
        return Ok(ApiJson(shelves::shown(&upload, received)).into_response());
    }
    let (upload, received) = files::upload(&api.app, &actor, &id).await?;
    Ok(ApiJson(UploadSession::new(&upload, received)).into_response())
}

async fn sessions(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Vec<AnySession>> {
    super::channel_lists::require_self(&actor, user)?;
    let files = files::uploads(&api.app, &actor).await?;
    let imports = rialto_app::bulk::shelves::uploads(&api.app, &actor).await?;
    let files = files.iter().map(|(upload, received)| AnySession::File(UploadSession::new(upload, *received)));
    let imports = imports.iter().map(|(upload, received)| AnySession::Import(shelves::shown(upload, *received)));
    Ok(ApiJson(files.chain(imports).collect()))
}

async fn receive(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    request: Request,
) -> Result<Response, ApiError> {
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/"));
    if !is_multipart {
        return receive_from(&api, &actor, &id, body(request.into_body())).await;
    }
    let mut parts = Multipart::from_request(request, &api).await.map_err(|_| ApiError::body_param("file"))?;
    let part = parts.next_field().await.map_err(|_| ApiError::body_param("file"))?;
    receive_from(&api, &actor, &id, part.ok_or_else(|| ApiError::body_param("file"))?).await
}

async fn receive_from<E>(
    api: &Api,
    actor: &SessionUser,
    id: &ItemId,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Response, ApiError> {
    if let Some((upload, _)) = rialto_app::bulk::shelves::upload(&api.app, actor, id).await? {
        return shelves::receive(api, actor, &upload, content).await;
    }
    Ok(match files::receive(&api.app, actor, id, content).await? {
        Progress::Done(file) => ApiJson(FileInfo::from(&*file)).into_response(),
        Progress::At(_) => StatusCode::NO_CONTENT.into_response(),
    })
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Off => Self::forbidden(
                "api.file.attachments.disabled.app_error",
                "File attachments have been disabled on this server.",
            ),
            Error::TooLarge { max } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "api.file.upload_file.too_large_detailed.app_error",
                format!("The file is larger than {max} bytes."),
            ),
            Error::Empty => Self::bad_request("api.file.upload_file.empty.app_error", "The file is empty."),
            Error::Name => Self::body_param("filename"),
            Error::Archived => Self::bad_request(
                "api.file.upload_file.channel_archived.app_error",
                "Files cannot be uploaded to an archived channel.",
            ),
            Error::Busy => Self::bad_request(
                "app.upload.upload_data.concurrent.app_error",
                "Another upload to this session is under way.",
            ),
            Error::Hash => Self::body_param("sha256"),
            Error::NoPicture => Self::bad_request(
                "api.file.get_file_thumbnail.no_thumbnail.app_error",
                "No picture can be made of this file.",
            ),
            Error::Disk(error) => {
                tracing::error!(%error, "a file could not be written or read");
                Self::internal("the file store failed")
            }
            Error::Store(error) => error.into(),
        }
    }
}

/// The ids of files in a request; those of a wrong form are named.
pub(super) fn file_ids(texts: &[String]) -> Result<Vec<FileId>, ApiError> {
    texts.iter().map(|text| FileId::parse(text).map_err(|_| ApiError::body_param("file_ids"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, expected: Range) {
        assert_eq!(range_of(range, 10), expected, "{range}");
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        check("bytes=0-3", Range::Part(0, 4));
        check("bytes=4-", Range::Part(4, 10));
        check("bytes=-3", Range::Part(7, 10));
        check("bytes=-30", Range::Part(0, 10));
        check("bytes=8-99", Range::Part(8, 10));
        check("bytes=10-", Range::Unsatisfiable);
        for odd in ["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "bytes=-", "bytes=a-b", "bytes=-0"] {
            check(odd, Range::Whole);
        }
    }

    #[test]
    fn names_travel_in_both_spellings() {
        assert_eq!(url_encoded("ü b.txt"), "%C3%BC%20b.txt");
    }
}
