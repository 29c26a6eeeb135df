//! Lists of channels, and finding some. Source: client-api 5.4.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::channels::{self, Error, Search};
use rialto_app::{Denied, SessionUser};
use rialto_model::{ChannelId, TeamId};
use rialto_wire::v4::Channel;
use rialto_wire::v4::channels::ChannelSearch;

use std::collections::BTreeMap;

use super::id_lists;
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

/// Channels offered to somebody who types a part of a name.
const OFFERED: i64 = 50;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/channels", get(of_user))
        .route("/users/{user_id}/teams/{team_id}/channels", get(of_user_in_team))
        .route("/teams/{team_id}/channels", get(public))
        .route("/teams/{team_id}/channels/deleted", get(archived))
        .route("/teams/{team_id}/channels/private", get(private))
        .route("/teams/{team_id}/channels/ids", post(by_ids))
        .route("/teams/{team_id}/channels/autocomplete", get(autocomplete))
        .route("/teams/{team_id}/channels/search_autocomplete", get(autocomplete))
        .route("/teams/{team_id}/channels/search", post(search))
        .route("/teams/{team_id}/channels/search_archived", post(search_archived))
        .route("/channels/stats/member_count", post(member_counts))
}

fn shown(list: &[rialto_model::Channel]) -> ApiJson<Vec<Channel>> {
    ApiJson(list.iter().map(Channel::from).collect())
}

/// Somebody's own lists are nobody else's to read.
pub(super) fn require_self(actor: &SessionUser, user: UserParam) -> Result<(), ApiError> {
    if user.of(actor) == actor.user_id { Ok(()) } else { Err(ApiError::permissions()) }
}

async fn of_user(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    require_self(&actor, user)?;
    let list = channels::list_mine(&api.app, &actor, None, query.flag("include_deleted")).await?;
    Ok(shown(&list))
}

async fn of_user_in_team(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    require_self(&actor, user)?;
    let list = channels::list_mine(&api.app, &actor, Some(&team), query.flag("include_deleted")).await?;
    Ok(shown(&list))
}

/// All private channels of a team, for administrators.
async fn private(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    Ok(shown(&channels::list_private(&api.app, &actor, &team, query.offset(), query.per_page()).await?))
}

async fn public(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    let search = Search { offset: query.offset(), limit: query.per_page(), ..Search::default() };
    Ok(shown(&channels::search(&api.app, &actor, &team, search).await?))
}

async fn archived(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    let search =
        Search { archived: true, private: true, offset: query.offset(), limit: query.per_page(), ..Search::default() };
    Ok(shown(&channels::search(&api.app, &actor, &team, search).await?))
}

async fn by_ids(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<Vec<Channel>> {
    let ids: Vec<ChannelId> = id_lists::parse(&body, "channel_ids")?;
    let list = channels::list_by_ids(&api.app, &actor, &ids).await?;
    let list: Vec<_> = list.into_iter().filter(|channel| channel.team_id == Some(team)).collect();
    Ok(shown(&list))
}

async fn autocomplete(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<Channel>> {
    let search = Search { term: query.text("name").to_owned(), private: true, limit: OFFERED, ..Search::default() };
    Ok(shown(&channels::search(&api.app, &actor, &team, search).await?))
}

async fn search(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<ChannelSearch>,
) -> ApiResult<Vec<Channel>> {
    let search = Search { term: body.term, private: true, limit: OFFERED, ..Search::default() };
    Ok(shown(&channels::search(&api.app, &actor, &team, search).await?))
}

async fn search_archived(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    ApiJson(body): ApiJson<ChannelSearch>,
) -> ApiResult<Vec<Channel>> {
    let search = Search { term: body.term, archived: true, private: true, limit: OFFERED, ..Search::default() };
    Ok(shown(&channels::search(&api.app, &actor, &team, search).await?))
}

/// Numbers of members; channels the caller may not see are left out.
async fn member_counts(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<BTreeMap<ChannelId, i64>> {
    let ids: Vec<ChannelId> = id_lists::parse(&body, "channel_ids")?;
    let mut counts = BTreeMap::new();
    for id in ids {
        match channels::stats(&api.app, &actor, &id).await {
            Ok(stats) => drop(counts.insert(id, stats.members)),
            Err(Error::Denied(Denied::Absent(_) | Denied::Forbidden(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ApiJson(counts))
}
