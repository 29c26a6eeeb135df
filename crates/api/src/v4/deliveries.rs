//! How messages fared with other organisations. Rialto's own. Source: behaviour 8.3.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::{delivery_states, posts};
use rialto_model::PostId;
use rialto_wire::v4::shared_channels::{PostDeliveries, PostDelivery};

use super::id_lists;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new().route("/posts/{post_id}/deliveries", get(of_one)).route("/posts/deliveries", post(of_many))
}

/// One message: its author's, or anybody's who may read it where members may see this.
async fn of_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<PostId>,
) -> ApiResult<PostDeliveries> {
    let read = posts::get(&api.app, &actor, &id).await?;
    let open = api.app.settings.get().workspaces.delivery_states_for_members;
    if read.user_id != actor.user_id && !open {
        return Err(ApiError::permissions());
    }
    let found = delivery_states::list(&api.app, &actor, &[id]).await?.pop();
    Ok(ApiJson(found.map_or(PostDeliveries { post_id: id, ticks: 0, organisations: Vec::new() }, shown)))
}

/// Those of these messages that the caller may see this of, and that go to other organisations.
async fn of_many(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<Vec<PostDeliveries>> {
    let ids: Vec<PostId> = id_lists::parse(&body, "post_ids")?;
    let found = delivery_states::list(&api.app, &actor, &ids).await?;
    Ok(ApiJson(found.into_iter().map(shown).collect()))
}

fn shown(found: delivery_states::Deliveries) -> PostDeliveries {
    let ticks = found.ticks();
    let organisation = |one: delivery_states::Delivery| PostDelivery {
        organisation: one.organisation,
        state: one.state.as_str().to_owned(),
        code: one.code,
        reason: one.reason,
        online: one.online,
    };
    PostDeliveries { post_id: found.post, ticks, organisations: found.list.into_iter().map(organisation).collect() }
}
