//! Teams. Source: client-api 5.3.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use rialto_app::SessionUser;
use rialto_app::teams::{self, Error, NewTeam, SeenTeam, TeamChange};
use rialto_app::threads::{self, Totals};
use rialto_model::names::InvalidName;
use rialto_model::{TeamId, TeamKind};
use rialto_wire::v4::users::TeamUnread;
use rialto_wire::v4::{StatusOk, Team, teams as wire};

use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/teams", post(create).get(list))
        .route("/teams/search", post(search))
        .route("/teams/{team_id}", get(get_one).put(update).delete(archive))
        .route("/teams/{team_id}/patch", put(update))
        .route("/teams/{team_id}/privacy", put(set_privacy))
        .route("/teams/{team_id}/restore", post(restore))
        .route("/teams/{team_id}/regenerate_invite_id", post(regenerate_invite_id))
        .route("/teams/{team_id}/image", get(no_image))
        .route("/teams/name/{name}", get(get_by_name))
        .route("/teams/name/{name}/exists", get(exists))
        .route("/teams/invite/{invite_id}", get(invitation))
        .route("/users/{user_id}/teams", get(list_of_user))
        .route("/users/{user_id}/teams/unread", get(list_unread))
        .route("/users/{user_id}/teams/{team_id}/unread", get(unread))
}

fn shown(seen: SeenTeam) -> Team {
    let team = Team::from(&seen.team);
    let team = if seen.with_email { team } else { team.without_email() };
    if seen.with_invite_id { team } else { team.without_invite_id() }
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<wire::NewTeam>,
) -> Result<(StatusCode, ApiJson<Team>), ApiError> {
    let kind = TeamKind::from_letter(&body.kind)
        .ok_or_else(|| ApiError::bad_request("model.team.is_valid.type.app_error", "The type of a team is O or I."))?;
    let new = NewTeam {
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        email: body.email,
        kind,
        allow_open_invite: body.allow_open_invite,
    };
    let team = teams::create(&api.app, &actor, new).await?;
    Ok((StatusCode::CREATED, ApiJson(Team::from(&team))))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> Result<Response, ApiError> {
    let found = teams::search(&api.app, &actor, "").await?;
    let page = (query.offset(), query.per_page());
    Ok(paged(found, Some(page), query.flag("include_total_count")))
}

async fn search(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<wire::TeamSearch>,
) -> Result<Response, ApiError> {
    let found = teams::search(&api.app, &actor, &body.term).await?;
    let page = body.page.zip(body.per_page).map(|(page, per_page)| {
        let per_page = per_page.clamp(0, 200);
        (page.max(0).saturating_mul(per_page), per_page)
    });
    Ok(paged(found, page, page.is_some()))
}

fn paged(found: Vec<SeenTeam>, page: Option<(i64, i64)>, with_count: bool) -> Response {
    let total_count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let (offset, limit) = page.unwrap_or((0, total_count));
    let [offset, limit] = [offset, limit].map(|n| usize::try_from(n).unwrap_or_default());
    let teams: Vec<Team> = found.into_iter().skip(offset).take(limit).map(shown).collect();
    if with_count {
        ApiJson(wire::TeamsWithCount { teams, total_count }).into_response()
    } else {
        ApiJson(teams).into_response()
    }
}

async fn get_one(State(api): State<Api>, Session(actor): Session, Params(team): Params<TeamId>) -> ApiResult<Team> {
    Ok(ApiJson(shown(teams::get(&api.app, &actor, &team).await?)))
}

async fn get_by_name(State(api): State<Api>, Session(actor): Session, Params(name): Params<String>) -> ApiResult<Team> {
    Ok(ApiJson(shown(teams::get_by_name(&api.app, &actor, &name).await?)))
}

async fn exists(
    State(api): State<Api>,
    Session(_): Session,
    Params(name): Params<String>,
) -> ApiResult<wire::TeamExists> {
    Ok(ApiJson(wire::TeamExists { exists: teams::exists(&api.app, &name).await? }))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<wire::TeamPatch>,
) -> ApiResult<Team> {
    let change = TeamChange {
        display_name: body.display_name,
        description: body.description,
        allow_open_invite: body.allow_open_invite,
        kind: None,
    };
    Ok(ApiJson(Team::from(&teams::update(&api.app, &actor, &team, change).await?)))
}

async fn set_privacy(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<wire::Privacy>,
) -> ApiResult<Team> {
    let kind = TeamKind::from_letter(&body.privacy).ok_or_else(|| ApiError::body_param("privacy"))?;
    let change =
        TeamChange { kind: Some(kind), allow_open_invite: Some(kind == TeamKind::Open), ..TeamChange::default() };
    Ok(ApiJson(Team::from(&teams::update(&api.app, &actor, &team, change).await?)))
}

async fn archive(State(api): State<Api>, Session(actor): Session, Params(team): Params<TeamId>) -> ApiResult<StatusOk> {
    teams::set_archived(&api.app, &actor, &team, true).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn restore(State(api): State<Api>, Session(actor): Session, Params(team): Params<TeamId>) -> ApiResult<Team> {
    Ok(ApiJson(Team::from(&teams::set_archived(&api.app, &actor, &team, false).await?)))
}

async fn regenerate_invite_id(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
) -> ApiResult<Team> {
    Ok(ApiJson(Team::from(&teams::regenerate_invite_id(&api.app, &actor, &team).await?)))
}

/// Teams have no pictures here; clients draw initials.
async fn no_image(Session(_): Session, Params(_): Params<TeamId>) -> ApiError {
    ApiError::not_found("api.team.get_team_icon.read_file.app_error", "The team has no icon.")
}

async fn invitation(State(api): State<Api>, Params(invite_id): Params<String>) -> ApiResult<wire::TeamInviteInfo> {
    let team = teams::get_by_invitation(&api.app, &invite_id).await?;
    Ok(ApiJson(wire::TeamInviteInfo {
        id: team.id,
        name: team.name,
        display_name: team.display_name,
        description: team.description,
    }))
}

async fn list_of_user(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Vec<Team>> {
    let list = teams::list_of_user(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(list.into_iter().map(shown).collect()))
}

fn shown_unread(unread: &teams::Unread, threads: Totals) -> TeamUnread {
    TeamUnread {
        team_id: unread.team_id,
        msg_count: unread.messages,
        mention_count: unread.mentions,
        mention_count_root: unread.mentions_root,
        msg_count_root: unread.messages_root,
        thread_count: threads.unread_threads,
        thread_mention_count: threads.mentions,
        thread_urgent_mention_count: threads.urgent_mentions,
    }
}

async fn list_unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> ApiResult<Vec<TeamUnread>> {
    let list = teams::list_unread(&api.app, &actor, &user.of(&actor)).await?;
    let excluded = query.text("exclude_team");
    let list: Vec<_> = list.into_iter().filter(|unread| unread.team_id.as_str() != excluded).collect();
    unread_with_threads(&api, &actor, user, &list, &query).await.map(ApiJson)
}

async fn unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    query: QueryMap,
) -> ApiResult<TeamUnread> {
    let list = teams::list_unread(&api.app, &actor, &user.of(&actor)).await?;
    let found = list.iter().find(|unread| unread.team_id == team).ok_or(Error::NotMember)?;
    let shown = unread_with_threads(&api, &actor, user, std::slice::from_ref(found), &query).await?;
    shown.into_iter().next().map(ApiJson).ok_or_else(|| Error::NotMember.into())
}

/// What is unread in teams; in threads only where a client folds them, and of nobody but the caller.
async fn unread_with_threads(
    api: &Api,
    actor: &SessionUser,
    user: UserParam,
    list: &[teams::Unread],
    query: &QueryMap,
) -> Result<Vec<TeamUnread>, ApiError> {
    let ids: Vec<TeamId> = list.iter().map(|unread| unread.team_id).collect();
    let asked = query.flag("include_collapsed_threads") && user.of(actor) == actor.user_id;
    let threads = if asked { threads::unread_of_teams(&api.app, actor, &ids).await? } else { Vec::new() };
    let threads = threads.into_iter().chain(std::iter::repeat(Totals::default()));
    Ok(list.iter().zip(threads).map(|(unread, threads)| shown_unread(unread, threads)).collect())
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Absent => Self::not_found("app.team.get.find.app_error", "Unable to find the team."),
            Error::NotMember => {
                Self::not_found("app.team.get_member.missing.app_error", "No team member found for that user and team.")
            }
            Error::UnknownUser => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Error::InvalidName(InvalidName::Reserved) => {
                Self::bad_request("model.team.is_valid.reserved.app_error", "This name is reserved.")
            }
            Error::InvalidName(InvalidName::Length { .. }) => {
                Self::bad_request("model.team.is_valid.url.app_error", format!("The team's {text}."))
            }
            Error::InvalidName(InvalidName::Character(_) | InvalidName::Spacing | InvalidName::Form) => {
                Self::bad_request("model.team.is_valid.characters.app_error", format!("The team's {text}."))
            }
            Error::InvalidDisplayName => Self::bad_request("model.team.is_valid.name.app_error", text),
            Error::InvalidDescription => Self::bad_request("model.team.is_valid.description.app_error", text),
            Error::NameTaken => {
                Self::bad_request("app.team.save.existing.app_error", "A team with that name already exists.")
            }
            Error::Full => Self::bad_request(
                "app.team.join_user_to_team.max_accounts.app_error",
                "This team has reached the maximum number of members.",
            ),
            Error::RemoteUser => Self::bad_request(
                "api.team.add_user_to_team.remote_user.app_error",
                "This is a remote user, who belongs to teams only through shared channels.",
            ),
            Error::InactiveUser => Self::bad_request("api.team.add_members.user_denied", "The account is deactivated."),
            Error::BadInvitation => Self::bad_request(
                "api.team.add_user_to_team_from_invite.invalid.app_error",
                "The invitation does not appear to be valid.",
            ),
            Error::Archived => Self::bad_request("api.team.archived.app_error", "The team is archived."),
            Error::Channel(error) => Self::internal(error.to_string()),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
