//! Accounts of programs. Source: client-api 7.5.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rialto_app::bots::{self, Change, Error, Find};
use rialto_model::UserId;
use rialto_wire::v4::bots::{Bot, BotChange, NewPerson};
use rialto_wire::v4::{User, UserView};

use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/bots", post(create).get(list))
        .route("/bots/{user_id}", get(one).put(update))
        .route("/bots/{user_id}/enable", post(enable))
        .route("/bots/{user_id}/disable", post(disable))
        .route("/bots/{user_id}/assign/{owner_id}", post(assign))
        .route("/bots/{user_id}/convert_to_user", post(into_person))
        .route("/users/{user_id}/convert_to_bot", post(from_person))
}

fn change(body: BotChange) -> Change {
    Change { username: body.username, display_name: body.display_name, description: body.description }
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<BotChange>,
) -> Result<(StatusCode, ApiJson<Bot>), ApiError> {
    let bot = bots::create(&api.app, &actor, change(body)).await?;
    Ok((StatusCode::CREATED, ApiJson((&bot).into())))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<Bot>> {
    let find =
        Find { inactive: query.flag("include_deleted"), orphaned: query.flag("only_orphaned"), ..Find::default() };
    let found = bots::list(&api.app, &actor, find, query.offset(), query.per_page()).await?;
    Ok(ApiJson(found.iter().map(Bot::from).collect()))
}

async fn one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<UserId>,
    query: QueryMap,
) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::get(&api.app, &actor, &id, query.flag("include_deleted")).await?).into()))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<UserId>,
    ApiJson(body): ApiJson<BotChange>,
) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::update(&api.app, &actor, &id, change(body)).await?).into()))
}

async fn enable(State(api): State<Api>, Session(actor): Session, Params(id): Params<UserId>) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::set_active(&api.app, &actor, &id, true).await?).into()))
}

async fn disable(State(api): State<Api>, Session(actor): Session, Params(id): Params<UserId>) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::set_active(&api.app, &actor, &id, false).await?).into()))
}

async fn assign(
    State(api): State<Api>,
    Session(actor): Session,
    Params((id, owner)): Params<(UserId, UserParam)>,
) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::assign(&api.app, &actor, &id, &owner.of(&actor)).await?).into()))
}

async fn into_person(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<UserId>,
    ApiJson(body): ApiJson<NewPerson>,
) -> ApiResult<User> {
    let user = bots::into_person(&api.app, &actor, &id, &body.password).await?;
    Ok(ApiJson(User::new(&user, UserView::Admin)))
}

async fn from_person(State(api): State<Api>, Session(actor): Session, Params(id): Params<UserId>) -> ApiResult<Bot> {
    Ok(ApiJson((&bots::from_person(&api.app, &actor, &id).await?).into()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Absent => Self::not_found("store.sql_bot.get.missing.app_error", "There is no such bot."),
            Error::Disabled => {
                Self::forbidden("api.bot.create_disabled", "Bot accounts cannot be made on this server.")
            }
            Error::Description => Self::body_param("description"),
            Error::Owner => Self::not_found("app.user.missing_account.const", "There is no such person here."),
            Error::Account(error) => error.into(),
            Error::Store(error) => error.into(),
        }
    }
}
