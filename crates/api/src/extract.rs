//! What handlers take in: who is signed in, ids in paths, queries; bodies are in [`crate::body`]. Source: client-api 1.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use rialto_app::{SessionUser, sessions};
use rialto_model::{ConnectionId, UserId};
use serde::de::DeserializeOwned;

pub use crate::body::{ApiJson, MAX_BODY, MaybeJson};
use crate::{Api, ApiError};

/// Longer tokens are cut before they are looked up.
const MAX_TOKEN: usize = 50;

/// Ids and names in the path. A malformed id is 400.
#[derive(Debug, Clone, Copy)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Params(value)).map_err(|_| ApiError::url_param("id"))
    }
}

/// A person in a path: an id, or `me` for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserParam {
    /// The caller.
    Me,
    /// Somebody by id, who may be the caller too.
    Id(UserId),
}

impl UserParam {
    /// Whom it names when `actor` asks.
    pub fn of(self, actor: &SessionUser) -> UserId {
        match self {
            UserParam::Me => actor.user_id,
            UserParam::Id(id) => id,
        }
    }
}

impl<'de> serde::Deserialize<'de> for UserParam {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "me" {
            return Ok(UserParam::Me);
        }
        UserId::parse(&text).map(UserParam::Id).map_err(serde::de::Error::custom)
    }
}

/// The websocket connection whose client asks, as it says itself; it need not be told of what it does (client-api 1.4).
#[derive(Debug, Clone, Copy)]
pub struct FromConnection(pub Option<ConnectionId>);

impl<S: Send + Sync> FromRequestParts<S> for FromConnection {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let named = parts.headers.get("connection-id").and_then(|value| value.to_str().ok());
        Ok(FromConnection(named.and_then(|id| id.parse().ok())))
    }
}

/// The query, read leniently: what does not parse takes its default (client-api 1.5).
#[derive(Debug, Clone, Default)]
pub struct QueryMap(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for QueryMap {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|_| ApiError::url_param("query"))?;
        let mut map = HashMap::new();
        for (name, value) in pairs {
            map.entry(name).or_insert(value);
        }
        Ok(QueryMap(map))
    }
}

impl QueryMap {
    /// A value as text; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A flag, written as Go writes them.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1" | "t" | "T" | "TRUE" | "True")
    }

    /// A number, `default` if it is missing, malformed or negative.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.text(name).parse().ok().filter(|n| *n >= 0).unwrap_or(default)
    }

    /// An id that may be missing.
    ///
    /// # Errors
    /// 400 if it is there and malformed.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| ApiError::url_param(name)),
        }
    }

    /// Entries of a page: 60, at most 200.
    pub fn per_page(&self) -> i64 {
        self.number("per_page", 60).min(200)
    }

    /// Entries before the page asked for.
    pub fn offset(&self) -> i64 {
        self.number("page", 0).saturating_mul(self.per_page())
    }
}

/// Somebody signed in: the proof every handler but the public ones asks for.
#[derive(Debug, Clone)]
pub struct Session(pub SessionUser);

/// [`Session`] with the sign-in itself, for handlers about it.
#[derive(Debug, Clone)]
pub struct CurrentSession {
    /// The sign-in.
    pub authenticated: sessions::Authenticated,
    /// Whether it came by cookie.
    pub by_cookie: bool,
}

/// Somebody signed in, or a stranger; a token that is no longer good makes a stranger.
#[derive(Debug, Clone)]
pub struct MaybeSession(pub Option<SessionUser>);

impl FromRequestParts<Api> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let current = CurrentSession::from_request_parts(parts, api).await?;
        Ok(Session(current.authenticated.actor))
    }
}

impl FromRequestParts<Api> for CurrentSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Some(token) = presented_token(&parts.headers) else {
            // Only OAuth sessions may come in the URL, and there are none.
            let in_url = parts.uri.query().is_some_and(|query| query.contains("access_token="));
            return Err(if in_url { token_in_url() } else { ApiError::no_session() });
        };
        let found = sessions::authenticate(&api.app, token.text).await?;
        let authenticated = found.ok_or_else(ApiError::no_session)?;
        if token.by_cookie && !may_change(&parts.method, &parts.headers, &authenticated.session.csrf) {
            return Err(ApiError::no_session());
        }
        Ok(CurrentSession { authenticated, by_cookie: token.by_cookie })
    }
}

impl FromRequestParts<Api> for MaybeSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match Session::from_request_parts(parts, api).await {
            Ok(Session(actor)) => Ok(MaybeSession(Some(actor))),
            Err(error) if error.status == StatusCode::UNAUTHORIZED => Ok(MaybeSession(None)),
            Err(error) => Err(error),
        }
    }
}

fn token_in_url() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "api.context.token_provided.app_error",
        "Session is not OAuth but token was provided in the query string.",
    )
}

/// A token as a request presents it.
#[derive(Debug, Clone, Copy)]
pub struct PresentedToken<'a> {
    /// The token, cut at 50 characters.
    pub text: &'a str,
    /// Whether it came by cookie.
    pub by_cookie: bool,
}

/// The token of a request: the cookie first, then the header (client-api 1.2).
pub fn presented_token(headers: &HeaderMap) -> Option<PresentedToken<'_>> {
    let cut = |text: &'_ str| text.char_indices().nth(MAX_TOKEN).map_or(text.len(), |(at, _)| at);
    let by_cookie = cookie(headers, "MMAUTHTOKEN").filter(|text| !text.is_empty());
    let (text, by_cookie) = match by_cookie {
        Some(text) => (text, true),
        None => (bearer(headers)?, false),
    };
    Some(PresentedToken { text: text.get(..cut(text))?, by_cookie })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (word, token) = value.split_once(' ')?;
    let known = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("token");
    Some(token.trim()).filter(|token| known && !token.is_empty())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

/// What a page of another site cannot do with our cookie (ruling 72): only script of this origin can send either header.
pub fn may_change(method: &Method, headers: &HeaderMap, csrf: &str) -> bool {
    let given = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    matches!(*method, Method::GET | Method::HEAD)
        || given.is_some_and(|given| !csrf.is_empty() && given == csrf)
        || is_script(headers)
}

/// Whether a request says that script has sent it.
pub fn is_script(headers: &HeaderMap) -> bool {
    headers.get("x-requested-with").is_some_and(|value| value == "XMLHttpRequest")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[track_caller]
    fn check(pairs: &[(&'static str, &str)], expected: Option<(&str, bool)>) {
        let headers = headers(pairs);
        let found = presented_token(&headers).map(|token| (token.text, token.by_cookie));
        assert_eq!(found, expected, "{pairs:?}");
    }

    #[test]
    fn the_cookie_comes_before_the_header() {
        check(&[("cookie", "a=b; MMAUTHTOKEN=one"), ("authorization", "Bearer two")], Some(("one", true)));
        check(&[("authorization", "bEARER two")], Some(("two", false)));
        check(&[("authorization", "token two")], Some(("two", false)));
        check(&[("cookie", "MMAUTHTOKEN="), ("authorization", "Bearer two")], Some(("two", false)));
        check(&[("authorization", "Basic two")], None);
        check(&[("authorization", "Bearer")], None);
        check(&[], None);
    }

    #[test]
    fn long_tokens_are_cut() {
        let long = format!("Bearer {}", "x".repeat(80));
        check(&[("authorization", &long)], Some(("x".repeat(50).as_str(), false)));
    }
}
