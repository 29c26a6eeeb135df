//! Outgoing webhooks: managing them. Source: client-api 7.2.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rialto_app::outgoing_webhooks::{self as hooks, Change, Error};
use rialto_model::{ChannelId, ItemId, TeamId, TriggerWhen};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::outgoing_webhooks::{OutgoingWebhook, OutgoingWebhookChange};

use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/hooks/outgoing", post(create).get(list))
        .route("/hooks/outgoing/{hook_id}", get(one).put(update).delete(delete))
        .route("/hooks/outgoing/{hook_id}/regen_token", post(renew))
}

fn change(body: OutgoingWebhookChange) -> Result<Change, ApiError> {
    let channel = match body.channel_id.as_str() {
        "" => None,
        id => Some(id.parse::<ChannelId>().map_err(|_| ApiError::body_param("channel_id"))?),
    };
    Ok(Change {
        channel,
        trigger_words: body.trigger_words,
        trigger_when: TriggerWhen::of(body.trigger_when).ok_or_else(|| ApiError::body_param("trigger_when"))?,
        callback_urls: body.callback_urls,
        display_name: body.display_name,
        description: body.description,
        content_type: body.content_type,
        username: body.username,
        icon_url: body.icon_url,
    })
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<OutgoingWebhookChange>,
) -> Result<(StatusCode, ApiJson<OutgoingWebhook>), ApiError> {
    let team: TeamId = body.team_id.parse().map_err(|_| ApiError::body_param("team_id"))?;
    let hook = hooks::create(&api.app, &actor, &team, change(body)?).await?;
    Ok((StatusCode::CREATED, ApiJson((&hook).into())))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<OutgoingWebhook>> {
    let (team, channel) = (query.id::<TeamId>("team_id")?, query.id::<ChannelId>("channel_id")?);
    let (offset, limit) = (query.offset(), query.per_page());
    let found = hooks::list(&api.app, &actor, team.as_ref(), channel.as_ref(), offset, limit).await?;
    Ok(ApiJson(found.iter().map(Into::into).collect()))
}

async fn one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
) -> ApiResult<OutgoingWebhook> {
    Ok(ApiJson((&hooks::get(&api.app, &actor, &id).await?).into()))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<OutgoingWebhookChange>,
) -> ApiResult<OutgoingWebhook> {
    Ok(ApiJson((&hooks::update(&api.app, &actor, &id, change(body)?).await?).into()))
}

async fn renew(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
) -> ApiResult<OutgoingWebhook> {
    Ok(ApiJson((&hooks::renew(&api.app, &actor, &id).await?).into()))
}

async fn delete(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<StatusOk> {
    hooks::delete(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Disabled => Self::not_implemented(
                "api.outgoing_webhook.disabled.app_error",
                "Outgoing webhooks have been disabled by the administrator.",
            ),
            Error::Absent => {
                Self::not_found("app.webhooks.get_outgoing.app_error", "There is no such outgoing webhook.")
            }
            Error::Unusable(what) => Self::body_param(what),
            Error::Double => Self::bad_request(
                "api.webhook.create_outgoing.intersect.app_error",
                "Another outgoing webhook of this channel has one of these words and addresses.",
            ),
            Error::NotPublic => Self::forbidden(
                "api.webhook.create_outgoing.not_open.app_error",
                "Outgoing webhooks hear public channels of their team only.",
            ),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
