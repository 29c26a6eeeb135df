//! Channels: making, changing, archiving, one at a time. Source: client-api 5.4.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rialto_app::channels::{self, Error};
use rialto_app::{Denied, channel_moves, channel_removal, direct_channels, teams};
use rialto_model::{ChannelId, ChannelKind, TeamId, UserId};
use rialto_wire::v4::channels::{ChannelPatch, ChannelStats, NewChannel};
use rialto_wire::v4::{Channel, StatusOk};
use serde::Deserialize;

use super::{all_channels, id_lists};
use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/channels", post(create).get(all_channels::list))
        .route("/channels/direct", post(create_direct))
        .route("/channels/group", post(create_group))
        .route("/channels/{channel_id}", get(get_one).put(update).delete(archive))
        .route("/channels/{channel_id}/patch", put(patch))
        .route("/channels/{channel_id}/privacy", put(set_privacy))
        .route("/channels/{channel_id}/restore", post(restore))
        .route("/channels/{channel_id}/move", post(move_to_team))
        .route("/channels/{channel_id}/stats", get(stats))
        .route("/teams/{team_id}/channels/name/{name}", get(by_name))
        .route("/teams/name/{team_name}/channels/name/{name}", get(by_names))
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewChannel>,
) -> Result<(StatusCode, ApiJson<Channel>), ApiError> {
    let kind = ChannelKind::from_letter(&body.kind).ok_or_else(|| ApiError::body_param("type"))?;
    let new = channels::NewChannel {
        team: id_lists::one(&body.team_id, "team_id")?,
        kind,
        name: body.name,
        display_name: body.display_name,
        header: body.header,
        purpose: body.purpose,
    };
    let channel = channels::create(&api.app, &actor, new).await?;
    Ok((StatusCode::CREATED, ApiJson(Channel::from(&channel))))
}

async fn create_direct(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> Result<(StatusCode, ApiJson<Channel>), ApiError> {
    let people: Vec<UserId> = id_lists::parse(&body, "user_ids")?;
    let [one, other] = people.as_slice() else { return Err(ApiError::body_param("user_ids")) };
    let channel = direct_channels::open(&api.app, &actor, one, other).await?;
    Ok((StatusCode::CREATED, ApiJson(Channel::from(&channel))))
}

async fn create_group(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> Result<(StatusCode, ApiJson<Channel>), ApiError> {
    let people: Vec<UserId> = id_lists::parse(&body, "user_ids")?;
    let channel = direct_channels::open_group(&api.app, &actor, &people).await?;
    Ok((StatusCode::CREATED, ApiJson(Channel::from(&channel))))
}

async fn get_one(State(api): State<Api>, Session(actor): Session, Params(id): Params<ChannelId>) -> ApiResult<Channel> {
    Ok(ApiJson(Channel::from(&channels::get(&api.app, &actor, &id).await?)))
}

async fn by_name(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, name)): Params<(TeamId, String)>,
    query: QueryMap,
) -> ApiResult<Channel> {
    find(&api, &actor, &team, &name, &query).await
}

async fn by_names(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, name)): Params<(String, String)>,
    query: QueryMap,
) -> ApiResult<Channel> {
    let team = teams::get_by_name(&api.app, &actor, &team).await?.team.id;
    find(&api, &actor, &team, &name, &query).await
}

async fn find(
    api: &Api,
    actor: &rialto_app::SessionUser,
    team: &TeamId,
    name: &str,
    query: &QueryMap,
) -> ApiResult<Channel> {
    let name = name.to_lowercase();
    let found = channels::get_by_name(&api.app, actor, team, &name, query.flag("include_deleted")).await;
    match found {
        Ok(channel) => Ok(ApiJson(Channel::from(&channel))),
        Err(Error::Denied(Denied::Absent("channel"))) => {
            Err(ApiError::not_found("app.channel.get_by_name.missing.app_error", "Channel does not exist."))
        }
        Err(error) => Err(error.into()),
    }
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    ApiJson(body): ApiJson<ChannelPatch>,
) -> ApiResult<Channel> {
    // A whole channel: empty texts mean that nothing was given, as Go clients write them.
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let body = ChannelPatch { name: given(body.name), display_name: given(body.display_name), ..body };
    change(&api, &actor, &id, body).await
}

async fn patch(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    ApiJson(body): ApiJson<ChannelPatch>,
) -> ApiResult<Channel> {
    change(&api, &actor, &id, body).await
}

async fn change(api: &Api, actor: &rialto_app::SessionUser, id: &ChannelId, body: ChannelPatch) -> ApiResult<Channel> {
    let patch = channels::ChannelPatch {
        name: body.name,
        display_name: body.display_name,
        header: body.header,
        purpose: body.purpose,
    };
    Ok(ApiJson(Channel::from(&channels::patch(&api.app, actor, id, patch).await?)))
}

#[derive(Deserialize)]
struct Privacy {
    privacy: String,
}

async fn set_privacy(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    ApiJson(body): ApiJson<Privacy>,
) -> ApiResult<Channel> {
    let kind = ChannelKind::from_letter(&body.privacy).filter(|kind| !kind.is_direct_or_group());
    let kind = kind.ok_or_else(|| ApiError::body_param("privacy"))?;
    Ok(ApiJson(Channel::from(&channels::set_privacy(&api.app, &actor, &id, kind).await?)))
}

/// Archives, or deletes for good where `permanent` asks for it and the server allows it.
async fn archive(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    query: QueryMap,
) -> ApiResult<StatusOk> {
    if query.flag("permanent") {
        channel_removal::delete_permanently(&api.app, &actor, &id).await?;
        return Ok(ApiJson(StatusOk::default()));
    }
    channels::archive(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

#[derive(Deserialize)]
struct Move {
    team_id: String,
    #[serde(default)]
    force: bool,
}

async fn move_to_team(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    ApiJson(body): ApiJson<Move>,
) -> ApiResult<Channel> {
    let team: TeamId = id_lists::one(&body.team_id, "team_id")?;
    Ok(ApiJson(Channel::from(&channel_moves::move_to_team(&api.app, &actor, &id, &team, body.force).await?)))
}

async fn restore(State(api): State<Api>, Session(actor): Session, Params(id): Params<ChannelId>) -> ApiResult<Channel> {
    Ok(ApiJson(Channel::from(&channels::restore(&api.app, &actor, &id).await?)))
}

async fn stats(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    query: QueryMap,
) -> ApiResult<ChannelStats> {
    let stats = channels::stats(&api.app, &actor, &id).await?;
    Ok(ApiJson(ChannelStats {
        channel_id: id,
        member_count: stats.members,
        guest_count: 0,
        pinnedpost_count: stats.pinned,
        files_count: if query.flag("exclude_files_count") { -1 } else { 0 },
    }))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Name(invalid) => {
                Self::bad_request("model.channel.is_valid.1_or_more.app_error", format!("The channel name {invalid}."))
            }
            Error::Length { field, min, max } => Self::bad_request(
                match field {
                    "header" => "model.channel.is_valid.header.app_error",
                    "purpose" => "model.channel.is_valid.purpose.app_error",
                    _ => "model.channel.is_valid.display_name.app_error",
                },
                format!("The channel's {field} must have {min} to {max} characters."),
            ),
            Error::NameTaken => Self::bad_request(
                "store.sql_channel.save_channel.exists.app_error",
                "A channel with that name already exists on the same team.",
            ),
            Error::TooMany { max } => Self::bad_request(
                "store.sql_channel.save_channel.limit.app_error",
                format!("The team has as many channels as it may: {max}."),
            ),
            Error::DeletionOff => Self::new(
                StatusCode::UNAUTHORIZED,
                "api.user.delete_channel.not_enabled.app_error",
                "Deleting channels for good is not enabled.",
            ),
            Error::MembersElsewhere => Self::bad_request(
                "app.channel.move_channel.members_do_not_match.error",
                "Some members of the channel do not belong to that team.",
            ),
            Error::Archived => {
                Self::bad_request("api.channel.update_channel.deleted.app_error", "The channel has been archived.")
            }
            Error::NotArchived => {
                Self::bad_request("api.channel.restore_channel.restored.app_error", "The channel is not archived.")
            }
            Error::DefaultChannel => Self::bad_request(
                "api.channel.delete_channel.cannot.app_error",
                "This cannot be done to the default channel.",
            ),
            Error::DirectOrGroup => Self::bad_request(
                "api.channel.delete_channel.type.invalid",
                "This cannot be done to direct or group message channels.",
            ),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<direct_channels::Error> for ApiError {
    fn from(error: direct_channels::Error) -> Self {
        use direct_channels::Error;
        match error {
            Error::Denied(denied) => denied.into(),
            Error::NoUser => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Error::NotTakingPart => Self::permissions(),
            Error::Count => Self::bad_request(
                "api.channel.create_group.bad_size.app_error",
                "Group message channels must contain at least 3 and no more than 8 users.",
            ),
            Error::Unreachable(why) => Self::bad_request(
                "api.channel.create_channel.direct_channel.remote_restricted.app_error",
                format!("This conversation is not possible: {why}."),
            ),
            Error::Store(error) => error.into(),
        }
    }
}
