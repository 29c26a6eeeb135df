//! Slash commands that programs answer: managing them, and what programs answer later. Source: client-api 7.3.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, put};
use rialto_app::programs::{Answer, Message};
use rialto_app::slash_commands::{self, Change, Error, run};
use rialto_model::{ItemId, TeamId};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::commands::{Command, CommandChange, CommandMove, CommandToken};
use rialto_wire::v4::programs as wire;

use super::id_lists;
use crate::commands::registry;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/commands/{command_id}", get(one).put(update).delete(delete))
        .route("/commands/{command_id}/move", put(move_to))
        .route("/commands/{command_id}/regen_token", put(renew))
}

fn change(body: CommandChange) -> Result<Change, ApiError> {
    let by_get = match body.method.as_str() {
        "P" => false,
        "G" => true,
        _ => return Err(ApiError::body_param("method")),
    };
    Ok(Change {
        trigger: body.trigger,
        by_get,
        url: body.url,
        username: body.username,
        icon_url: body.icon_url,
        auto_complete: body.auto_complete,
        auto_complete_desc: body.auto_complete_desc,
        auto_complete_hint: body.auto_complete_hint,
        display_name: body.display_name,
        description: body.description,
    })
}

/// Words the server has commands for itself.
fn own() -> Vec<&'static str> {
    registry().words().collect()
}

pub(super) async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<CommandChange>,
) -> Result<(StatusCode, ApiJson<Command>), ApiError> {
    let team: TeamId = id_lists::one(&body.team_id, "team_id")?;
    let command = slash_commands::create(&api.app, &actor, &team, change(body)?, &own()).await?;
    Ok((StatusCode::CREATED, ApiJson((&command).into())))
}

async fn one(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<Command> {
    Ok(ApiJson((&slash_commands::get(&api.app, &actor, &id).await?).into()))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<CommandChange>,
) -> ApiResult<Command> {
    let command = slash_commands::update(&api.app, &actor, &id, change(body)?, &own()).await?;
    Ok(ApiJson((&command).into()))
}

async fn move_to(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ItemId>,
    ApiJson(body): ApiJson<CommandMove>,
) -> ApiResult<StatusOk> {
    slash_commands::move_to(&api.app, &actor, &id, &body.team_id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn renew(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<CommandToken> {
    Ok(ApiJson(CommandToken { token: slash_commands::renew(&api.app, &actor, &id).await? }))
}

async fn delete(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<StatusOk> {
    slash_commands::delete(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

/// `POST //hooks/commands/{reply_id}`: what a program answers later.
pub(super) async fn answer(
    State(api): State<Api>,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<wire::Answer>,
) -> Result<([(axum::http::HeaderName, &'static str); 1], &'static str), ApiError> {
    let id: ItemId = id.parse().map_err(|_| ApiError::from(run::Error::NoReply))?;
    run::answer_later(&api.app, &id, answered(body)).await?;
    Ok(([(CONTENT_TYPE, "text/plain")], "ok"))
}

/// What a program answered, as `app` takes it.
pub fn answered(body: wire::Answer) -> Answer {
    Answer {
        message: Message {
            text: body.text,
            username: body.username,
            icon_url: body.icon_url,
            icon_emoji: String::new(),
            props: body.props,
            attachments: body.attachments,
            kind: body.kind,
            priority: body.priority.map(Into::into),
            raw: body.skip_slack_parsing,
        },
        response_type: body.response_type,
        channel: body.channel_id.parse().ok(),
        goto: body.goto_location,
        extra: body.extra_responses.into_iter().map(answered).collect(),
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Disabled => Self::not_implemented(
                "api.command.disabled.app_error",
                "Commands have been disabled by the administrator.",
            ),
            Error::Absent => Self::not_found("store.sql_command.get.missing.app_error", "There is no such command."),
            Error::Unusable(what) => Self::body_param(what),
            Error::Taken => Self::bad_request(
                "api.command.duplicate_trigger.app_error",
                "This word is used by another command. Please choose another one.",
            ),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<run::Error> for ApiError {
    fn from(error: run::Error) -> Self {
        use run::Error;
        match error {
            Error::Call(error) => Self::bad_request(
                "api.command.execute_command.failed.app_error",
                format!("The command did not work: {error}."),
            ),
            Error::NoReply => Self::not_found(
                "web.command_webhook.invalid.app_error",
                "No answer is waited for here, or not any more.",
            ),
            Error::Post(error) => error.into(),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
