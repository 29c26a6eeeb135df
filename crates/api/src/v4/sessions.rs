//! Signing in and out. Source: client-api 1.2 and 5.1.

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use rialto_app::sessions::{self, Error, SignIn, SignedIn};
use rialto_app::users;
use rialto_model::SessionId;
use rialto_wire::v4::users::Login;
use rialto_wire::v4::{Session as WireSession, StatusOk, User, UserView, sessions as wire};

use crate::extract::{ApiJson, Params, Session, UserParam, is_script, may_change, presented_token};
use crate::{Api, ApiError, ApiResult};

const TOKEN: HeaderName = HeaderName::from_static("token");

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/login", post(sign_in))
        .route("/users/login/type", post(login_type))
        .route("/users/logout", post(sign_out))
        .route("/users/{user_id}/sessions", get(list))
        .route("/users/{user_id}/sessions/revoke", post(revoke))
        .route("/users/{user_id}/sessions/revoke/all", post(revoke_all))
        .route("/users/sessions/device", put(set_device))
        .route("/users/sessions/revoke/all", post(revoke_everybody))
        .route("/users/{user_id}/reset_failed_attempts", post(reset_attempts))
}

async fn sign_in(
    State(api): State<Api>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<Login>,
) -> Result<Response, ApiError> {
    let login = if body.login_id.is_empty() { body.id } else { body.login_id };
    let request = SignIn { login, password: body.password, device_id: body.device_id };
    let signed_in = sessions::sign_in(&api.app, request).await?;
    let mut response = ApiJson(User::new(&signed_in.user, UserView::Own)).into_response();
    let out = response.headers_mut();
    out.insert(TOKEN, header(&signed_in.token)?);
    // Only for script: a bot that keeps cookies would present both, and fail the check against forged requests.
    if is_script(&headers) {
        for value in cookies(&api, &headers, &signed_in) {
            out.append(SET_COOKIE, header(&value)?);
        }
    }
    Ok(response)
}

fn header(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::internal(error.to_string()))
}

fn cookies(api: &Api, headers: &HeaderMap, signed_in: &SignedIn) -> [String; 3] {
    let seconds = signed_in.session.expires_at.since(signed_in.session.create_at) / 1000;
    let rest = attributes(api, headers, seconds);
    [
        format!("MMAUTHTOKEN={}; HttpOnly; {rest}", signed_in.token),
        format!("MMUSERID={}; {rest}", signed_in.user.id),
        format!("MMCSRF={}; {rest}", signed_in.session.csrf),
    ]
}

fn attributes(api: &Api, headers: &HeaderMap, max_age: i64) -> String {
    let path = api.sub_path();
    let path = if path.is_empty() { "/" } else { &path };
    let secure = if is_secure(api, headers) { "; Secure" } else { "" };
    format!("Path={path}; Max-Age={max_age}; SameSite=Lax{secure}")
}

/// TLS ends before us, so either the proxy or the configured address says so.
fn is_secure(api: &Api, headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|value| value == "https") || api.is_https()
}

/// Nobody signs in otherwise than by password, which this status tells clients (client-api 5.1).
async fn login_type() -> ApiError {
    ApiError::not_found("api.context.404.app_error", "Sign in with your password.")
}

/// Ends the session, if there is one, and clears the cookie; but a page of another site cannot sign people out (ruling
/// 72).
async fn sign_out(State(api): State<Api>, method: Method, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(token) = presented_token(&headers) {
        if token.by_cookie {
            let found = sessions::authenticate(&api.app, token.text).await?;
            if found.is_some_and(|found| !may_change(&method, &headers, &found.session.csrf)) {
                return Err(ApiError::no_session());
            }
        }
        sessions::sign_out(&api.app, token.text).await?;
    }
    let mut response = ApiJson(StatusOk::default()).into_response();
    let gone = format!("MMAUTHTOKEN=; HttpOnly; {}", attributes(&api, &headers, 0));
    response.headers_mut().append(SET_COOKIE, header(&gone)?);
    Ok(response)
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<Vec<WireSession>> {
    let id = user.of(&actor);
    let list = sessions::list(&api.app, &actor, &id).await?;
    let roles = users::get(&api.app, &actor, &id).await?.roles;
    Ok(ApiJson(list.iter().map(|session| WireSession::new(session, &roles)).collect()))
}

async fn revoke(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    ApiJson(body): ApiJson<wire::SessionRevoke>,
) -> ApiResult<StatusOk> {
    let session = SessionId::parse(&body.session_id).map_err(|_| ApiError::body_param("session_id"))?;
    sessions::revoke(&api.app, &actor, &user.of(&actor), &session).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn revoke_all(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<StatusOk> {
    sessions::revoke_all(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(StatusOk::default()))
}

/// Mobile apps announce themselves for push messages, which this server does not send.
async fn set_device(Session(_): Session) -> ApiResult<StatusOk> {
    Ok(ApiJson(StatusOk::default()))
}

async fn revoke_everybody(State(api): State<Api>, Session(actor): Session) -> ApiResult<StatusOk> {
    sessions::revoke_everybody(&api.app, &actor).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn reset_attempts(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> ApiResult<StatusOk> {
    sessions::reset_attempts(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let unauthorized = |id, message: &str| Self::new(StatusCode::UNAUTHORIZED, id, message);
        match error {
            Error::BlankPassword => {
                Self::bad_request("api.user.login.blank_pwd.app_error", "Password field must not be blank.")
            }
            Error::BadCredentials => unauthorized(
                "api.user.login.invalid_credentials_email_username",
                "Enter a valid email or username and/or password.",
            ),
            Error::TooManyAttempts => unauthorized(
                "api.user.check_user_login_attempts.too_many.app_error",
                "Your account is locked because of too many failed password attempts. Try again in 15 minutes.",
            ),
            Error::Inactive => {
                unauthorized("api.user.login.inactive.app_error", "Login failed because your account is deactivated.")
            }
            Error::Overloaded(_) => Self::busy(),
            Error::Absent => {
                Self::not_found("app.session.get.app_error", "We encountered an error finding the session.")
            }
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
        }
    }
}
