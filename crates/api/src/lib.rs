//! What clients speak: API v4, slash commands, websocket hub.

pub mod body;
pub mod commands;
pub mod errors;
pub mod extract;
pub mod hub;
pub mod middleware;
#[cfg(test)]
mod router_tests;
pub mod state;
pub mod v4;

pub use errors::{ApiError, ApiResult};
pub use state::Api;

use axum::Router;
use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use axum::routing::any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};

/// Everything under `/api`, with the headers and error objects all of it has in common. `beside` are routes with full
/// paths that bring their own state, such as those of peers; they get the same headers.
pub fn router(api: Api, beside: Router) -> Router {
    let not_found = || any(async || ApiError::no_route());
    let v4 = v4::routes().with_state(api.clone()).fallback_service(not_found());
    Router::new()
        .nest("/api/v4", v4)
        .nest("/api", Router::new().fallback_service(not_found()))
        .route("/api/", not_found())
        .merge(v4::webhooks::calls().with_state(api.clone()))
        .merge(beside)
        .method_not_allowed_fallback(async || ApiError::no_route())
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(axum::middleware::from_fn_with_state(api.clone(), v4::attempts::note))
        .layer(axum::middleware::from_fn_with_state(api, middleware::dress))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_no_file)))
}

/// Files go as they lie: most are compressed already, and clients show progress by the length, which an encoder hides.
fn is_no_file(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(header::CONTENT_DISPOSITION)
}
