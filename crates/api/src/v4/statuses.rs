//! Presence, custom status and typing. Source: client-api 5.1 and 5.2.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post, put};
use rialto_app::statuses::{self, Error, Presence};
use rialto_app::{typing, users};
use rialto_model::UserId;
use rialto_wire::v4::users::Typing;
use rialto_wire::v4::{Status, StatusOk, statuses as wire};

use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

/// People asked for in one request.
const MAX_LIST: usize = 1000;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/status/ids", post(by_ids))
        .route("/users/{user_id}/status", get(get_one).put(set))
        .route("/users/{user_id}/status/custom", put(set_custom).delete(clear_custom))
        .route("/users/{user_id}/status/custom/recent", delete(forget_recent))
        .route("/users/{user_id}/status/custom/recent/delete", post(forget_recent))
        .route("/users/{user_id}/typing", post(type_something))
}

fn shown(status: &statuses::Status) -> Status {
    let mut shown = Status::new(status.user_id, &status.status, status.manual, status.last_activity_at);
    shown.dnd_end_time = status.dnd_end_time;
    shown
}

async fn by_ids(
    State(api): State<Api>,
    Session(_): Session,
    ApiJson(ids): ApiJson<Vec<String>>,
) -> ApiResult<Vec<Status>> {
    let ids: Result<Vec<UserId>, _> = ids.iter().map(|id| id.parse()).collect();
    let ids = ids.ok().filter(|ids| !ids.is_empty() && ids.len() <= MAX_LIST);
    let ids = ids.ok_or_else(|| ApiError::body_param("user_ids"))?;
    Ok(ApiJson(statuses::list(&api.app, &ids).await?.iter().map(shown).collect()))
}

async fn get_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Status> {
    Ok(ApiJson(shown(&statuses::get(&api.app, &user.of(&actor)).await?)))
}

async fn set(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::StatusUpdate>,
) -> ApiResult<Status> {
    let id = user.of(&actor);
    if body.user_id != id.as_str() {
        return Err(ApiError::body_param("user_id"));
    }
    let presence = Presence::from_word(&body.status).ok_or(Error::UnknownStatus)?;
    let status = statuses::set(&api.app, &actor, &id, presence, body.dnd_end_time).await?;
    Ok(ApiJson(shown(&status)))
}

async fn set_custom(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::CustomStatus>,
) -> ApiResult<StatusOk> {
    let status = users::CustomStatus {
        emoji: body.emoji,
        text: body.text,
        duration: body.duration,
        expires_at: body.expires_at,
    };
    users::set_custom_status(&api.app, &actor, &user.of(&actor), Some(status)).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn clear_custom(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<StatusOk> {
    users::set_custom_status(&api.app, &actor, &user.of(&actor), None).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn forget_recent(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::CustomStatus>,
) -> ApiResult<StatusOk> {
    users::forget_recent_status(&api.app, &actor, &user.of(&actor), &body.emoji, &body.text).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn type_something(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<Typing>,
) -> ApiResult<StatusOk> {
    if user.of(&actor) != actor.user_id {
        return Err(ApiError::permissions());
    }
    let channel = body.channel_id.parse().map_err(|_| ApiError::body_param("channel_id"))?;
    let root = Some(body.parent_id).filter(|id| !id.is_empty()).map(|id| id.parse()).transpose();
    let root = root.map_err(|_| ApiError::body_param("parent_id"))?;
    typing::announce(&api.app, &actor, &channel, root).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownStatus => Self::body_param("status"),
            Error::Absent => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
