//! How channels are moderated: what their ordinary members and guests may do here. Source: behaviour 4.4.1, SC-018.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, put};
use rialto_app::moderation::{self, Change};
use rialto_model::{ChannelId, Moderated, Whom};
use rialto_wire::v4::moderations::{ChannelModeration, ChannelModerationPatch};

use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/channels/{channel_id}/moderations", get(list))
        .route("/channels/{channel_id}/moderations/patch", put(patch))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<ChannelModeration>> {
    Ok(ApiJson(ChannelModeration::list(moderation::get(&api.app, &actor, &channel).await?)))
}

async fn patch(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    ApiJson(body): ApiJson<Vec<ChannelModerationPatch>>,
) -> ApiResult<Vec<ChannelModeration>> {
    let mut changes = Vec::new();
    for one in &body {
        let what = Moderated::from_name(&one.name).ok_or_else(|| ApiError::body_param("name"))?;
        for (whom, allowed) in [(Whom::Guests, one.roles.guests), (Whom::Members, one.roles.members)] {
            changes.extend(allowed.map(|allowed| Change { whom, what, allowed }));
        }
    }
    Ok(ApiJson(ChannelModeration::list(moderation::patch(&api.app, &actor, &channel, changes).await?)))
}
