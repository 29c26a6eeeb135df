//! Who belongs to a channel, and how far they have read. Source: client-api 5.4.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use rialto_app::channel_members::{self, Error, Seen};
use rialto_app::{Denied, SessionUser, channels, member_requests, teams};
use rialto_model::{ChannelId, TeamId, UserId};
use rialto_wire::v4::channels::{
    ChannelMemberWithTeam, ChannelUnread, ChannelView, ChannelViewed, MemberRequest, NewChannelMembers, TeamFacts,
};
use rialto_wire::v4::{ChannelMember, StatusOk};
use serde::Deserialize;

use super::channel_lists::require_self;
use super::id_lists;
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/teams/{team_id}/channels/members", get(of_user_in_team))
        .route("/users/{user_id}/channel_members", get(of_user))
        .route("/users/{user_id}/channels/{channel_id}/unread", get(unread))
        .route("/channels/{channel_id}/members", get(list).post(add))
        .route("/channels/{channel_id}/members/ids", post(by_ids))
        .route("/channels/{channel_id}/members/{user_id}", get(get_one).delete(remove))
        .route("/channels/{channel_id}/members/{user_id}/roles", put(set_roles))
        .route("/channels/{channel_id}/members/{user_id}/schemeRoles", put(set_scheme_roles))
        .route("/channels/{channel_id}/members/{user_id}/notify_props", put(set_notify_props))
        .route("/channels/{channel_id}/member_requests", get(requests))
        .route("/channels/{channel_id}/timezones", get(timezones))
        .route("/channels/members/{user_id}/view", post(view))
        .route("/channels/members/{user_id}/mark_read", post(mark_read))
}

fn shown(list: &[rialto_model::ChannelMember], viewer: UserId) -> Vec<ChannelMember> {
    list.iter().map(|member| ChannelMember::seen_by(member, viewer)).collect()
}

async fn of_user_in_team(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Vec<ChannelMember>> {
    require_self(&actor, user)?;
    let list = channel_members::list_mine(&api.app, &actor, Some(&team)).await?;
    Ok(ApiJson(shown(&list, actor.user_id)))
}

/// All memberships of the caller: an array of one page, or, for page -1, all of them, one JSON object a line.
async fn of_user(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> Result<Response, ApiError> {
    require_self(&actor, user)?;
    let all = with_teams(&api, &actor).await?;
    if query.text("page") != "-1" {
        let skip = usize::try_from(query.offset()).unwrap_or(usize::MAX);
        let take = usize::try_from(query.per_page()).unwrap_or_default();
        let page: Vec<ChannelMemberWithTeam> = all.into_iter().skip(skip).take(take).collect();
        return Ok(ApiJson(page).into_response());
    }
    let mut lines = String::new();
    for member in &all {
        lines.push_str(&serde_json::to_string(member).map_err(|error| ApiError::internal(error.to_string()))?);
        lines.push('\n');
    }
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

async fn with_teams(api: &Api, actor: &SessionUser) -> Result<Vec<ChannelMemberWithTeam>, ApiError> {
    let members = channel_members::list_mine(&api.app, actor, None).await?;
    let channels = channels::list_mine(&api.app, actor, None, true).await?;
    let team_of: BTreeMap<ChannelId, Option<TeamId>> =
        channels.into_iter().map(|channel| (channel.id, channel.team_id)).collect();
    let teams = teams::list_of_user(&api.app, actor, &actor.user_id).await?;
    let facts: BTreeMap<TeamId, TeamFacts> = teams
        .into_iter()
        .map(|seen| {
            let facts = TeamFacts {
                team_display_name: seen.team.display_name,
                team_name: seen.team.name,
                team_update_at: seen.team.update_at.0,
            };
            (seen.team.id, facts)
        })
        .collect();
    let line = |member: &rialto_model::ChannelMember| {
        let team = team_of.get(&member.channel_id).copied().flatten();
        let team = team.and_then(|team| facts.get(&team)).cloned().unwrap_or_default();
        ChannelMemberWithTeam { member: ChannelMember::from(member), team }
    };
    Ok(members.iter().map(line).collect())
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    query: QueryMap,
) -> ApiResult<Vec<ChannelMember>> {
    let list = channel_members::list(&api.app, &actor, &channel, query.offset(), query.per_page()).await?;
    Ok(ApiJson(shown(&list, actor.user_id)))
}

async fn by_ids(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<Vec<ChannelMember>> {
    let people: Vec<UserId> = id_lists::parse(&body, "user_ids")?;
    let list = channel_members::list_by_ids(&api.app, &actor, &channel, &people).await?;
    Ok(ApiJson(shown(&list, actor.user_id)))
}

async fn get_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, user)): Params<(ChannelId, UserParam)>,
) -> ApiResult<ChannelMember> {
    let member = channel_members::get(&api.app, &actor, &channel, &user.of(&actor)).await?;
    Ok(ApiJson(ChannelMember::seen_by(&member, actor.user_id)))
}

/// One person (`user_id`, answered with one membership) or several (`user_ids`, answered with a list).
async fn add(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    ApiJson(body): ApiJson<NewChannelMembers>,
) -> Result<Response, ApiError> {
    let is_one = body.user_ids.is_empty();
    let people: Vec<UserId> = if is_one {
        vec![id_lists::one(&body.user_id, "user_id")?]
    } else {
        id_lists::parse(&body.user_ids, "user_ids")?
    };
    let members = channel_members::add(&api.app, &actor, &channel, &people).await?;
    if members.is_empty() {
        // People of other servers: their own server was asked, and here nothing has changed yet.
        let asked = member_requests::list(&api.app, &actor, &channel).await?;
        let asked: Vec<_> = asked.iter().filter(|one| people.contains(&one.user_id)).map(shown_request).collect();
        return Ok((StatusCode::ACCEPTED, ApiJson(asked)).into_response());
    }
    let mut shown = shown(&members, actor.user_id);
    let body = match shown.pop() {
        Some(member) if is_one => ApiJson(member).into_response(),
        last => {
            shown.extend(last);
            ApiJson(shown).into_response()
        }
    };
    Ok((StatusCode::CREATED, body).into_response())
}

fn shown_request(request: &member_requests::Request) -> MemberRequest {
    MemberRequest {
        channel_id: request.channel_id,
        user_id: request.user_id,
        requested_by: request.requested_by,
        create_at: request.create_at.0,
        state: request.state.clone(),
    }
}

/// Rialto's own: who was asked for and has not come yet.
async fn requests(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<MemberRequest>> {
    let found = member_requests::list(&api.app, &actor, &channel).await?;
    Ok(ApiJson(found.iter().map(shown_request).collect()))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, user)): Params<(ChannelId, UserParam)>,
) -> ApiResult<StatusOk> {
    channel_members::remove(&api.app, &actor, &channel, &user.of(&actor)).await?;
    Ok(ApiJson(StatusOk::default()))
}

#[derive(Deserialize)]
struct Roles {
    roles: String,
}

/// Role names: the only ones a member can have here are those the flags stand for.
async fn set_roles(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, user)): Params<(ChannelId, UserParam)>,
    ApiJson(body): ApiJson<Roles>,
) -> ApiResult<StatusOk> {
    let names: Vec<&str> = body.roles.split_ascii_whitespace().collect();
    if !names.contains(&"channel_user") || names.iter().any(|name| !["channel_user", "channel_admin"].contains(name)) {
        return Err(ApiError::body_param("roles"));
    }
    let admin = names.contains(&"channel_admin");
    channel_members::set_roles(&api.app, &actor, &channel, &user.of(&actor), admin).await?;
    Ok(ApiJson(StatusOk::default()))
}

#[derive(Deserialize)]
struct SchemeRoles {
    #[serde(default)]
    scheme_user: bool,
    #[serde(default)]
    scheme_admin: bool,
}

async fn set_scheme_roles(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, user)): Params<(ChannelId, UserParam)>,
    ApiJson(body): ApiJson<SchemeRoles>,
) -> ApiResult<StatusOk> {
    if !body.scheme_user {
        return Err(ApiError::body_param("scheme_user"));
    }
    channel_members::set_roles(&api.app, &actor, &channel, &user.of(&actor), body.scheme_admin).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_notify_props(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, user)): Params<(ChannelId, UserParam)>,
    ApiJson(body): ApiJson<BTreeMap<String, String>>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    channel_members::set_notify_props(&api.app, &actor, &channel, body).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn timezones(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<String>> {
    Ok(ApiJson(channel_members::timezones(&api.app, &actor, &channel).await?))
}

async fn view(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<ChannelView>,
) -> ApiResult<ChannelViewed> {
    require_self(&actor, user)?;
    // Both are empty when a window loses its focus: then nothing was looked at.
    let mut seen: Vec<ChannelId> = Vec::new();
    for (id, name) in [(&body.channel_id, "channel_id"), (&body.prev_channel_id, "prev_channel_id")] {
        if !id.is_empty() {
            seen.push(id_lists::one(id, name)?);
        }
    }
    // A client that does not fold threads shows the replies among the messages.
    let what = if body.collapsed_threads_supported { Seen::Messages } else { Seen::Everything };
    let viewed = channel_members::view(&api.app, &actor, &seen, what).await?;
    Ok(ApiJson(ChannelViewed::new(viewed)))
}

async fn mark_read(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<ChannelViewed> {
    require_self(&actor, user)?;
    let ids: Vec<ChannelId> = id_lists::parse(&body, "channel_ids")?;
    let viewed = channel_members::view(&api.app, &actor, &ids, Seen::Messages).await?;
    Ok(ApiJson(ChannelViewed::new(viewed)))
}

async fn unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, id)): Params<(UserParam, ChannelId)>,
) -> ApiResult<ChannelUnread> {
    require_self(&actor, user)?;
    let channel = channels::get(&api.app, &actor, &id).await?;
    let member = channel_members::get(&api.app, &actor, &id, &actor.user_id).await?;
    Ok(ApiJson(ChannelUnread {
        team_id: channel.team_id.map_or_else(String::new, |team| team.to_string()),
        channel_id: id,
        msg_count: (channel.total_msg_count - member.msg_count).max(0),
        mention_count: member.mention_count,
        mention_count_root: member.mention_count_root,
        urgent_mention_count: 0,
        msg_count_root: (channel.total_msg_count_root - member.msg_count_root).max(0),
    }))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(Denied::Absent("member")) => {
                Self::not_found("app.channel.get_member.missing.app_error", "No channel member found.")
            }
            Error::Denied(denied) => denied.into(),
            Error::NoUser => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Error::NotInTeam => {
                Self::not_found("app.team.get_member.missing.app_error", "The person is not a member of the team.")
            }
            Error::Archived => {
                Self::bad_request("api.channel.add_user_to_channel.deleted.app_error", "The channel has been archived.")
            }
            Error::DefaultChannel => Self::bad_request(
                "api.channel.remove.default.app_error",
                "Nobody can be removed from the default channel.",
            ),
            Error::DirectOrGroup => Self::bad_request(
                "api.channel.add_user_to_channel.type.app_error",
                "Members of direct and group message channels do not change.",
            ),
            Error::AskOrganisation { organisation } => Self::bad_request(
                "rialto.channel_member.ask_organisation.app_error",
                format!("Ask {organisation} to add them."),
            ),
            Error::NotShared { organisation } => Self::bad_request(
                "rialto.channel_member.not_shared.app_error",
                format!("They are not part of a channel shared with {organisation}."),
            ),
            Error::Store(error) => error.into(),
        }
    }
}
