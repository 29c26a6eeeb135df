//! Messages that are to be posted later. All that changes something answers 201. Source: client-api 5.5 and 12.1.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rialto_app::scheduled_posts::{self, Error};
use rialto_model::{ChannelId, ItemId, Millis, TeamId};
use rialto_wire::v4::drafts::{NewScheduledPost, ScheduledPost};

use super::drafts::words;
use super::id_lists;
use crate::extract::{ApiJson, FromConnection, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/posts/schedule", post(schedule))
        .route("/posts/schedule/{scheduled_post_id}", put(update).delete(remove))
        .route("/posts/scheduled/team/{team_id}", get(list))
}

type Created = Result<(StatusCode, ApiJson<ScheduledPost>), ApiError>;

async fn schedule(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    ApiJson(body): ApiJson<NewScheduledPost>,
) -> Created {
    let channel: ChannelId = id_lists::one(&body.draft.channel_id, "channel_id")?;
    let at = Millis(body.scheduled_at);
    let kept = scheduled_posts::schedule(&api.app, &actor, &channel, words(body.draft)?, at, from).await?;
    Ok((StatusCode::CREATED, ApiJson(ScheduledPost::from(&kept))))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<NewScheduledPost>,
) -> Created {
    if body.id != id.as_str() {
        return Err(ApiError::body_param("id"));
    }
    let at = Millis(body.scheduled_at);
    let kept = scheduled_posts::update(&api.app, &actor, &id, words(body.draft)?, at, from).await?;
    Ok((StatusCode::CREATED, ApiJson(ScheduledPost::from(&kept))))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params(id): Params<ItemId>,
) -> Created {
    let gone = scheduled_posts::delete(&api.app, &actor, &id, from).await?;
    Ok((StatusCode::CREATED, ApiJson(ScheduledPost::from(&gone))))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<BTreeMap<String, Vec<ScheduledPost>>> {
    let direct = query.flag("includeDirectChannels");
    let (in_team, talks) = scheduled_posts::list(&api.app, &actor, &team, direct).await?;
    let shown = |list: Vec<_>| list.iter().map(ScheduledPost::from).collect();
    let mut lists = BTreeMap::from([(team.to_string(), shown(in_team))]);
    if let Some(talks) = talks {
        lists.insert("directChannels".to_owned(), shown(talks));
    }
    Ok(ApiJson(lists))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Off => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "api.scheduled_posts.feature_disabled",
                "Messages are not posted later on this server.",
            ),
            Error::Absent => Self::not_found("app.scheduled_post.get.app_error", "There is no such message."),
            Error::Past => Self::bad_request(
                "model.scheduled_post.is_valid.scheduled_at.app_error",
                "The time to post the message is over.",
            ),
            Error::Post(error) => error.into(),
        }
    }
}
