//! Who belongs to a team. Source: client-api 5.3.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use rialto_app::teams;
use rialto_model::{TeamId, UserId};
use rialto_wire::v4::users::RolesUpdate;
use rialto_wire::v4::{AppError, StatusOk, TeamMember, teams as wire};
use serde::Serialize;

use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::middleware::CurrentRequest;
use crate::{Api, ApiError, ApiResult};

/// People added in one request.
const MAX_BATCH: usize = 256;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/teams/{team_id}/members", get(list).post(add))
        .route("/teams/{team_id}/members/ids", post(by_ids))
        .route("/teams/{team_id}/members/batch", post(add_batch))
        .route("/teams/{team_id}/members/{user_id}", get(get_one).delete(remove))
        .route("/teams/{team_id}/members/{user_id}/schemeRoles", put(set_scheme_roles))
        .route("/teams/{team_id}/members/{user_id}/roles", put(set_roles))
        .route("/teams/{team_id}/stats", get(stats))
        .route("/teams/members/invite", post(join_by_invitation))
        .route("/users/{user_id}/teams/members", get(list_of_user))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<TeamMember>> {
    let list = teams::list_members(&api.app, &actor, &team, query.offset(), query.per_page()).await?;
    Ok(ApiJson(list.iter().map(TeamMember::from).collect()))
}

async fn get_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, user)): Params<(TeamId, UserParam)>,
) -> ApiResult<TeamMember> {
    let member = teams::get_member(&api.app, &actor, &team, &user.of(&actor)).await?;
    Ok(ApiJson(TeamMember::from(&member)))
}

async fn by_ids(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(ids): ApiJson<Vec<String>>,
) -> ApiResult<Vec<TeamMember>> {
    if ids.is_empty() {
        return Err(ApiError::body_param("user_ids"));
    }
    let ids: Vec<UserId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let list = teams::list_members_by_ids(&api.app, &actor, &team, &ids).await?;
    Ok(ApiJson(list.iter().map(TeamMember::from).collect()))
}

/// The person a body names, if it names the team of the path.
fn person(team: &TeamId, body: &wire::NewTeamMember) -> Result<UserId, ApiError> {
    if body.team_id != team.as_str() {
        return Err(ApiError::body_param("team_id"));
    }
    body.user_id.parse().map_err(|_| ApiError::body_param("user_id"))
}

async fn add(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<wire::NewTeamMember>,
) -> Result<(StatusCode, ApiJson<TeamMember>), ApiError> {
    let member = teams::add_member(&api.app, &actor, &team, &person(&team, &body)?).await?;
    Ok((StatusCode::CREATED, ApiJson(TeamMember::from(&member))))
}

/// What became of one person of a graceful batch.
#[derive(Debug, Serialize)]
struct Added {
    user_id: UserId,
    member: Option<TeamMember>,
    error: Option<AppError>,
}

async fn add_batch(
    State(api): State<Api>,
    Session(actor): Session,
    axum::Extension(CurrentRequest(request)): axum::Extension<CurrentRequest>,
    Params(team): Params<TeamId>,
    query: QueryMap,
    ApiJson(body): ApiJson<Vec<wire::NewTeamMember>>,
) -> Result<Response, ApiError> {
    if body.is_empty() || body.len() > MAX_BATCH {
        return Err(ApiError::body_param("members"));
    }
    let people: Vec<UserId> = body.iter().map(|member| person(&team, member)).collect::<Result<_, _>>()?;
    let graceful = query.flag("graceful");
    let (mut members, mut outcomes) = (Vec::new(), Vec::new());
    for user_id in people {
        match teams::add_member(&api.app, &actor, &team, &user_id).await.map_err(ApiError::from) {
            Ok(member) => {
                let member = TeamMember::from(&member);
                outcomes.push(Added { user_id, member: Some(member.clone()), error: None });
                members.push(member);
            }
            Err(error) if graceful && error.status.is_client_error() => {
                let error = AppError::new(error.id, error.message, error.status.as_u16(), request);
                outcomes.push(Added { user_id, member: None, error: Some(error) });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(if graceful {
        (StatusCode::CREATED, ApiJson(outcomes)).into_response()
    } else {
        (StatusCode::CREATED, ApiJson(members)).into_response()
    })
}

async fn join_by_invitation(
    State(api): State<Api>,
    Session(actor): Session,
    query: QueryMap,
) -> Result<(StatusCode, ApiJson<TeamMember>), ApiError> {
    let member = teams::join_by_invitation(&api.app, &actor, query.text("invite_id")).await?;
    Ok((StatusCode::CREATED, ApiJson(TeamMember::from(&member))))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, user)): Params<(TeamId, UserParam)>,
) -> ApiResult<StatusOk> {
    teams::remove_member(&api.app, &actor, &team, &user.of(&actor)).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_scheme_roles(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, user)): Params<(TeamId, UserParam)>,
    ApiJson(body): ApiJson<wire::SchemeRoles>,
) -> ApiResult<StatusOk> {
    if !body.scheme_user || body.scheme_guest {
        // Guests are made and unmade by their account, not by team.
        return Err(ApiError::body_param("scheme_user"));
    }
    teams::set_scheme_roles(&api.app, &actor, &team, &user.of(&actor), body.scheme_admin).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_roles(
    State(api): State<Api>,
    Session(actor): Session,
    Params((team, user)): Params<(TeamId, UserParam)>,
    ApiJson(body): ApiJson<RolesUpdate>,
) -> ApiResult<StatusOk> {
    let admin = match body.roles.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        ["team_user"] => false,
        ["team_user", "team_admin"] | ["team_admin", "team_user"] => true,
        _ => return Err(ApiError::body_param("team_member_roles")),
    };
    teams::set_scheme_roles(&api.app, &actor, &team, &user.of(&actor), admin).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn stats(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
) -> ApiResult<wire::TeamStats> {
    let (total_member_count, active_member_count) = teams::count_members(&api.app, &actor, &team).await?;
    Ok(ApiJson(wire::TeamStats { team_id: team, total_member_count, active_member_count }))
}

async fn list_of_user(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Vec<TeamMember>> {
    let list = teams::list_memberships(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(list.iter().map(TeamMember::from).collect()))
}
