//! Import files and exports: listing, fetching, removing; and import files on their way in. Source: client-api 7.6, 7.7.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use futures_util::Stream;
use rialto_app::SessionUser;
use rialto_app::bulk::shelves::{self, Error, ImportUpload, Shelf};
use rialto_app::files::disk;
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::files::NewUpload;
use rialto_wire::v4::jobs::{ImportFile, ImportSession};

use super::files::{Range, put, range_of};
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/imports", get(imports))
        .route("/imports/{name}", delete(remove_import))
        .route("/exports", get(exports))
        .route("/exports/{name}", get(export).delete(remove_export))
        .route("/exports/{name}/presign-url", post(presign))
}

async fn imports(State(api): State<Api>, Session(actor): Session) -> ApiResult<Vec<String>> {
    Ok(ApiJson(shelves::list(&api.app, &actor, Shelf::Import).await?))
}

async fn exports(State(api): State<Api>, Session(actor): Session) -> ApiResult<Vec<String>> {
    Ok(ApiJson(shelves::list(&api.app, &actor, Shelf::Export).await?))
}

async fn remove_import(
    State(api): State<Api>,
    Session(actor): Session,
    Params(name): Params<String>,
) -> ApiResult<StatusOk> {
    shelves::remove(&api.app, &actor, Shelf::Import, &name).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn remove_export(
    State(api): State<Api>,
    Session(actor): Session,
    Params(name): Params<String>,
) -> ApiResult<StatusOk> {
    shelves::remove(&api.app, &actor, Shelf::Export, &name).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn export(
    State(api): State<Api>,
    Session(actor): Session,
    Params(name): Params<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    content(&api, &actor, Shelf::Export, &name, &headers).await
}

/// Links to exports are made by an object store, and files are kept on the disk here.
async fn presign(State(api): State<Api>, Session(actor): Session, Params(_): Params<String>) -> Result<(), ApiError> {
    shelves::list(&api.app, &actor, Shelf::Export).await?;
    Err(ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "app.eport.generate_presigned_url.config.app_error",
        "There are no links to exports here; fetch the file itself.",
    ))
}

/// A file as a download that can be gone on with.
pub(super) async fn content(
    api: &Api,
    actor: &SessionUser,
    shelf: Shelf,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (file, size) = shelves::open(&api.app, actor, shelf, name).await?;
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
    let bytes = disk::stream(file, start, end - start).await.map_err(Error::from)?;
    let mut response = Response::new(Body::from_stream(bytes));
    *response.status_mut() = status;
    put(&mut response, header::CONTENT_TYPE, "application/zip");
    put(&mut response, header::CONTENT_LENGTH, &(end - start).to_string());
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    put(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut response, header::CONTENT_DISPOSITION, &format!("attachment;filename=\"{name}\""));
    if status == StatusCode::PARTIAL_CONTENT {
        put(&mut response, header::CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
    }
    Ok(response)
}

/// An upload of type `import`.
pub(super) async fn begin(api: &Api, actor: &SessionUser, body: &NewUpload) -> Result<Response, ApiError> {
    let upload = shelves::begin(&api.app, actor, &body.filename, body.file_size).await?;
    Ok((StatusCode::CREATED, ApiJson(shown(&upload, 0))).into_response())
}

/// An import file on its way in, as clients see it.
pub(super) fn shown(upload: &ImportUpload, received: i64) -> ImportSession {
    ImportSession::new(upload.id, upload.user_id, &upload.name, upload.size, upload.create_at.0, received)
}

/// The next bytes of an import file.
pub(super) async fn receive<E>(
    api: &Api,
    actor: &SessionUser,
    upload: &ImportUpload,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Response, ApiError> {
    let done = shelves::receive(&api.app, actor, upload, content).await?;
    Ok(match done {
        Some(name) => ApiJson(ImportFile {
            id: upload.id,
            user_id: upload.user_id,
            create_at: upload.create_at.0,
            name,
            size: upload.size,
        })
        .into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Name => Self::body_param("filename"),
            Error::Empty => Self::body_param("file_size"),
            Error::TooLarge { max } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "api.file.upload_file.too_large_detailed.app_error",
                format!("The file is larger than {max} bytes."),
            ),
            Error::Busy => Self::bad_request(
                "app.upload.upload_data.concurrent.app_error",
                "Another upload to this session is under way.",
            ),
            Error::Disk(error) => {
                tracing::error!(%error, "a file could not be written or read");
                Self::internal("the file store failed")
            }
            Error::Store(error) => error.into(),
        }
    }
}
