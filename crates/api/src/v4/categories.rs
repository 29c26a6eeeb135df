//! The sidebar: three categories everybody has, filled from memberships and preferences. Source: client-api 5.4.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::{SessionUser, channels, preferences};
use rialto_model::{ChannelId, TeamId};
use rialto_wire::v4::categories::CategoryKind;
use rialto_wire::v4::{Categories, Category};

use super::channel_lists::require_self;
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/teams/{team_id}/channels/categories", get(list))
        .route("/users/{user_id}/teams/{team_id}/channels/categories/order", get(order))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Categories> {
    require_self(&actor, user)?;
    Ok(ApiJson(derived(&api, &actor, team).await?))
}

async fn order(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<Vec<String>> {
    require_self(&actor, user)?;
    Ok(ApiJson(derived(&api, &actor, team).await?.order))
}

/// Favourites are what the person marked as such, direct and group messages are by themselves, the rest are channels.
async fn derived(api: &Api, actor: &SessionUser, team: TeamId) -> Result<Categories, ApiError> {
    let mine = channels::list_mine(&api.app, actor, Some(&team), false).await?;
    let marked = preferences::list_category(&api.app, actor, &actor.user_id, "favorite_channel").await;
    let marked = match marked {
        Ok(list) => list,
        Err(preferences::Error::Absent) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let favourites: BTreeSet<ChannelId> =
        marked.iter().filter(|mark| mark.value == "true").filter_map(|mark| mark.name.parse().ok()).collect();
    let mut categories = Category::defaults(actor.user_id, team);
    for category in &mut categories {
        let belongs = |channel: &&rialto_model::Channel| match category.kind {
            CategoryKind::Favorites => favourites.contains(&channel.id),
            CategoryKind::DirectMessages => !favourites.contains(&channel.id) && channel.kind.is_direct_or_group(),
            CategoryKind::Channels => !favourites.contains(&channel.id) && !channel.kind.is_direct_or_group(),
            CategoryKind::Custom => false,
        };
        category.channel_ids = mine.iter().filter(belongs).map(|channel| channel.id).collect();
    }
    Ok(Categories::new(categories.into()))
}
