//! Channels that connections offer and that wait for a decision; Rialto's own routes. Source: rulings 28 and 43,
//! behaviour 8.6.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::shares;
use rialto_model::{ChannelId, RemoteId};
use rialto_wire::v4::shared_channels::{ApproveRequest, SharedChannelRequest};
use rialto_wire::v4::{Channel, StatusOk};

use super::id_lists;
use super::remote_clusters::require_sharing;
use crate::extract::{ApiJson, MaybeJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/remotecluster/{remote_id}/channelrequests", get(list))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/approve", post(approve))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/refuse", post(refuse))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(remote): Params<RemoteId>,
) -> ApiResult<Vec<SharedChannelRequest>> {
    require_sharing(&api)?;
    let waiting = shares::list_requests(&api.app, &actor, &remote).await?;
    let shown = waiting.into_iter().map(|request| SharedChannelRequest {
        channel_id: request.channel_id,
        remote_id: request.remote_id,
        reason: request.reason,
        display_name: request.display_name,
        header: request.header,
        purpose: request.purpose,
        kind: request.kind.letter().to_owned(),
        readonly: request.read_only,
        create_at: request.create_at.0,
    });
    Ok(ApiJson(shown.collect()))
}

/// Answers the channel as it is here now.
async fn approve(
    State(api): State<Api>,
    Session(actor): Session,
    Params((remote, channel)): Params<(RemoteId, ChannelId)>,
    MaybeJson(body): MaybeJson<ApproveRequest>,
) -> ApiResult<Channel> {
    require_sharing(&api)?;
    let team = body.map(|body| body.team_id).filter(|team| !team.is_empty());
    let team = team.map(|team| id_lists::one(&team, "team_id")).transpose()?;
    let (channel, _) = shares::approve(&api.app, &actor, &remote, &channel, team).await?;
    Ok(ApiJson(Channel::from(&channel)))
}

async fn refuse(
    State(api): State<Api>,
    Session(actor): Session,
    Params((remote, channel)): Params<(RemoteId, ChannelId)>,
) -> ApiResult<StatusOk> {
    require_sharing(&api)?;
    shares::refuse(&api.app, &actor, &remote, &channel).await?;
    Ok(ApiJson(StatusOk::default()))
}
