//! Finding messages. Source: client-api 5.5, SC-015.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rialto_app::search::{self, Search};
use rialto_app::{SessionUser, shown_posts};
use rialto_model::TeamId;
use rialto_wire::v4::PostList;
use rialto_wire::v4::posts::{PostSearch, PostSearchResults};

use super::posts::wire_post;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

/// Results of a page when the client does not say, and at most.
const PAGE: i64 = 60;
const MOST: i64 = 200;

pub fn routes() -> Router<Api> {
    Router::new().route("/posts/search", post(everywhere)).route("/teams/{team_id}/posts/search", post(in_team))
}

async fn everywhere(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<PostSearch>,
) -> ApiResult<PostSearchResults> {
    find(&api, &actor, None, body).await
}

async fn in_team(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<PostSearch>,
) -> ApiResult<PostSearchResults> {
    find(&api, &actor, Some(team), body).await
}

async fn find(api: &Api, actor: &SessionUser, team: Option<TeamId>, body: PostSearch) -> ApiResult<PostSearchResults> {
    if body.terms.trim().is_empty() {
        return Err(ApiError::body_param("terms"));
    }
    let limit = body.per_page.filter(|number| *number > 0).unwrap_or(PAGE).min(MOST);
    let wanted = Search {
        terms: body.terms,
        any: body.is_or_search,
        offset_seconds: body.time_zone_offset.clamp(-86_400, 86_400),
        archived: body.include_deleted_channels,
        skip: body.page.unwrap_or_default().clamp(0, 1_000_000) * limit,
        limit,
    };
    let found = search::posts(&api.app, actor, team.as_ref(), &wanted).await?;
    let shown: Vec<_> = shown_posts::show(&api.app, found).await?.iter().map(wire_post).collect();
    Ok(ApiJson(PostSearchResults { list: PostList::new(shown), matches: None }))
}
