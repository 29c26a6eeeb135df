//! How a failure reaches a client: Mattermost's error object, its id and status. Source: client-api 1.3.
//!
//! A handler only says what went wrong; the middleware, which knows the request id, writes the object and logs what is
//! worth logging, once.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rialto_app::{Denied, StoreError};

use crate::extract::ApiJson;

/// What handlers return.
pub type ApiResult<T> = Result<ApiJson<T>, ApiError>;

/// A failure on its way to a client.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Mattermost's id, compared by clients.
    pub id: &'static str,
    /// For people.
    pub message: String,
    /// Seconds after which trying again may help.
    pub retry_after: Option<u32>,
    /// For the log alone: what failed inside.
    pub cause: Option<String>,
}

impl ApiError {
    /// A failure with a status, an id and a text.
    pub fn new(status: StatusCode, id: &'static str, message: impl Into<String>) -> Self {
        Self { status, id, message: message.into(), retry_after: None, cause: None }
    }

    /// 400 with an id of its own.
    pub fn bad_request(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, id, message)
    }

    /// 403 with an id of its own.
    pub fn forbidden(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, id, message)
    }

    /// 501 with an id of its own: there is such a thing, but not here.
    pub fn not_implemented(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, id, message)
    }

    /// 404 with an id of its own.
    pub fn not_found(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, id, message)
    }

    /// A body, or a member of it, that is missing or wrong.
    pub fn body_param(name: &str) -> Self {
        Self::bad_request(
            "api.context.invalid_body_param.app_error",
            format!("Invalid or missing {name} in request body."),
        )
    }

    /// A part of path or query that is wrong.
    pub fn url_param(name: &str) -> Self {
        Self::bad_request(
            "api.context.invalid_url_param.app_error",
            format!("Invalid or missing {name} parameter in request URL."),
        )
    }

    /// Nobody is signed in.
    pub fn no_session() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "api.context.session_expired.app_error",
            "Invalid or expired session, please login again.",
        )
    }

    /// Signed in, but not allowed.
    pub fn permissions() -> Self {
        Self::forbidden("api.context.permissions.app_error", "You do not have the appropriate permissions.")
    }

    /// No such route.
    pub fn no_route() -> Self {
        Self::not_found("api.context.404.app_error", "Sorry, we could not find the page.")
    }

    /// A body over the limit.
    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "api.context.request_body_too_large.app_error",
            "The request body is too large.",
        )
    }

    /// A fault of ours; `cause` goes to the log, never to the client.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api.context.internal.app_error",
            "The server could not handle the request.",
        );
        error.cause = Some(cause.into());
        error
    }

    /// Too much at once; nothing was done.
    pub fn busy() -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "api.context.server_busy.app_error",
            "The server is busy, try again later.",
        );
        error.retry_after = Some(1);
        error
    }

    /// No room for what is to be stored; nothing was done (E-045).
    pub fn full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "rialto.storage_full.error",
            "This server has no room left. Nothing was stored; please tell its administrators.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(cause) => Self { cause: Some(cause), ..Self::busy() },
            StoreError::Full(cause) => Self { cause: Some(cause), ..Self::full() },
            StoreError::Unique(_) | StoreError::Rejected(_) | StoreError::Corrupt(_) | StoreError::Failed(_) => {
                Self::internal(error.to_string())
            }
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Absent("team") => Self::not_found("app.team.get.find.app_error", "Unable to find the team."),
            Denied::Absent("channel") => {
                Self::not_found("app.channel.get.existing.app_error", "Unable to find the channel.")
            }
            Denied::Absent("post") => Self::not_found("app.post.get.app_error", "Unable to get the post."),
            Denied::Absent("user") => Self::not_found("app.user.missing_account.const", "Unable to find the user."),
            Denied::Absent(what) => Self::not_found("api.context.404.app_error", format!("Unable to find the {what}.")),
            Denied::Forbidden(_) => Self::permissions(),
            Denied::ReadOnlyShare | Denied::Paused => Self::forbidden(
                "api.context.permissions.app_error",
                "This channel is shared with your organisation read-only.",
            ),
            Denied::Closed(why) => {
                Self::forbidden("api.context.permissions.app_error", format!("Nobody can write here: {why}."))
            }
            Denied::Store(error) => error.into(),
        }
    }
}
