//! What the caller has begun to write. Source: client-api 5.5.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use rialto_app::drafts::{self, Error};
use rialto_app::posts;
use rialto_model::{ChannelId, PostId, TeamId};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::drafts::{Draft, NewDraft};

use super::channel_lists::require_self;
use super::posts::props_text;
use super::{files, id_lists};
use crate::extract::{ApiJson, FromConnection, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/drafts", post(save))
        .route("/users/{user_id}/teams/{team_id}/drafts", get(list))
        .route("/users/{user_id}/channels/{channel_id}/drafts", delete(remove))
        .route("/users/{user_id}/channels/{channel_id}/drafts/{root_id}", delete(remove_in_thread))
}

/// What is written so far, as a post would say it.
pub(super) fn words(body: NewDraft) -> Result<posts::NewPost, ApiError> {
    let root_id = Some(body.root_id).filter(|id| !id.is_empty());
    Ok(posts::NewPost {
        message: body.message,
        root_id: root_id.map(|id| id.parse().map_err(|_| posts::Error::Root)).transpose()?,
        kind: body.kind,
        props: props_text(body.props),
        file_ids: files::file_ids(&body.file_ids)?,
        pending_post_id: String::new(),
        priority: body.priority.or(body.metadata.priority).map(Into::into),
    })
}

async fn save(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    ApiJson(body): ApiJson<NewDraft>,
) -> Result<(StatusCode, ApiJson<Draft>), ApiError> {
    let channel: ChannelId = id_lists::one(&body.channel_id, "channel_id")?;
    let kept = drafts::save(&api.app, &actor, &channel, words(body)?, from).await?;
    Ok((StatusCode::CREATED, ApiJson(Draft::from(&kept))))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Vec<Draft>> {
    require_self(&actor, user)?;
    let list = drafts::list(&api.app, &actor, &team).await?;
    Ok(ApiJson(list.iter().map(Draft::from).collect()))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params((user, channel)): Params<(UserParam, ChannelId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    drafts::delete(&api.app, &actor, &channel, None, from).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn remove_in_thread(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params((user, channel, root)): Params<(UserParam, ChannelId, PostId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    drafts::delete(&api.app, &actor, &channel, Some(root), from).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Off => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "api.drafts.disabled.app_error",
                "Drafts are not kept on this server.",
            ),
            Error::Post(error) => error.into(),
        }
    }
}
