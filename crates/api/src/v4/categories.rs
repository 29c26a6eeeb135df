//! The sidebar: three categories everybody has, and those people make. Source: client-api 5.4.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::categories::{self, Change, Error, Filled};
use rialto_model::TeamId;
use rialto_wire::v4::categories::CategoryUpdate;
use rialto_wire::v4::{Categories, Category, StatusOk};

use super::channel_lists::require_self;
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/teams/{team_id}/channels/categories", get(list).post(create).put(update))
        .route("/users/{user_id}/teams/{team_id}/channels/categories/order", get(order).put(set_order))
        .route(
            "/users/{user_id}/teams/{team_id}/channels/categories/{category_id}",
            get(one).put(update_one).delete(delete),
        )
}

fn wire(filled: Filled) -> Category {
    Category::new(&filled.category, filled.channels)
}

fn change(body: CategoryUpdate) -> Change {
    Change {
        id: body.id,
        display_name: body.display_name,
        sorting: body.sorting,
        muted: body.muted,
        collapsed: body.collapsed,
        channels: body.channel_ids,
    }
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Categories> {
    require_self(&actor, user)?;
    let filled = categories::list(&api.app, &actor, &team).await?;
    Ok(ApiJson(Categories::new(filled.into_iter().map(wire).collect())))
}

async fn order(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Vec<String>> {
    require_self(&actor, user)?;
    let filled = categories::list(&api.app, &actor, &team).await?;
    Ok(ApiJson(filled.into_iter().map(|one| one.category.id).collect()))
}

async fn set_order(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    ApiJson(ids): ApiJson<Vec<String>>,
) -> ApiResult<Vec<String>> {
    require_self(&actor, user)?;
    Ok(ApiJson(categories::set_order(&api.app, &actor, &team, ids).await?))
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    ApiJson(body): ApiJson<CategoryUpdate>,
) -> ApiResult<Category> {
    require_self(&actor, user)?;
    check_owner(&actor.user_id, &team, &body)?;
    Ok(ApiJson(wire(categories::create(&api.app, &actor, &team, change(body)).await?)))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    ApiJson(list): ApiJson<Vec<CategoryUpdate>>,
) -> ApiResult<Vec<Category>> {
    require_self(&actor, user)?;
    for body in &list {
        check_owner(&actor.user_id, &team, body)?;
    }
    let filled = categories::update(&api.app, &actor, &team, list.into_iter().map(change).collect()).await?;
    Ok(ApiJson(filled.into_iter().map(wire).collect()))
}

/// A category says whose it is; another's cannot be meant.
fn check_owner(user: &rialto_model::UserId, team: &TeamId, body: &CategoryUpdate) -> Result<(), ApiError> {
    let fits = |said: &str, is: &str| said.is_empty() || said == is;
    if fits(&body.user_id, user.as_str()) && fits(&body.team_id, team.as_str()) {
        return Ok(());
    }
    Err(ApiError::body_param("category"))
}

async fn one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, id)): Params<(UserParam, TeamId, String)>,
) -> ApiResult<Category> {
    require_self(&actor, user)?;
    Ok(ApiJson(wire(categories::get(&api.app, &actor, &team, &id).await?)))
}

async fn update_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, id)): Params<(UserParam, TeamId, String)>,
    ApiJson(body): ApiJson<CategoryUpdate>,
) -> ApiResult<Category> {
    require_self(&actor, user)?;
    check_owner(&actor.user_id, &team, &body)?;
    let changed = categories::update(&api.app, &actor, &team, vec![Change { id, ..change(body) }]).await?;
    Ok(ApiJson(changed.into_iter().next().map(wire).ok_or(Error::Absent)?))
}

async fn delete(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, id)): Params<(UserParam, TeamId, String)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    categories::delete(&api.app, &actor, &team, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Absent => Self::not_found("app.channel.sidebar_categories.app_error", "There is no such category."),
            Error::Name => Self::body_param("display_name"),
            Error::Sorting => Self::body_param("sorting"),
            Error::Order => Self::body_param("order"),
            Error::Fixed | Error::TooMany => {
                Self::bad_request("app.channel.sidebar_categories.app_error", format!("This cannot be done: {error}."))
            }
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
