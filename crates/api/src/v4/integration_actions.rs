//! Buttons of programs, and the dialogs programs open. Source: client-api 7.4.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rialto_app::programs::dialogs::{self, Submission};
use rialto_app::programs::{CallError, buttons};
use rialto_model::PostId;
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::programs as wire;
use serde_json::Value;

use super::id_lists;
use crate::extract::{ApiJson, MaybeJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/posts/{post_id}/actions/{action_id}", post(press))
        .route("/actions/dialogs/open", post(open))
        .route("/actions/dialogs/submit", post(submit))
        .route("/actions/dialogs/lookup", post(lookup))
}

async fn press(
    State(api): State<Api>,
    Session(actor): Session,
    Params((id, action)): Params<(PostId, String)>,
    MaybeJson(body): MaybeJson<wire::Press>,
) -> ApiResult<wire::Done> {
    let body = body.unwrap_or_default();
    let press = buttons::Press { action, selected: body.selected_option, cookie: body.cookie };
    let trigger_id = buttons::press(&api.app, &actor, &id, press).await?;
    Ok(ApiJson(wire::Done { status: "OK", trigger_id }))
}

/// Programs call this, without a session: the trigger id says for whom they may.
async fn open(State(api): State<Api>, ApiJson(body): ApiJson<wire::OpenDialog>) -> ApiResult<StatusOk> {
    if let Some(what) = body.dialog.fault() {
        return Err(ApiError::body_param(what));
    }
    let dialog = serde_json::to_value(&body.dialog).map_err(|error| ApiError::internal(error.to_string()))?;
    dialogs::open(&api.app, &body.trigger_id, &body.url, &dialog)?;
    Ok(ApiJson(StatusOk::default()))
}

fn submission(body: wire::Submission, kind: &'static str) -> Result<Submission, ApiError> {
    Ok(Submission {
        url: body.url,
        kind,
        callback_id: body.callback_id,
        state: body.state,
        channel: id_lists::optional(&body.channel_id, "channel_id")?,
        team: id_lists::optional(&body.team_id, "team_id")?,
        submission: body.submission,
        cancelled: body.cancelled,
    })
}

/// Members of an answer that clients know.
const SUBMITTED: [&str; 4] = ["error", "errors", "type", "form"];

async fn submit(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<wire::Submission>,
) -> ApiResult<Value> {
    let answer = dialogs::submit(&api.app, &actor, submission(body, "dialog_submission")?).await?;
    Ok(ApiJson(only(answer, &SUBMITTED)))
}

async fn lookup(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<wire::Submission>,
) -> ApiResult<Value> {
    let answer = dialogs::submit(&api.app, &actor, submission(body, "dialog_lookup")?).await?;
    Ok(ApiJson(only(answer, &["items"])))
}

fn only(answer: Value, known: &[&str]) -> Value {
    let Value::Object(mut members) = answer else { return Value::Object(Default::default()) };
    members.retain(|key, _| known.contains(&key.as_str()));
    Value::Object(members)
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        // The program's fault, not ours: nothing for our log.
        Self::bad_request(
            "api.post.do_action.action_integration.app_error",
            format!("Action integration error: {error}."),
        )
    }
}

impl From<buttons::Error> for ApiError {
    fn from(error: buttons::Error) -> Self {
        use buttons::Error;
        match error {
            Error::Absent => Self::not_found("api.post.do_action.action_id.app_error", "There is no such action."),
            Error::Inert => Self::bad_request("api.post.do_action.action_id.app_error", "The action is disabled."),
            Error::Choice => Self::body_param("selected_option"),
            Error::Call(error) => error.into(),
            Error::Post(error) => error.into(),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<dialogs::Error> for ApiError {
    fn from(error: dialogs::Error) -> Self {
        use dialogs::Error;
        match error {
            Error::Trigger => Self::new(
                StatusCode::BAD_REQUEST,
                "interactive_message.decode_trigger_id.invalid.app_error",
                "The trigger id is not valid, or not any more.",
            ),
            Error::Address => Self::body_param("url"),
            Error::Call(error) => error.into(),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
