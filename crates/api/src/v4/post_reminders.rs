//! Being reminded of a message. Source: client-api 1.5 and 5.5.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rialto_app::post_reminders::{self, Error};
use rialto_model::{Millis, PostId};
use rialto_wire::v4::StatusOk;
use serde::Deserialize;

use super::channel_lists::require_self;
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new().route("/users/{user_id}/posts/{post_id}/reminder", post(set))
}

#[derive(Deserialize)]
struct Wish {
    /// Seconds since 1970.
    target_time: i64,
}

async fn set(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, id)): Params<(UserParam, PostId)>,
    ApiJson(body): ApiJson<Wish>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    post_reminders::set(&api.app, &actor, &id, Millis(body.target_time.saturating_mul(1000))).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Past => Self::body_param("target_time"),
            Error::Post(error) => error.into(),
        }
    }
}
