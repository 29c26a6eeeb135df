//! Channels of all teams, group messages, and what becomes of these. Source: client-api 5.4.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rialto_app::all_channels::{self, Filter, WithTeam};
use rialto_app::group_conversion::{self, Error, Wanted};
use rialto_app::usage;
use rialto_model::{ChannelId, PostId};
use rialto_wire::v4::channels::{ChannelSearch, ChannelWithTeam, ChannelsWithCount, Conversion, TeamFacts};
use rialto_wire::v4::{Channel, Team, User};
use serde_json::{Value, json};

use super::id_lists;
use super::users::seen_by;
use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

/// Channels a search without pages finds.
const FOUND: i64 = 100;

/// `GET /channels` stands with `POST` in [`super::channels`].
pub fn routes() -> Router<Api> {
    Router::new()
        .route("/channels/search", post(search))
        .route("/channels/group/search", post(search_groups))
        .route("/channels/{channel_id}/common_teams", get(common_teams))
        .route("/channels/{channel_id}/convert_to_channel", post(convert))
        .route("/users/group_channels", post(people_of_groups))
        .route("/posts/{post_id}/move", post(move_post))
        .route("/usage/posts", get(posts_usage))
        .route("/usage/storage", get(storage_usage))
        .route("/usage/teams", get(teams_usage))
}

fn shown(found: Vec<WithTeam>) -> Vec<ChannelWithTeam> {
    let one = |found: WithTeam| ChannelWithTeam {
        channel: Channel::from(&found.channel),
        team: TeamFacts {
            team_display_name: found.team_display_name,
            team_name: found.team_name,
            team_update_at: found.team_update_at.0,
        },
    };
    found.into_iter().map(one).collect()
}

fn answer((found, total_count): (Vec<WithTeam>, i64), with_count: bool) -> Response {
    let channels = shown(found);
    if with_count {
        ApiJson(ChannelsWithCount { channels, total_count }).into_response()
    } else {
        ApiJson(channels).into_response()
    }
}

pub(super) async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
) -> Result<Response, ApiError> {
    let filter = Filter {
        no_archived: !query.flag("include_deleted"),
        no_default: query.flag("exclude_default_channels"),
        offset: query.offset(),
        limit: query.per_page(),
        ..Filter::default()
    };
    let found = all_channels::list(&api.app, &actor, &filter).await?;
    Ok(answer(found, query.flag("include_total_count")))
}

async fn search(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
    ApiJson(body): ApiJson<ChannelSearch>,
) -> Result<Response, ApiError> {
    let page = body.page.zip(body.per_page).map(|(page, per_page)| (page.max(0), per_page.clamp(1, 200)));
    let filter = Filter {
        term: body.term.trim().to_lowercase(),
        teams: body.team_ids,
        no_public: body.private && !body.public,
        no_private: body.public && !body.private,
        no_live: body.deleted,
        no_archived: !body.deleted && !body.include_deleted,
        no_default: body.exclude_default_channels,
        no_copies: body.exclude_remote,
        found_by: None,
        offset: page.map_or(0, |(page, per_page)| page.saturating_mul(per_page)),
        limit: page.map_or(FOUND, |(_, per_page)| per_page),
    };
    // Without the word it is the console that asks.
    let console = query.text("system_console").is_empty() || query.flag("system_console");
    let found = if console {
        all_channels::list(&api.app, &actor, &filter).await?
    } else {
        all_channels::search(&api.app, &actor, filter).await?
    };
    Ok(answer(found, page.is_some()))
}

async fn search_groups(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<ChannelSearch>,
) -> ApiResult<Vec<Channel>> {
    let found = all_channels::search_groups(&api.app, &actor, &body.term).await?;
    Ok(ApiJson(found.iter().map(Channel::from).collect()))
}

async fn people_of_groups(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<BTreeMap<ChannelId, Vec<User>>> {
    let ids: Vec<ChannelId> = id_lists::parse(&body, "group_channel_ids")?;
    let found = all_channels::people_of_groups(&api.app, &actor, &ids).await?;
    let seen = |people: Vec<_>| people.iter().map(|user| seen_by(&api.app, &actor, user)).collect();
    Ok(ApiJson(found.into_iter().map(|(channel, people)| (channel, seen(people))).collect()))
}

async fn common_teams(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
) -> ApiResult<Vec<Team>> {
    let list = group_conversion::common_teams(&api.app, &actor, &id).await?;
    Ok(ApiJson(list.iter().map(|team| Team::from(team).without_email().without_invite_id()).collect()))
}

async fn convert(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<ChannelId>,
    ApiJson(body): ApiJson<Conversion>,
) -> ApiResult<Channel> {
    if !body.channel_id.is_empty() && body.channel_id != id.as_str() {
        return Err(ApiError::body_param("channel_id"));
    }
    let team = id_lists::one(&body.team_id, "team_id")?;
    let wanted = Wanted { team, name: body.name, display_name: body.display_name };
    Ok(ApiJson(Channel::from(&group_conversion::convert(&api.app, &actor, &id, wanted).await?)))
}

/// Messages stay where they were written (client-api 5.5): the feature is switched off in the client configuration too.
async fn move_post(Session(_): Session, Params(_): Params<PostId>) -> ApiError {
    ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "api.post.move_thread.disabled.app_error",
        "Messages are not moved on this server.",
    )
}

async fn posts_usage(State(api): State<Api>, Session(_): Session) -> ApiResult<Value> {
    Ok(ApiJson(json!({"count": usage::get(&api.app).await?.messages})))
}

async fn storage_usage(State(api): State<Api>, Session(_): Session) -> ApiResult<Value> {
    Ok(ApiJson(json!({"bytes": usage::get(&api.app).await?.bytes})))
}

async fn teams_usage(State(api): State<Api>, Session(_): Session) -> ApiResult<Value> {
    Ok(ApiJson(json!({"active": usage::get(&api.app).await?.teams, "cloud_archived": 0})))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Channel(error) => error.into(),
            Error::NotGroup => {
                Self::bad_request("app.channel.gm_conversion.not_group.app_error", "This is only for group messages.")
            }
            Error::Shared => Self::bad_request(
                "app.channel.gm_conversion.shared.app_error",
                "People of other organisations take part in this group message, so it stays one.",
            ),
            Error::NotCommon => Self::bad_request(
                "app.channel.gm_conversion.not_common_team.app_error",
                "Not everybody in this group message belongs to that team.",
            ),
        }
    }
}
