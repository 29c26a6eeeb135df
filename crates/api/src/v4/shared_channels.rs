//! Shared channels as members see them. Source: client-api 2.4 and 6.1, ruling 76.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::notices::authors;
use rialto_app::{Denied, connections, direct_channels, shares};
use rialto_model::{ChannelId, RemoteCluster, RemoteId, Share, TeamId, UserId};
use rialto_wire::v4::shared_channels::{CanDm, UndeliveredPost};
use rialto_wire::v4::{ConnectionInfo, SharedChannel};

use super::remote_clusters::{page, require_service};
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/sharedchannels/{team_id}", get(of_team))
        .route("/sharedchannels/{channel_id}/remotes", get(organisations))
        .route("/channels/{channel_id}/undelivered", get(undelivered))
        .route("/sharedchannels/remote_info/{remote_id}", get(info))
        .route("/sharedchannels/users/{user_id}/can_dm/{other_id}", get(can_dm))
}

async fn of_team(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<SharedChannel>> {
    require_service(&api)?;
    let mut found = shares::list_of_team(&api.app, &actor, &team).await?;
    found.sort_by(|a, b| a.channel.display_name.cmp(&b.channel.display_name));
    let shown = page(found, &query);
    Ok(ApiJson(shown.iter().map(|one| SharedChannel::new(&one.channel, &one.share)).collect()))
}

async fn organisations(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<ConnectionInfo>> {
    require_service(&api)?;
    let found = shares::organisations(&api.app, &actor, &channel).await;
    let found = found.map_err(|error| match error {
        // Here a channel is read, not shared: it is missing as everywhere else.
        shares::Error::Denied(denied) => ApiError::from(denied),
        error => error.into(),
    })?;
    let sharing = |(remote, share): &(RemoteCluster, Option<Share>)| match share {
        Some(share) => ConnectionInfo::from(remote).sharing(share),
        None => ConnectionInfo::from(remote),
    };
    let mut shown: Vec<ConnectionInfo> = found.iter().map(sharing).collect();
    // Of a copy also those its home shares it with besides us; only the home knows more of them than their name (M-23).
    let others = shares::also_taking_part(&api.app, &actor, &channel).await?;
    // They are reached through the home, so they are as far as it is.
    let last_ping_at = shown.first().map_or(0, |home| home.last_ping_at);
    shown.extend(others.into_iter().map(|one| ConnectionInfo {
        name: one.name.clone(),
        display_name: one.name,
        create_at: one.since.0,
        delete_at: 0,
        last_ping_at,
        mode: one.mode,
        shared_at: one.since.0,
        shared_by: String::new(),
    }));
    Ok(ApiJson(shown))
}

async fn info(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    query: QueryMap,
) -> ApiResult<ConnectionInfo> {
    require_service(&api)?;
    let absent =
        || ApiError::not_found("api.context.remote_id_invalid.app_error", "Unable to find the secure connection.");
    let remote = match connections::info(&api.app, &actor, &id).await {
        Err(connections::Error::Denied(Denied::Absent(_))) => Err(absent()),
        found => found.map_err(ApiError::from),
    }?;
    if remote.delete_at.is_some() && !query.flag("include_deleted") {
        return Err(absent());
    }
    Ok(ApiJson(ConnectionInfo::from(&remote)))
}

/// Whether two people can write to each other directly now, over servers too (client-api 6.1).
async fn can_dm(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, other)): Params<(UserParam, UserId)>,
) -> ApiResult<CanDm> {
    if user.of(&actor) != actor.user_id {
        return Err(ApiError::permissions());
    }
    let can_dm = direct_channels::can_message(&api.app, &actor, &other).await?;
    Ok(ApiJson(CanDm { can_dm }))
}

/// Rialto's own: which of the caller's messages in a channel an organisation does not take, and why (M-18).
async fn undelivered(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<UndeliveredPost>> {
    let found = authors::undelivered(&api.app, &actor, &channel).await?;
    let shown = found.into_iter().map(|one| UndeliveredPost {
        post_id: one.post,
        organisation: one.organisation,
        reason: one.reason,
    });
    Ok(ApiJson(shown.collect()))
}
