//! Acknowledging posts. Source: client-api 5.5.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rialto_app::acknowledgements::{self, Error};
use rialto_model::PostId;
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::acknowledgements::Acknowledgement;

use super::channel_lists::require_self;
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new().route("/users/{user_id}/posts/{post_id}/ack", post(add).delete(remove))
}

async fn add(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, id)): Params<(UserParam, PostId)>,
) -> ApiResult<Acknowledgement> {
    require_self(&actor, user)?;
    let ack = acknowledgements::add(&api.app, &actor, &id).await?;
    Ok(ApiJson((&ack).into()))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, id)): Params<(UserParam, PostId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    acknowledgements::remove(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Archived => Self::forbidden(
                "api.acknowledgement.save.archived_channel.app_error",
                "Messages of an archived channel cannot be acknowledged.",
            ),
            Error::Absent => {
                Self::not_found("app.acknowledgement.get.app_error", "There is no acknowledgement of this message.")
            }
            Error::TooLate => Self::new(
                StatusCode::FORBIDDEN,
                "api.acknowledgement.delete.deadline.app_error",
                "It is too late to take the acknowledgement back.",
            ),
            Error::Store(error) => error.into(),
        }
    }
}
