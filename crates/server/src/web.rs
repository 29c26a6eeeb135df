//! The web client, built into the binary: files by name, and the page itself for every other address.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
struct Files;

/// The name of the page.
const PAGE: &str = "index.html";
/// Where the build puts files whose names change with their content.
const HASHED: &str = "assets/";
/// The element of the page that carries the path below which everything lives.
const BASE: &str = "<base href=\"/\"";

/// Scripts, styles and pictures come from this server's files only; nothing inline, no frames.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
    base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// Shown where the client was left out of the build.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Rialto</title>\
    <h1>Rialto is running</h1><p>The web client is not part of this build. Build it with <code>make web</code> and build \
    the server again; clients that speak Mattermost's API can connect meanwhile.</p></html>";

/// What the pages depend on.
#[derive(Debug, Clone)]
pub struct Site {
    /// Path of the site URL, without trailing slash; empty for the root.
    pub sub_path: String,
    /// Whether people reach us over TLS.
    pub is_https: bool,
}

/// Answers everything that is not under `/api`.
pub async fn serve(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let mut response = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    } else if path == "robots.txt" {
        ([(CONTENT_TYPE, "text/plain")], "User-agent: *\nDisallow: /\n").into_response()
    } else {
        match Files::get(path).filter(|_| path != PAGE) {
            Some(found) => file(path, found, request.headers()),
            // A missing asset is an old page's; the page instead would be a script error and would be cached.
            None if path.starts_with(HASHED) => StatusCode::NOT_FOUND.into_response(),
            None => page(&site),
        }
    };
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 5] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), ""),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if site.is_https {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, two_years);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

fn file(path: &str, found: EmbeddedFile, asked: &HeaderMap) -> Response {
    let hash: String = found.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    let lasting = if path.starts_with(HASHED) { "max-age=31556926, public, immutable" } else { "no-cache" };
    let caching = [(CACHE_CONTROL, HeaderValue::from_static(lasting)), (ETAG, tag.clone())];
    if asked.get(IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = HeaderValue::from_str(kind.as_ref()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    (caching, [(CONTENT_TYPE, kind)], Body::from(found.data.into_owned())).into_response()
}

fn page(site: &Site) -> Response {
    let html = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    match Files::get(PAGE) {
        Some(found) => {
            let text = String::from_utf8_lossy(&found.data);
            let base = format!("<base href=\"{}/\"", site.sub_path);
            (html, text.replacen(BASE, &base, 1)).into_response()
        }
        None => (html, NOT_BUILT).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str) -> Response {
        let site = Site { sub_path: "/chat".to_owned(), is_https: true };
        serve(State(site), Request::get(path).body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn every_address_is_the_page_and_nothing_inline_runs_in_it() {
        for path in ["/", "/acme/channels/town-square", "/index.html"] {
            let response = get(path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let headers = response.headers();
            assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(headers[CACHE_CONTROL], "no-cache");
            assert!(!headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("unsafe-inline"));
            assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
        }
    }

    #[tokio::test]
    async fn a_missing_asset_is_not_the_page() {
        assert_eq!(get("/assets/gone-123.js").await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn crawlers_are_sent_away() {
        assert_eq!(get("/robots.txt").await.headers()[CONTENT_TYPE], "text/plain");
    }
}
