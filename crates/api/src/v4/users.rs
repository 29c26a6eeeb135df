//! People: accounts and profiles. Source: client-api 5.1.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rialto_app::passwords::Unsuitable;
use rialto_app::users::{self, Error, InvalidField, NewUser, ProfileChange};
use rialto_app::{App, SessionUser};
use rialto_model::Permission;
use rialto_wire::v4::users as wire;
use rialto_wire::v4::{StatusOk, User, UserView};

use crate::extract::{ApiJson, MaybeSession, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users", post(create))
        .route("/users/{user_id}", get(get_one).put(update).delete(deactivate))
        .route("/users/{user_id}/patch", put(update))
        .route("/users/{user_id}/roles", put(set_roles))
        .route("/users/{user_id}/active", put(set_active))
        .route("/users/{user_id}/password", put(set_password))
        .route("/users/username/{name}", get(get_by_username))
        .route("/users/email/{email}", get(get_by_email))
}

/// A person as `viewer` may see them.
pub(crate) fn seen_by(app: &App, viewer: &SessionUser, user: &rialto_model::User) -> User {
    User::new(user, view(app, viewer, user.id))
}

fn view(app: &App, viewer: &SessionUser, of: rialto_model::UserId) -> UserView {
    if viewer.user_id == of {
        return UserView::Own;
    }
    if viewer.may(Permission::ManageSystem) {
        return UserView::Admin;
    }
    let settings = app.settings.get();
    UserView::Other { show_email: settings.show_email, show_full_name: settings.show_full_name }
}

async fn create(
    State(api): State<Api>,
    MaybeSession(actor): MaybeSession,
    query: QueryMap,
    ApiJson(body): ApiJson<wire::NewUser>,
) -> Result<(StatusCode, ApiJson<User>), ApiError> {
    let new = NewUser {
        username: body.username,
        email: body.email,
        password: body.password,
        nickname: body.nickname,
        first_name: body.first_name,
        last_name: body.last_name,
        position: body.position,
        locale: body.locale,
        timezone: body.timezone,
        notify_props: body.notify_props,
    };
    let invite = Some(query.text("iid")).filter(|id| !id.is_empty());
    let user = users::create(&api.app, actor.as_ref(), invite, new).await?;
    Ok((StatusCode::CREATED, ApiJson(User::new(&user, UserView::Own))))
}

async fn get_one(State(api): State<Api>, Session(actor): Session, Params(user): Params<UserParam>) -> ApiResult<User> {
    let user = users::get(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(seen_by(&api.app, &actor, &user)))
}

async fn get_by_username(
    State(api): State<Api>,
    Session(actor): Session,
    Params(name): Params<String>,
) -> ApiResult<User> {
    let user = users::get_by_username(&api.app, &actor, &name).await?;
    Ok(ApiJson(seen_by(&api.app, &actor, &user)))
}

async fn get_by_email(
    State(api): State<Api>,
    Session(actor): Session,
    Params(email): Params<String>,
) -> ApiResult<User> {
    let user = users::get_by_email(&api.app, &actor, &email).await?;
    Ok(ApiJson(seen_by(&api.app, &actor, &user)))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::UserPatch>,
) -> ApiResult<User> {
    let change = ProfileChange {
        username: body.username,
        email: body.email,
        nickname: body.nickname,
        first_name: body.first_name,
        last_name: body.last_name,
        position: body.position,
        locale: body.locale,
        timezone: body.timezone,
        props: body.props,
        notify_props: body.notify_props,
        current_password: body.password,
    };
    let user = users::update(&api.app, &actor, &user.of(&actor), change).await?;
    Ok(ApiJson(seen_by(&api.app, &actor, &user)))
}

async fn set_roles(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::RolesUpdate>,
) -> ApiResult<StatusOk> {
    users::set_roles(&api.app, &actor, &user.of(&actor), &body.roles).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_active(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::ActiveUpdate>,
) -> ApiResult<StatusOk> {
    users::set_active(&api.app, &actor, &user.of(&actor), body.active).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn deactivate(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<StatusOk> {
    users::set_active(&api.app, &actor, &user.of(&actor), false).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn set_password(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::PasswordUpdate>,
) -> ApiResult<StatusOk> {
    users::set_password(&api.app, &actor, &user.of(&actor), &body.current_password, &body.new_password).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Absent => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Error::CreationDisabled => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "api.user.create_user.signup_email_disabled.app_error",
                "User sign-up is disabled.",
            ),
            Error::NotOpen => Self::forbidden(
                "api.user.create_user.no_open_server",
                "This server does not allow open signups. Please speak with your administrator to receive an invitation.",
            ),
            Error::BadInvitation => Self::bad_request(
                "api.user.create_user.signup_link_invalid.app_error",
                "The signup link does not appear to be valid.",
            ),
            Error::Invalid(field) => Self::bad_request(invalid_field(&field), format!("Invalid profile: {text}.")),
            Error::UsernameTaken => Self::bad_request(
                "app.user.save.username_exists.app_error",
                "An account with that username already exists.",
            ),
            Error::EmailTaken => {
                Self::bad_request("app.user.save.email_exists.app_error", "An account with that email already exists.")
            }
            Error::Unsuitable(unsuitable) => Self::bad_request(
                match unsuitable {
                    Unsuitable::TooShort { .. } => "model.user.is_valid.pwd_min_length.app_error",
                    Unsuitable::TooLong => "model.user.is_valid.pwd_max_length.app_error",
                    Unsuitable::Lacks(_) => "model.user.is_valid.pwd.app_error",
                },
                format!("Your password {text}."),
            ),
            Error::WrongPassword => {
                Self::bad_request("api.user.check_user_password.invalid.app_error", "The current password is wrong.")
            }
            Error::RemoteUser => Self::bad_request(
                "api.user.remote_user.app_error",
                "This is a remote user: the account can only be changed on its own server.",
            ),
            Error::UnknownRole => Self::bad_request("api.context.invalid_body_param.app_error", "No such system role."),
            Error::Overloaded(_) => Self::busy(),
            Error::Team(error) => (*error).into(),
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}

fn invalid_field(field: &InvalidField) -> &'static str {
    match field {
        InvalidField::Username(_) => "model.user.is_valid.username.app_error",
        InvalidField::Email => "model.user.is_valid.email.app_error",
        InvalidField::Nickname => "model.user.is_valid.nickname.app_error",
        InvalidField::FirstName => "model.user.is_valid.first_name.app_error",
        InvalidField::LastName => "model.user.is_valid.last_name.app_error",
        InvalidField::Position => "model.user.is_valid.position.app_error",
        InvalidField::Locale => "model.user.is_valid.locale.app_error",
        InvalidField::Timezone => "model.user.is_valid.timezone_limit.app_error",
        InvalidField::Props => "model.user.is_valid.props.app_error",
        InvalidField::NotifyProps => "model.user.is_valid.notify_props.app_error",
        InvalidField::CustomStatus => "api.context.invalid_body_param.app_error",
    }
}
