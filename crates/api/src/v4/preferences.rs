//! Settings of one person. Source: client-api 5.2.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::preferences::{self, Error};
use rialto_wire::v4::{Preference, StatusOk};

use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/preferences", get(list).put(set))
        .route("/users/{user_id}/preferences/delete", post(delete))
        .route("/users/{user_id}/preferences/{category}", get(list_category))
        .route("/users/{user_id}/preferences/{category}/name/{name}", get(get_one))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Vec<Preference>> {
    let list = preferences::list(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(list.iter().map(Preference::from).collect()))
}

async fn list_category(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, category)): Params<(UserParam, String)>,
) -> ApiResult<Vec<Preference>> {
    let list = preferences::list_category(&api.app, &actor, &user.of(&actor), &category).await?;
    Ok(ApiJson(list.iter().map(Preference::from).collect()))
}

async fn get_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, category, name)): Params<(UserParam, String, String)>,
) -> ApiResult<Preference> {
    let found = preferences::get(&api.app, &actor, &user.of(&actor), &category, &name).await?;
    Ok(ApiJson(Preference::from(&found)))
}

async fn set(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<Vec<Preference>>,
) -> ApiResult<StatusOk> {
    let list = body.into_iter().map(Into::into).collect();
    preferences::set(&api.app, &actor, &user.of(&actor), list).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn delete(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<Vec<Preference>>,
) -> ApiResult<StatusOk> {
    let list = body.into_iter().map(Into::into).collect();
    preferences::delete(&api.app, &actor, &user.of(&actor), list).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Count => Self::body_param("preferences"),
            Error::Form => Self::bad_request("model.preference.is_valid.value.app_error", "A preference is not valid."),
            Error::OtherPerson => Self::forbidden(
                "api.preference.update_preferences.set.app_error",
                "Unable to set preferences of another user.",
            ),
            Error::Absent => Self::not_found("app.preference.get.app_error", "Unable to find the preference."),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
