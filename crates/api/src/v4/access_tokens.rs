//! Personal access tokens. Source: client-api 7.5.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::SessionUser;
use rialto_app::access_tokens::{self, Error, Fate};
use rialto_model::SessionId;
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::access_tokens::{AccessToken, NewAccessToken, TokenId, TokenSearch};

use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

/// Found by a search at most.
const FOUND: i64 = 100;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/tokens", post(create).get(list_of_user))
        .route("/users/tokens", get(list))
        .route("/users/tokens/{token_id}", get(one))
        .route("/users/tokens/search", post(search))
        .route("/users/tokens/revoke", post(revoke))
        .route("/users/tokens/disable", post(disable))
        .route("/users/tokens/enable", post(enable))
}

fn shown(list: &[rialto_model::AccessToken]) -> ApiJson<Vec<AccessToken>> {
    ApiJson(list.iter().map(|token| AccessToken::new(token, String::new())).collect())
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<NewAccessToken>,
) -> ApiResult<AccessToken> {
    let (token, text) = access_tokens::create(&api.app, &actor, &user.of(&actor), &body.description).await?;
    Ok(ApiJson(AccessToken::new(&token, text)))
}

async fn list_of_user(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> ApiResult<Vec<AccessToken>> {
    let (offset, limit) = (query.offset(), query.per_page());
    let found = access_tokens::list_of_user(&api.app, &actor, &user.of(&actor), offset, limit).await?;
    Ok(shown(&found))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<AccessToken>> {
    let found = access_tokens::list(&api.app, &actor, "", query.offset(), query.per_page()).await?;
    Ok(shown(&found))
}

async fn search(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<TokenSearch>,
) -> ApiResult<Vec<AccessToken>> {
    Ok(shown(&access_tokens::list(&api.app, &actor, &body.term, 0, FOUND).await?))
}

async fn one(State(api): State<Api>, Session(actor): Session, Params(id): Params<SessionId>) -> ApiResult<AccessToken> {
    Ok(ApiJson(AccessToken::new(&access_tokens::get(&api.app, &actor, &id).await?, String::new())))
}

async fn revoke(State(api): State<Api>, Session(actor): Session, body: ApiJson<TokenId>) -> ApiResult<StatusOk> {
    decide(&api, &actor, &body.0, Fate::Gone).await
}

async fn disable(State(api): State<Api>, Session(actor): Session, body: ApiJson<TokenId>) -> ApiResult<StatusOk> {
    decide(&api, &actor, &body.0, Fate::Off).await
}

async fn enable(State(api): State<Api>, Session(actor): Session, body: ApiJson<TokenId>) -> ApiResult<StatusOk> {
    decide(&api, &actor, &body.0, Fate::On).await
}

async fn decide(api: &Api, actor: &SessionUser, body: &TokenId, fate: Fate) -> ApiResult<StatusOk> {
    let id = SessionId::parse(&body.token_id).map_err(|_| ApiError::body_param("token_id"))?;
    access_tokens::decide(&api.app, actor, &id, fate).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Absent => Self::not_found("app.user_access_token.get.app_error", "There is no such token."),
            Error::Disabled => Self::not_implemented(
                "app.user_access_token.disabled",
                "Personal access tokens are switched off on this server.",
            ),
            Error::Description => Self::body_param("description"),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
