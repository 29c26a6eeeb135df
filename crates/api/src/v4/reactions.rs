//! Reactions. Source: client-api 3.2 and 5.5, rulings 69 and 75.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post};
use rialto_app::posts;
use rialto_app::reactions::{self, Error};
use rialto_model::{PostId, UserId};
use rialto_wire::v4::reactions::NewReaction;
use rialto_wire::v4::{Reaction, StatusOk};

use super::id_lists;
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/reactions", post(add))
        .route("/posts/{post_id}/reactions", get(list))
        .route("/posts/ids/reactions", post(of_posts))
        .route("/users/{user_id}/posts/{post_id}/reactions/{emoji_name}", delete(remove))
}

async fn add(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewReaction>,
) -> ApiResult<Reaction> {
    let user: UserId = id_lists::one(&body.user_id, "user_id")?;
    let post: PostId = id_lists::one(&body.post_id, "post_id")?;
    if user != actor.user_id {
        return Err(ApiError::permissions());
    }
    let reaction = reactions::add(&api.app, &actor, &post, &body.emoji_name).await?;
    Ok(ApiJson(Reaction::from(&reaction)))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params(post): Params<PostId>,
) -> ApiResult<Vec<Reaction>> {
    let list = reactions::list(&api.app, &actor, &post).await?;
    Ok(ApiJson(list.iter().map(Reaction::from).collect()))
}

async fn of_posts(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<BTreeMap<PostId, Vec<Reaction>>> {
    let ids: Vec<PostId> = id_lists::parse(&body, "post_ids")?;
    let found = posts::list_by_ids(&api.app, &actor, &ids).await?;
    let mut by_post: BTreeMap<PostId, Vec<Reaction>> = found.iter().map(|post| (post.id, Vec::new())).collect();
    for reaction in reactions::list_for(&api.app, &found).await? {
        by_post.entry(reaction.post_id).or_default().push(Reaction::from(&reaction));
    }
    Ok(ApiJson(by_post))
}

async fn remove(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, post, emoji_name)): Params<(UserParam, PostId, String)>,
) -> ApiResult<StatusOk> {
    reactions::remove(&api.app, &actor, &user.of(&actor), &post, &emoji_name).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::EmojiName => {
                Self::bad_request("model.reaction.is_valid.emoji_name.app_error", "Invalid emoji name on reaction.")
            }
            Error::TooMany => Self::bad_request(
                "app.reaction.save.save.too_many_reactions",
                "Reaction limit has been reached for this post.",
            ),
            Error::Archived => Self::forbidden(
                "api.reaction.save.archived_channel.app_error",
                "You cannot react in an archived channel.",
            ),
            Error::Store(error) => error.into(),
        }
    }
}
