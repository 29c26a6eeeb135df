//! Earlier messages that are sent when a channel is shared: how they fare, and pause, resume, cancel. Rialto's own routes.
//! Source: behaviour 8.1.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::backfill::{self, Order, Refusal};
use rialto_app::{Denied, SessionUser, connections};
use rialto_model::{ChannelId, History, Millis, RemoteId};
use rialto_wire::v4::shared_channels::{ChannelHistory, HistoryProgress};
use serde_json::Value;

use super::remote_clusters::{require_service, require_sharing};
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/sharedchannels/{channel_id}/history", get(of_channel))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/history/pause", post(pause))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/history/resume", post(resume))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/history/cancel", post(cancel))
}

async fn of_channel(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<ChannelHistory> {
    require_service(&api)?;
    let found = backfill::of_channel(&api.app, &actor, &channel).await?;
    let now = api.app.clock.now();
    let shown = found.backfills.iter().map(|(backfill, remote)| HistoryProgress::new(backfill, remote, now));
    Ok(ApiJson(ChannelHistory { shared_at: Millis::or_zero(found.shared_at), backfills: shown.collect() }))
}

async fn pause(state: State<Api>, session: Session, ids: Params<(RemoteId, ChannelId)>) -> ApiResult<HistoryProgress> {
    order(state, session, ids, Order::Pause).await
}

async fn resume(state: State<Api>, session: Session, ids: Params<(RemoteId, ChannelId)>) -> ApiResult<HistoryProgress> {
    order(state, session, ids, Order::Resume).await
}

async fn cancel(state: State<Api>, session: Session, ids: Params<(RemoteId, ChannelId)>) -> ApiResult<HistoryProgress> {
    order(state, session, ids, Order::Cancel).await
}

/// Answers how it stands then.
async fn order(
    State(api): State<Api>,
    Session(actor): Session,
    Params((remote, channel)): Params<(RemoteId, ChannelId)>,
    wanted: Order,
) -> ApiResult<HistoryProgress> {
    require_sharing(&api)?;
    let backfill = backfill::order(&api.app, &actor, &channel, &remote, wanted).await?;
    let remote = named(&api, &actor, &remote).await?;
    Ok(ApiJson(HistoryProgress::new(&backfill, &remote, api.app.clock.now())))
}

async fn named(api: &Api, actor: &SessionUser, id: &RemoteId) -> Result<rialto_model::RemoteCluster, ApiError> {
    connections::info(&api.app, actor, id).await.map_err(|error| match error {
        connections::Error::Denied(denied) => ApiError::from(denied),
        _ => ApiError::from(Denied::Absent("connection")),
    })
}

/// What the member `history` of an invitation asks for.
///
/// # Errors
/// 400 for what is no amount of history.
pub(super) fn asked(given: &Value) -> Result<Option<History>, ApiError> {
    let text = match given {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(ApiError::body_param("history")),
    };
    text.parse().map(Some).map_err(|_| ApiError::body_param("history"))
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Off => {
                "This server sends no earlier messages; the setting HistoryBackfillMax decides that.".to_owned()
            }
            Refusal::TooMuch(History::Days(days)) => {
                format!(
                    "This server sends the messages of {days} days at most, as the setting HistoryBackfillMax says."
                )
            }
            Refusal::TooMuch(most) => {
                format!("This server sends {most} earlier messages at most, as the setting HistoryBackfillMax says.")
            }
            Refusal::NotThere => "The other server takes no earlier messages.".to_owned(),
        };
        Self::bad_request("rialto.shared_channel.history.app_error", message)
    }
}
