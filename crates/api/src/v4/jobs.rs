//! Jobs: asking for long work, looking after it, fetching what it made. Source: client-api 7.6, 7.7.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::Response;
use axum::routing::{get, patch, post};
use rialto_app::bulk::shelves::Shelf;
use rialto_app::jobs::{self, Error};
use rialto_model::{ItemId, JobStatus};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::jobs::{Job, NewJob, NewStatus};

use super::shelves;
use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/jobs", get(list).post(create))
        .route("/jobs/type/{kind}", get(list_of_kind))
        .route("/jobs/{job_id}", get(one))
        .route("/jobs/{job_id}/cancel", post(cancel))
        .route("/jobs/{job_id}/status", patch(set_status))
        .route("/jobs/{job_id}/download", get(download))
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewJob>,
) -> Result<(StatusCode, ApiJson<Job>), ApiError> {
    let job = jobs::create(&api.app, &actor, &body.kind, body.data).await?;
    Ok((StatusCode::CREATED, ApiJson(job.into())))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<Job>> {
    let kind = Some(query.text("job_type")).filter(|kind| !kind.is_empty());
    let list = jobs::list(&api.app, &actor, kind, query.offset(), query.per_page()).await?;
    let status = query.text("status");
    let wanted = |job: &rialto_model::Job| status.is_empty() || job.status.as_str() == status;
    Ok(ApiJson(list.into_iter().filter(wanted).map(Job::from).collect()))
}

async fn list_of_kind(
    State(api): State<Api>,
    Session(actor): Session,
    Params(kind): Params<String>,
    query: QueryMap,
) -> ApiResult<Vec<Job>> {
    let list = jobs::list(&api.app, &actor, Some(&kind), query.offset(), query.per_page()).await?;
    Ok(ApiJson(list.into_iter().map(Job::from).collect()))
}

async fn one(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<Job> {
    Ok(ApiJson(jobs::get(&api.app, &actor, &id).await?.into()))
}

async fn cancel(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<StatusOk> {
    jobs::cancel(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_status(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<NewStatus>,
) -> ApiResult<StatusOk> {
    let status = JobStatus::parse(&body.status).ok_or_else(|| ApiError::body_param("status"))?;
    jobs::set_status(&api.app, &actor, &id, status, body.force).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn download(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name = jobs::export_name(&api.app, &actor, &id).await?;
    shelves::content(&api, &actor, Shelf::Export, &name, &headers).await
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::UnknownKind => {
                Self::bad_request("model.job.is_valid.type.app_error", "There are no jobs of this type.")
            }
            Error::Data(name) => Self::body_param(name),
            Error::Status(status) => Self::bad_request(
                "app.job.update_status.app_error",
                format!("The job is {} and cannot be set to that.", status.as_str()),
            ),
            Error::NoFile => Self::bad_request("api.job.unable_to_download_job", "The job has no file to download."),
            Error::Store(error) => error.into(),
        }
    }
}
