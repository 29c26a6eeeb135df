//! Finding people: lists, search, autocomplete, counts. Source: client-api 5.1.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::users::{self, Find};
use rialto_app::{App, SessionUser};
use rialto_model::{Permission, UserId};
use rialto_wire::v4::User;
use rialto_wire::v4::users as wire;

use super::users::seen_by;
use crate::extract::{ApiJson, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

/// People a search finds unless told otherwise, and at most.
const SEARCH_LIMIT: i64 = 100;
const MAX_SEARCH_LIMIT: i64 = 1000;

/// Ids or names in one request.
const MAX_LIST: usize = 1000;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users", get(list))
        .route("/users/ids", post(by_ids))
        .route("/users/usernames", post(by_usernames))
        .route("/users/search", post(search))
        .route("/users/autocomplete", get(autocomplete))
        .route("/users/known", get(known))
        .route("/users/stats", get(stats))
        .route("/users/stats/filtered", get(filtered_stats))
}

fn seen(app: &App, actor: &SessionUser, list: &[rialto_model::User]) -> Vec<User> {
    list.iter().map(|user| seen_by(app, actor, user)).collect()
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<User>> {
    let find = Find {
        in_team: query.id("in_team")?,
        not_in_team: query.id("not_in_team")?,
        in_channel: query.id("in_channel")?,
        not_in_channel: query.id("not_in_channel")?,
        without_team: query.flag("without_team"),
        role: query.text("role").to_owned(),
        term: String::new(),
        inactive: !query.flag("active"),
        offset: query.offset(),
        limit: query.per_page(),
    };
    if find.not_in_channel.is_some() && find.in_team.is_none() {
        return Err(ApiError::url_param("in_team"));
    }
    let found = users::list(&api.app, &actor, &find).await?;
    Ok(ApiJson(seen(&api.app, &actor, &found)))
}

async fn by_ids(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
    ApiJson(ids): ApiJson<Vec<String>>,
) -> ApiResult<Vec<User>> {
    if ids.is_empty() || ids.len() > MAX_LIST {
        return Err(ApiError::body_param("user_ids"));
    }
    let ids: Vec<UserId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let since = query.number("since", 0);
    let mut found = users::list_by_ids(&api.app, &actor, &ids).await?;
    found.retain(|user| user.update_at.0 > since || since == 0);
    Ok(ApiJson(seen(&api.app, &actor, &found)))
}

async fn by_usernames(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(names): ApiJson<Vec<String>>,
) -> ApiResult<Vec<User>> {
    if names.is_empty() || names.len() > MAX_LIST {
        return Err(ApiError::body_param("usernames"));
    }
    let found = users::list_by_usernames(&api.app, &actor, &names).await?;
    Ok(ApiJson(seen(&api.app, &actor, &found)))
}

async fn search(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<wire::UserSearch>,
) -> ApiResult<Vec<User>> {
    if body.term.trim().is_empty() {
        return Err(ApiError::body_param("term"));
    }
    let limit = if body.limit == 0 { SEARCH_LIMIT } else { body.limit };
    if !(1..=MAX_SEARCH_LIMIT).contains(&limit) {
        return Err(ApiError::body_param("limit"));
    }
    let find = Find {
        in_team: optional(&body.team_id, "team_id")?,
        not_in_team: optional(&body.not_in_team_id, "not_in_team_id")?,
        in_channel: optional(&body.in_channel_id, "in_channel_id")?,
        not_in_channel: optional(&body.not_in_channel_id, "not_in_channel_id")?,
        without_team: body.without_team,
        role: body.role,
        term: body.term,
        inactive: body.allow_inactive,
        offset: 0,
        limit,
    };
    let found = users::list(&api.app, &actor, &find).await?;
    Ok(ApiJson(seen(&api.app, &actor, &found)))
}

fn optional<T: std::str::FromStr>(text: &str, name: &str) -> Result<Option<T>, ApiError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| ApiError::body_param(name)) }
}

async fn autocomplete(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
) -> ApiResult<wire::Autocomplete> {
    let find = Find {
        in_team: query.id("in_team")?,
        in_channel: query.id("in_channel")?,
        term: query.text("name").to_owned(),
        limit: query.number("limit", SEARCH_LIMIT).clamp(1, MAX_SEARCH_LIMIT),
        ..Find::default()
    };
    if find.in_channel.is_some() && find.in_team.is_none() {
        return Err(ApiError::url_param("in_team"));
    }
    let (users, outside) = users::autocomplete(&api.app, &actor, &find).await?;
    Ok(ApiJson(wire::Autocomplete {
        users: seen(&api.app, &actor, &users),
        out_of_channel: find.in_channel.map(|_| seen(&api.app, &actor, &outside)),
    }))
}

async fn known(State(api): State<Api>, Session(actor): Session) -> ApiResult<Vec<UserId>> {
    Ok(ApiJson(users::known(&api.app, &actor).await?))
}

async fn stats(State(api): State<Api>, Session(_): Session) -> ApiResult<wire::UserStats> {
    Ok(ApiJson(wire::UserStats { total_users_count: users::count(&api.app, false).await? }))
}

async fn filtered_stats(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
) -> ApiResult<wire::UserStats> {
    actor.require(Permission::SysconsoleReadUserManagementUsers)?;
    let total_users_count = users::count(&api.app, query.flag("include_remote_users")).await?;
    Ok(ApiJson(wire::UserStats { total_users_count }))
}
