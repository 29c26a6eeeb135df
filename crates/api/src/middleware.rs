//! What all answers under `/api` have in common: request id, headers, error objects. Source: client-api 1.1 to 1.4.

use std::any::Any;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rialto_model::RequestId;
use rialto_wire::v4::AppError;

use crate::extract::ApiJson;
use crate::{Api, ApiError};

/// Longest URL, characters.
const MAX_URL: usize = 2048;

const X_VERSION_ID: HeaderName = HeaderName::from_static("x-version-id");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The web app reads `X-Version-Id` from answers without `Cache-Control` only, so these have none (ruling 73).
const WITHOUT_CACHE_CONTROL: [&str; 3] = ["/config/client", "/license/client", "/system/ping"];

/// The number by which a request is found in the log. Handlers may take it as an extension.
#[derive(Debug, Clone, Copy)]
pub struct CurrentRequest(pub RequestId);

/// Gives a request its id, and its answer the headers and, where it failed, the error object.
pub async fn dress(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = api.app.ids.id(RequestId::from_random);
    let is_get = request.method() == Method::GET;
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let too_long = request.uri().path_and_query().is_some_and(|whole| whole.as_str().len() > MAX_URL);
    request.extensions_mut().insert(CurrentRequest(id));

    let mut response = if too_long {
        ApiError::new(StatusCode::URI_TOO_LONG, "basic_security_check.url.too_long_error", "The URL is too long.")
            .into_response()
    } else {
        next.run(request).await
    };

    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        log(&error, id, &method, &path);
        let object = AppError::new(error.id, error.message, error.status.as_u16(), id);
        let (parts, _) = response.into_parts();
        response = (error.status, ApiJson(object)).into_response();
        for (name, value) in &parts.headers {
            // Cookies and the like that a handler set along with its error; an empty answer has no type or length.
            if *name != CONTENT_TYPE && *name != axum::http::header::CONTENT_LENGTH {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }

    let headers = response.headers_mut();
    headers.insert(X_VERSION_ID, api.version_id());
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(""));
    if api.is_https() {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, two_years);
    }
    if is_get {
        headers.insert(EXPIRES, HeaderValue::from_static("0"));
    }
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    let versioned = WITHOUT_CACHE_CONTROL.iter().any(|end| path.ends_with(end));
    if is_json && !versioned && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Logs what is worth it: faults of ours. What a client did wrong it is told itself.
fn log(error: &ApiError, request: RequestId, method: &Method, path: &str) {
    let cause = error.cause.as_deref().unwrap_or_default();
    if error.status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(%request, %method, path, cause, "turned away");
    } else if error.status.is_server_error() && error.status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(%request, %method, path, cause, "request failed");
    }
}

/// A panic is a bug; its text goes to the log through the panic hook, and the client gets the ordinary object.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal("a handler panicked").into_response()
}
