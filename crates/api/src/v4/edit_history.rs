//! What the caller's messages said before they were edited. Source: client-api 5.5.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::posts::history;
use rialto_model::PostId;
use rialto_wire::v4::Post;

use super::posts::show;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/posts/{post_id}/edit_history", get(list))
        .route("/posts/{post_id}/restore/{version_id}", post(restore))
}

async fn list(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<Vec<Post>> {
    let (post, found) = history::list(&api.app, &actor, &id).await?;
    Ok(ApiJson(found.iter().map(|one| Post::of_version(&post, &one.version, &one.files)).collect()))
}

async fn restore(
    State(api): State<Api>,
    Session(actor): Session,
    Params((id, version)): Params<(PostId, PostId)>,
) -> ApiResult<Post> {
    show(&api, history::restore(&api.app, &actor, &id, &version).await?).await
}
