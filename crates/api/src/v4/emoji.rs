//! Custom emoji: those of this server, and in a shared channel those of other organisations. Source: client-api 5.6,
//! behaviour 8.2.

use std::convert::Infallible;

use axum::Router;
use axum::body::Bytes;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use rialto_app::emoji::{self, Error, MOST_NAMES, peers};
use rialto_model::emoji::{MAX_BYTES, MAX_SIDE};
use rialto_model::names::InvalidName;
use rialto_model::{ChannelId, ItemId, UserId};
use rialto_wire::v4::StatusOk;
use rialto_wire::v4::emoji::{Emoji, EmojiSearch, NewEmoji, PeerEmoji};

use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

/// Bytes a request may have beside the picture.
const ENVELOPE: usize = 4 << 10;

pub fn routes() -> Router<Api> {
    // How much may come, the handler says.
    let all = get(list).post(create).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/emoji", all)
        .route("/emoji/names", post(by_names))
        .route("/emoji/search", post(search))
        .route("/emoji/autocomplete", get(autocomplete))
        .route("/emoji/name/{name}", get(by_name))
        .route("/emoji/{emoji_id}", get(by_id).delete(remove))
        .route("/emoji/{emoji_id}/image", get(image))
        .route("/channels/{channel_id}/peer_emoji", get(of_channel))
        .route("/channels/{channel_id}/peer_emoji/{emoji_id}/image", get(peer_image))
}

fn shown(list: &[rialto_model::CustomEmoji]) -> ApiJson<Vec<Emoji>> {
    ApiJson(list.iter().map(Emoji::from).collect())
}

async fn list(State(api): State<Api>, _: Session, query: QueryMap) -> ApiResult<Vec<Emoji>> {
    let by_name = match query.text("sort") {
        "" => false,
        "name" => true,
        _ => return Err(ApiError::url_param("sort")),
    };
    Ok(shown(&emoji::list(&api.app, by_name, query.offset(), query.per_page()).await?))
}

async fn by_names(State(api): State<Api>, _: Session, ApiJson(names): ApiJson<Vec<String>>) -> ApiResult<Vec<Emoji>> {
    if names.is_empty() {
        return Err(ApiError::body_param("names"));
    }
    if names.len() > MOST_NAMES {
        return Err(ApiError::bad_request(
            "api.emoji.get_multiple_by_name_too_many.request_error",
            format!("At most {MOST_NAMES} emoji can be asked for at once."),
        ));
    }
    Ok(shown(&emoji::by_names(&api.app, names).await?))
}

async fn search(State(api): State<Api>, _: Session, ApiJson(body): ApiJson<EmojiSearch>) -> ApiResult<Vec<Emoji>> {
    if body.term.is_empty() {
        return Err(ApiError::body_param("term"));
    }
    Ok(shown(&emoji::search(&api.app, &body.term, body.prefix_only).await?))
}

async fn autocomplete(State(api): State<Api>, _: Session, query: QueryMap) -> ApiResult<Vec<Emoji>> {
    if query.text("name").is_empty() {
        return Err(ApiError::url_param("name"));
    }
    Ok(shown(&emoji::search(&api.app, query.text("name"), true).await?))
}

async fn by_name(State(api): State<Api>, _: Session, Params(name): Params<String>) -> ApiResult<Emoji> {
    let found = emoji::by_names(&api.app, [&name]).await?.pop();
    let absent = || ApiError::not_found("app.emoji.get_by_name.no_result", "There is no emoji of that name.");
    Ok(ApiJson(Emoji::from(&found.ok_or_else(absent)?)))
}

async fn by_id(State(api): State<Api>, _: Session, Params(id): Params<ItemId>) -> ApiResult<Emoji> {
    Ok(ApiJson(Emoji::from(&emoji::get(&api.app, &id).await?)))
}

async fn image(State(api): State<Api>, _: Session, Params(id): Params<ItemId>) -> Result<Response, ApiError> {
    let (kind, bytes) = emoji::image(&api.app, &id).await?;
    picture(&kind, bytes)
}

/// A picture under its id never changes, so it may be kept for a month.
fn picture(kind: &str, bytes: Vec<u8>) -> Result<Response, ApiError> {
    let kind = HeaderValue::from_str(kind).map_err(|error| ApiError::internal(error.to_string()))?;
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, HeaderValue::from_static("max-age=2592000, private")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, bytes).into_response())
}

/// Takes the parts `emoji` and `image`, in any order.
async fn create(State(api): State<Api>, Session(actor): Session, request: Request) -> ApiResult<Emoji> {
    let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > most + ENVELOPE) {
        return Err(Error::TooLarge.into());
    }
    let mut parts = Multipart::from_request(request, &api).await.map_err(|_| unreadable())?;
    let (mut wanted, mut bytes) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
        match part.name() {
            Some("emoji") => wanted = Some(bounded(part, ENVELOPE).await?),
            Some("image") => bytes = Some(bounded(part, most).await?),
            _ => {}
        }
    }
    let wanted: NewEmoji =
        wanted.and_then(|text| serde_json::from_slice(&text).ok()).ok_or_else(|| ApiError::body_param("emoji"))?;
    if !wanted.creator_id.is_empty() && UserId::parse(&wanted.creator_id) != Ok(actor.user_id) {
        return Err(ApiError::forbidden(
            "api.emoji.create.other_user.app_error",
            "Emoji are made in one's own name only.",
        ));
    }
    let bytes = bytes.ok_or_else(|| ApiError::body_param("image"))?;
    let content = stream::iter([Ok::<_, Infallible>(Bytes::from(bytes))]);
    Ok(ApiJson(Emoji::from(&emoji::create(&api.app, &actor, &wanted.name, content).await?)))
}

async fn bounded(mut part: Field<'_>, most: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|_| unreadable())? {
        if bytes.len() + chunk.len() > most {
            return Err(Error::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn unreadable() -> ApiError {
    ApiError::bad_request("api.emoji.create.parse.app_error", "The request holds no emoji.")
}

async fn remove(State(api): State<Api>, Session(actor): Session, Params(id): Params<ItemId>) -> ApiResult<StatusOk> {
    emoji::delete(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn of_channel(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<Vec<PeerEmoji>> {
    let found = peers::of_channel(&api.app, &actor, &channel).await?;
    Ok(ApiJson(found.iter().map(|(emoji, remote)| PeerEmoji::new(emoji, remote)).collect()))
}

async fn peer_image(
    State(api): State<Api>,
    Session(actor): Session,
    Params((channel, id)): Params<(ChannelId, ItemId)>,
) -> Result<Response, ApiError> {
    let (kind, bytes) = peers::image(&api.app, &actor, &channel, &id).await?;
    picture(&kind, bytes)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Off => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "api.emoji.disabled.app_error",
                "Custom emoji have been disabled by an administrator.",
            ),
            Error::Denied(rialto_app::Denied::Absent("emoji")) => {
                Self::not_found("app.emoji.get.no_result", "There is no such emoji.")
            }
            Error::Denied(denied) => denied.into(),
            Error::Name(InvalidName::Reserved) => Self::bad_request(
                "model.emoji.system_emoji_name.app_error",
                "This name belongs to an emoji that everybody has.",
            ),
            Error::Name(why) => Self::bad_request("model.emoji.name.app_error", format!("The name of an emoji {why}.")),
            Error::Taken => {
                Self::bad_request("api.emoji.create.duplicate.app_error", "There is an emoji of that name already.")
            }
            Error::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "api.emoji.create.too_large.app_error",
                "The picture of an emoji may have 512 KiB at most.",
            ),
            Error::TooWide => Self::bad_request(
                "api.emoji.upload.large_image.too_large.app_error",
                format!("The picture of an emoji may have {MAX_SIDE} by {MAX_SIDE} pixels at most."),
            ),
            Error::NoPicture => {
                Self::bad_request("api.emoji.upload.image.app_error", "No emoji can be made of this file.")
            }
            Error::Disk(error) => {
                tracing::error!(%error, "the picture of an emoji could not be written or read");
                Self::internal("the file store failed")
            }
            Error::Store(error) => error.into(),
        }
    }
}
