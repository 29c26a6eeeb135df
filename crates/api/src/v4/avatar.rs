//! Pictures for people who have none: initials on a colour, the same every time.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rialto_app::users;
use rialto_model::User;

use crate::extract::{Params, Session, UserParam};
use crate::{Api, ApiError};

/// Dark enough for white letters on each of them (contrast 4.5 and more).
const COLOURS: [&str; 12] = [
    "#b3261e", "#a33c00", "#8a5000", "#5f6300", "#3a6a00", "#006d3c", "#006a66", "#00658f", "#2a5bbf", "#5a4fcf",
    "#8f3fa8", "#a83275",
];

pub fn routes() -> Router<Api> {
    Router::new().route("/users/{user_id}/image", get(image)).route("/users/{user_id}/image/default", get(image))
}

async fn image(
    State(api): State<Api>,
    Session(actor): Session,
    headers: HeaderMap,
    Params(user): Params<UserParam>,
) -> Result<Response, ApiError> {
    let user = users::get(&api.app, &actor, &user.of(&actor)).await?;
    let tag = HeaderValue::from_str(&format!("initials-1-{}-{}", user.id, initials(&user).escape_unicode()))
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let caching = [(CACHE_CONTROL, HeaderValue::from_static("max-age=86400, private")), (ETAG, tag.clone())];
    if headers.get(IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = [
        (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((caching, kind, draw(&user)).into_response())
}

/// Up to two letters or digits: of the names, else of the username without its organisation.
fn initials(user: &User) -> String {
    let first = |text: &str| text.chars().find(|c| c.is_alphanumeric());
    let of_names: Vec<char> = [&user.first_name, &user.last_name].into_iter().filter_map(|name| first(name)).collect();
    let letters = if of_names.is_empty() {
        let own = if user.is_local() { &user.username } else { &user.remote_username };
        first(own).into_iter().collect()
    } else {
        of_names
    };
    letters.into_iter().flat_map(char::to_uppercase).collect()
}

fn draw(user: &User) -> String {
    let sum: usize = user.id.as_str().bytes().map(usize::from).sum();
    let colour = COLOURS.get(sum % COLOURS.len()).unwrap_or(&"#2a5bbf");
    // Letters and digits only, so there is nothing to escape.
    let letters = initials(user);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"128\" height=\"128\" viewBox=\"0 0 128 128\">\
         <rect width=\"128\" height=\"128\" fill=\"{colour}\"/>\
         <text x=\"64\" y=\"64\" dy=\"0.36em\" text-anchor=\"middle\" fill=\"#fff\" \
         font-family=\"system-ui, sans-serif\" font-size=\"56\">{letters}</text></svg>"
    )
}
