//! Bookmarks of channels. Source: client-api 5.5 and 12.1.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch, post};
use rialto_app::bookmarks::{self, Error, Place};
use rialto_model::bookmark::BookmarkKind;
use rialto_model::{ChannelId, FileId, ItemId, Millis};
use rialto_wire::v4::bookmarks::{Bookmark, BookmarkPatch, NewBookmark, UpdatedBookmark};

use super::id_lists;
use crate::extract::{ApiJson, FromConnection, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/channels/{channel_id}/bookmarks", get(list).post(add))
        .route("/channels/{channel_id}/bookmarks/{bookmark_id}", patch(edit).delete(remove))
        .route("/channels/{channel_id}/bookmarks/{bookmark_id}/sort_order", post(sort))
}

fn file(text: &str) -> Result<Option<FileId>, ApiError> {
    if text.is_empty() { Ok(None) } else { id_lists::one(text, "file_id").map(Some) }
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    query: QueryMap,
) -> ApiResult<Vec<Bookmark>> {
    let since = Millis::non_zero(query.number("bookmarks_since", 0));
    let list = bookmarks::list(&api.app, &actor, &channel, since).await?;
    Ok(ApiJson(list.iter().map(Bookmark::from).collect()))
}

async fn add(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params(channel): Params<ChannelId>,
    ApiJson(body): ApiJson<NewBookmark>,
) -> Result<(StatusCode, ApiJson<Bookmark>), ApiError> {
    let new = bookmarks::NewBookmark {
        kind: BookmarkKind::from_word(&body.kind).ok_or_else(|| ApiError::body_param("type"))?,
        file_id: file(&body.file_id)?,
        display_name: body.display_name,
        link_url: body.link_url,
        image_url: body.image_url,
        emoji: body.emoji,
    };
    let made = bookmarks::add(&api.app, &actor, Place { channel, from }, new).await?;
    Ok((StatusCode::CREATED, ApiJson(Bookmark::from(&made))))
}

async fn edit(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params((channel, id)): Params<(ChannelId, ItemId)>,
    ApiJson(body): ApiJson<BookmarkPatch>,
) -> ApiResult<UpdatedBookmark> {
    let patch = bookmarks::BookmarkPatch {
        file_id: body.file_id.as_deref().map(file).transpose()?.flatten(),
        display_name: body.display_name,
        link_url: body.link_url,
        image_url: body.image_url,
        emoji: body.emoji,
        sort_order: body.sort_order,
    };
    let changed = bookmarks::edit(&api.app, &actor, Place { channel, from }, &id, patch).await?;
    Ok(ApiJson(UpdatedBookmark { updated: Bookmark::from(&changed) }))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params((channel, id)): Params<(ChannelId, ItemId)>,
) -> ApiResult<Bookmark> {
    let gone = bookmarks::remove(&api.app, &actor, Place { channel, from }, &id).await?;
    Ok(ApiJson(Bookmark::from(&gone)))
}

async fn sort(
    State(api): State<Api>,
    Session(actor): Session,
    FromConnection(from): FromConnection,
    Params((channel, id)): Params<(ChannelId, ItemId)>,
    ApiJson(to): ApiJson<i64>,
) -> ApiResult<Vec<Bookmark>> {
    let list = bookmarks::sort(&api.app, &actor, Place { channel, from }, &id, to).await?;
    Ok(ApiJson(list.iter().map(Bookmark::from).collect()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Archived => Self::forbidden(
                "api.channel.bookmark.channel_bookmark.deleted_channel.forbidden.app_error",
                "Bookmarks of an archived channel do not change.",
            ),
            Error::Absent => Self::not_found("app.channel.bookmark.get.app_error", "There is no such bookmark."),
            Error::TooMany => Self::bad_request(
                "app.channel.bookmark.save.app_error",
                "The channel has as many bookmarks as a channel may have.",
            ),
            Error::Unusable(part) => Self::body_param(part.0),
            Error::File => Self::bad_request(
                "app.channel.bookmark.file.app_error",
                "This file cannot be made a bookmark; upload it to the channel first.",
            ),
            Error::Store(error) => error.into(),
        }
    }
}
