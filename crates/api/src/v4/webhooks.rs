//! Incoming webhooks: managing them, and the address where programs call. Source: client-api 7.1.

use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use rialto_app::programs::Message;
use rialto_app::webhooks::{self, Change, Error};
use rialto_model::{ItemId, TeamId};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::webhooks::{IncomingMessage, IncomingWebhook, IncomingWebhookChange, IncomingWebhooks};

use super::slash_commands;
use crate::body;
use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/hooks/incoming", post(create).get(list))
        .route("/hooks/incoming/{hook_id}", get(one).put(update).delete(delete))
}

/// Where programs call: beside the API, without a session.
pub fn calls() -> Router<Api> {
    Router::new()
        .route("/hooks/{hook_id}", post(deliver))
        .route("/hooks/commands/{reply_id}", post(slash_commands::answer))
}

fn change(body: IncomingWebhookChange) -> Change {
    Change {
        channel: body.channel_id.parse().ok(),
        display_name: body.display_name,
        description: body.description,
        username: body.username,
        icon_url: body.icon_url,
        channel_locked: body.channel_locked,
    }
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<IncomingWebhookChange>,
) -> Result<(StatusCode, ApiJson<IncomingWebhook>), ApiError> {
    let change = change(body);
    if change.channel.is_none() {
        return Err(ApiError::body_param("channel_id"));
    }
    let hook = webhooks::create(&api.app, &actor, change).await?;
    Ok((StatusCode::CREATED, ApiJson((&hook).into())))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> Result<Response, ApiError> {
    let team = query.id::<TeamId>("team_id")?;
    let (found, total_count) =
        webhooks::list(&api.app, &actor, team.as_ref(), query.offset(), query.per_page()).await?;
    let incoming_webhooks: Vec<IncomingWebhook> = found.iter().map(Into::into).collect();
    Ok(match query.flag("include_total_count") {
        true => ApiJson(IncomingWebhooks { incoming_webhooks, total_count }).into_response(),
        false => ApiJson(incoming_webhooks).into_response(),
    })
}

async fn one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
) -> ApiResult<IncomingWebhook> {
    Ok(ApiJson((&webhooks::get(&api.app, &actor, &id).await?).into()))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<IncomingWebhookChange>,
) -> Result<(StatusCode, ApiJson<IncomingWebhook>), ApiError> {
    let hook = webhooks::update(&api.app, &actor, &id, change(body)).await?;
    Ok((StatusCode::CREATED, ApiJson((&hook).into())))
}

async fn delete(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<StatusOk> {
    webhooks::delete(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn deliver(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<([(axum::http::HeaderName, &'static str); 1], &'static str), ApiError> {
    let id: ItemId = id.parse().map_err(|_| ApiError::from(Error::Absent))?;
    let body = message(request, &api).await?;
    let message = Message {
        text: body.text,
        username: body.username,
        icon_url: body.icon_url,
        icon_emoji: body.icon_emoji,
        props: body.props,
        attachments: body.attachments,
        kind: body.kind,
        priority: body.priority.map(Into::into),
        raw: false,
    };
    webhooks::deliver(&api.app, &id, &body.channel, message).await?;
    Ok(([(CONTENT_TYPE, "text/plain")], "ok"))
}

/// JSON as the body or in a field called `payload` of a form, or each member in a field of its own.
async fn message(request: Request, api: &Api) -> Result<IncomingMessage, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    if kind.starts_with("multipart/") {
        let no_form = || ApiError::body_param("payload");
        let mut form = Multipart::from_request(request, api).await.map_err(|_| no_form())?;
        let mut members = serde_json::Map::new();
        while let Some(field) = form.next_field().await.map_err(|_| no_form())? {
            let name = field.name().unwrap_or_default().to_owned();
            let text = field.text().await.map_err(|_| no_form())?;
            if name == "payload" {
                return body::parse(text.as_bytes());
            }
            // Lists and objects are JSON inside a field of their own.
            let structured = matches!(name.as_str(), "props" | "attachments" | "priority");
            let value = if structured {
                serde_json::from_str(&text).map_err(|_| ApiError::body_param("payload"))?
            } else {
                text.into()
            };
            members.insert(name, value);
        }
        return serde_json::from_value(members.into()).map_err(|_| no_form());
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let form = Form::<Payload>::from_request(request, api).await.map_err(|_| ApiError::body_param("payload"))?;
        return body::parse(form.0.payload.as_bytes());
    }
    body::parse(&body::read(request).await?)
}

#[derive(serde::Deserialize)]
struct Payload {
    payload: String,
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Disabled => Self::not_implemented(
                "api.incoming_webhook.disabled.app_error",
                "Incoming webhooks are switched off on this server.",
            ),
            Error::Absent => Self::bad_request("web.incoming_webhook.invalid.app_error", "There is no such webhook."),
            Error::TooLong(what) => Self::body_param(what),
            Error::Empty => Self::bad_request("web.incoming_webhook.text.app_error", "There is nothing to write."),
            Error::NoChannel => {
                Self::not_found("web.incoming_webhook.channel.app_error", "There is no such channel or person.")
            }
            Error::Locked => Self::forbidden(
                "web.incoming_webhook.channel_locked.app_error",
                "This webhook writes in one channel only.",
            ),
            Error::Post(error) => error.into(),
            Error::Direct(error) => error.into(),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
