//! Threads that somebody follows. Source: client-api 5.5.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post, put};
use rialto_app::shown_posts::ShownPost;
use rialto_app::threads::{self, Around, Error, Filter, ShownThread};
use rialto_model::{Millis, PostId, TeamId, ThreadMember};
use rialto_wire::v4::threads::{Participant, Thread, Threads, parse_time};
use rialto_wire::v4::{StatusOk, UserView};

use super::channel_lists::require_self;
use super::posts::wire_post;
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/users/{user_id}/teams/{team_id}/threads", get(list))
        .route("/users/{user_id}/teams/{team_id}/threads/read", put(read_all))
        .route("/users/{user_id}/teams/{team_id}/threads/{thread_id}", get(one))
        .route("/users/{user_id}/teams/{team_id}/threads/{thread_id}/following", put(follow).delete(unfollow))
        .route("/users/{user_id}/teams/{team_id}/threads/{thread_id}/read/{timestamp}", put(read))
        .route("/users/{user_id}/teams/{team_id}/threads/{thread_id}/set_unread/{post_id}", post(set_unread))
}

/// How people see those who take part in a thread.
pub(crate) fn view(api: &Api) -> UserView {
    let settings = api.app.settings.get();
    UserView::Other { show_email: settings.show_email, show_full_name: settings.show_full_name }
}

/// Participants; whole where a view is given, else their ids.
pub(crate) fn wire_participants(people: &[rialto_model::User], view: Option<UserView>) -> Vec<Participant> {
    people.iter().map(|user| Participant::new(user, view)).collect()
}

/// A thread as its follower sees it; participants whole where a view is given, else by their ids.
pub(crate) fn wire_thread(
    member: &ThreadMember,
    post: &ShownPost,
    participants: &[rialto_model::User],
    view: Option<UserView>,
) -> Thread {
    Thread::new(member, wire_post(post), wire_participants(participants, view))
}

fn wire(api: &Api, shown: &ShownThread, extended: bool) -> Thread {
    wire_thread(&shown.member, &shown.post, &shown.participants, extended.then(|| view(api)))
}

async fn list(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
    query: QueryMap,
) -> ApiResult<Threads> {
    require_self(&actor, user)?;
    let (only_totals, only_threads) = (query.flag("totalsOnly"), query.flag("threadsOnly"));
    if only_totals && only_threads {
        return Err(ApiError::bad_request(
            "api.getThreadsForUser.bad_only_params",
            "Either the totals alone or the threads alone can be asked for.",
        ));
    }
    let around = match (query.id("before")?, query.id("after")?) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "api.getThreadsForUser.bad_params",
                "Threads are listed before one or after one, not both.",
            ));
        }
        (Some(id), None) => Around::Before(id),
        (None, Some(id)) => Around::After(id),
        (None, None) => Around::Newest,
    };
    let filter = Filter {
        unread: query.flag("unread"),
        deleted: query.flag("deleted"),
        exclude_direct: query.flag("excludeDirect"),
        since: Millis(query.number("since", 0)),
    };
    let mut answer = Threads::default();
    if !only_threads {
        let totals = threads::totals(&api.app, &actor, &team, filter).await?;
        answer.total = totals.threads;
        answer.total_unread_threads = totals.unread_threads;
        answer.total_unread_mentions = totals.mentions;
        answer.total_unread_urgent_mentions = totals.urgent_mentions;
    }
    if !only_totals {
        let found = threads::list(&api.app, &actor, &team, filter, around, query.per_page().max(1)).await?;
        answer.threads = Some(found.iter().map(|shown| wire(&api, shown, query.flag("extended"))).collect());
    }
    Ok(ApiJson(answer))
}

async fn one(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, root)): Params<(UserParam, TeamId, PostId)>,
    query: QueryMap,
) -> ApiResult<Thread> {
    require_self(&actor, user)?;
    let found = threads::get(&api.app, &actor, &team, &root).await?;
    Ok(ApiJson(wire(&api, &found, query.flag("extended"))))
}

async fn read_all(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team)): Params<(UserParam, TeamId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    threads::read_all(&api.app, &actor, &team).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn read(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, root, at)): Params<(UserParam, TeamId, PostId, String)>,
) -> ApiResult<Thread> {
    require_self(&actor, user)?;
    let at = parse_time(&at).ok_or_else(|| ApiError::url_param("timestamp"))?;
    let found = threads::read(&api.app, &actor, &team, &root, at).await?;
    Ok(ApiJson(wire(&api, &found, false)))
}

async fn set_unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, root, from)): Params<(UserParam, TeamId, PostId, PostId)>,
) -> ApiResult<Thread> {
    require_self(&actor, user)?;
    let found = threads::unread_from(&api.app, &actor, &team, &root, &from).await?;
    Ok(ApiJson(wire(&api, &found, false)))
}

async fn follow(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, root)): Params<(UserParam, TeamId, PostId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    threads::follow(&api.app, &actor, &team, &root, true).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn unfollow(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, team, root)): Params<(UserParam, TeamId, PostId)>,
) -> ApiResult<StatusOk> {
    require_self(&actor, user)?;
    threads::follow(&api.app, &actor, &team, &root, false).await?;
    Ok(ApiJson(StatusOk::default()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::NotFollowing => Self::not_found(
                "app.user.get_threads_for_user.not_found",
                "The thread does not exist or is not followed.",
            ),
            Error::OtherThread => Self::url_param("post_id"),
            Error::Store(error) => error.into(),
        }
    }
}
