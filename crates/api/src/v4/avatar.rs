//! Pictures of people: their own, or initials on a colour, the same every time. Source: client-api 5.1.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rialto_app::users;
use rialto_app::users::pictures::{self, Error};
use rialto_model::User;
use rialto_wire::v4::StatusOk;

use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError};

/// Dark enough for white letters on each of them (contrast 4.5 and more).
const COLOURS: [&str; 12] = [
    "#b3261e", "#a33c00", "#8a5000", "#5f6300", "#3a6a00", "#006d3c", "#006a66", "#00658f", "#2a5bbf", "#5a4fcf",
    "#8f3fa8", "#a83275",
];

/// Bytes a request may have beside the picture.
const ENVELOPE: i64 = 4 << 10;

pub fn routes() -> Router<Api> {
    // How much may come, the settings say; it is never in memory as a whole.
    let own = get(image).post(set).delete(remove).layer(DefaultBodyLimit::disable());
    Router::new().route("/users/{user_id}/image", own).route("/users/{user_id}/image/default", get(initials_of))
}

async fn image(
    State(api): State<Api>,
    Session(actor): Session,
    headers: HeaderMap,
    Params(user): Params<UserParam>,
) -> Result<Response, ApiError> {
    let user = users::get(&api.app, &actor, &user.of(&actor)).await?;
    let own = pictures::open(&api.app, &user).await.map_err(|error| ApiError::internal(error.to_string()))?;
    match own {
        Some(png) => {
            let tag = HeaderValue::from_str(&format!("picture-1-{}-{}", user.id, user.picture_at.0))
                .map_err(|error| ApiError::internal(error.to_string()))?;
            Ok(cached(&headers, tag, "image/png", png))
        }
        None => initials_answer(&headers, &user),
    }
}

async fn initials_of(
    State(api): State<Api>,
    Session(actor): Session,
    headers: HeaderMap,
    Params(user): Params<UserParam>,
) -> Result<Response, ApiError> {
    initials_answer(&headers, &users::get(&api.app, &actor, &user.of(&actor)).await?)
}

fn initials_answer(headers: &HeaderMap, user: &User) -> Result<Response, ApiError> {
    let tag = HeaderValue::from_str(&format!("initials-1-{}-{}", user.id, initials(user).escape_unicode()))
        .map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(cached(headers, tag, "image/svg+xml", draw(user).into_bytes()))
}

fn cached(headers: &HeaderMap, tag: HeaderValue, kind: &'static str, bytes: Vec<u8>) -> Response {
    let caching = [(CACHE_CONTROL, HeaderValue::from_static("max-age=86400, private")), (ETAG, tag.clone())];
    if headers.get(IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (caching, kind, bytes).into_response()
}

/// Takes the part `image`.
async fn set(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    request: Request,
) -> Result<ApiJson<StatusOk>, ApiError> {
    let max = api.app.settings.get().files.max_bytes;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: i64| length > max + ENVELOPE) {
        return Err(Error::TooLarge { max }.into());
    }
    let mut parts = Multipart::from_request(request, &api).await.map_err(|_| no_file())?;
    while let Some(part) = parts.next_field().await.map_err(|_| no_file())? {
        if part.name() == Some("image") {
            pictures::set(&api.app, &actor, &user.of(&actor), part).await?;
            return Ok(ApiJson(StatusOk::default()));
        }
    }
    Err(no_file())
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
) -> Result<ApiJson<StatusOk>, ApiError> {
    pictures::remove(&api.app, &actor, &user.of(&actor)).await?;
    Ok(ApiJson(StatusOk::default()))
}

fn no_file() -> ApiError {
    ApiError::bad_request("api.user.upload_profile_user.no_file.app_error", "The request holds no picture.")
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::User(error) => error.into(),
            Error::NotOwner => Self::permissions(),
            Error::TooLarge { max } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "api.user.upload_profile_user.too_large.app_error",
                format!("The picture is larger than {max} bytes."),
            ),
            Error::BrokenOff => no_file(),
            Error::NoPicture => Self::bad_request(
                "api.user.upload_profile_user.decode.app_error",
                "No picture can be made of this file.",
            ),
            Error::Busy => Self::busy(),
            Error::Disk(error) => Self::internal(error.to_string()),
            Error::Store(error) => error.into(),
        }
    }
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
