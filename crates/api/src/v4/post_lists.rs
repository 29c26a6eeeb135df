//! Posts in lists: the pages of a channel, threads, what is unread, pinned or saved. Source: client-api 2.3, 5.5, ruling 69.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::posts::{self, Listed, PostPage, Window};
use rialto_app::{SessionUser, preferences, shown_posts};
use rialto_model::{ChannelId, Millis, PostId};
use rialto_wire::v4::{Post, PostList};

use super::channel_lists::require_self;
use super::embeds;
use super::posts::wire_post;
use super::threads;
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

/// Entries of a list at most.
const MOST: i64 = 200;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/channels/{channel_id}/posts", get(of_channel))
        .route("/channels/{channel_id}/pinned", get(pinned))
        .route("/users/{user_id}/channels/{channel_id}/posts/unread", get(around_unread))
        .route("/users/{user_id}/posts/flagged", get(saved))
        .route("/posts/{post_id}/thread", get(thread))
}

async fn show(api: &Api, actor: &SessionUser, found: Vec<rialto_model::Post>) -> Result<Vec<Post>, ApiError> {
    let mut list: Vec<Post> = shown_posts::show(&api.app, found).await?.iter().map(wire_post).collect();
    embeds::add(api, actor, &mut list).await?;
    Ok(list)
}

async fn page(api: &Api, actor: &SessionUser, page: PostPage, fold: &Folding) -> ApiResult<PostList> {
    let mut list = PostList::new(show(api, actor, page.posts).await?).with_cursors(page.next, page.prev);
    if fold.with_roots {
        list = list.with_context(show(api, actor, page.roots).await?);
    }
    fold.beside(api, actor, &mut list).await?;
    Ok(ApiJson(list))
}

/// How a client shows threads.
struct Folding {
    /// Roots of replies come along.
    with_roots: bool,
    /// Only roots are listed, with what is shown of their threads.
    folds: bool,
    /// Participants come whole.
    extended: bool,
}

impl Folding {
    fn of(query: &QueryMap) -> Self {
        Self {
            with_roots: !query.flag("skipFetchThreads"),
            folds: query.flag("collapsedThreads"),
            extended: query.flag("collapsedThreadsExtended"),
        }
    }

    async fn beside(&self, api: &Api, actor: &SessionUser, list: &mut PostList) -> Result<(), ApiError> {
        if !self.folds {
            return Ok(());
        }
        let roots: Vec<PostId> =
            list.posts.values().filter(|post| post.root_id.is_empty()).map(|post| post.id).collect();
        let view = self.extended.then(|| threads::view(api));
        for (root, beside) in rialto_app::threads::beside(&api.app, actor, &roots).await? {
            let participants = threads::wire_participants(&beside.participants, view);
            if let Some(post) = list.posts.remove(&root) {
                list.posts.insert(root, post.with_thread(beside.is_following, participants));
            }
        }
        Ok(())
    }
}

/// A page counted from the newest, what is before or after a post, or what has changed since a moment.
async fn of_channel(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
    query: QueryMap,
) -> ApiResult<PostList> {
    let number = query.number("page", 0);
    let since = query.text("since");
    let window = if let Some(id) = query.id("before")? {
        Window::Before(id, number)
    } else if let Some(id) = query.id("after")? {
        Window::After(id, number)
    } else if since.is_empty() {
        Window::Page(number)
    } else {
        Window::Since(Millis(since.parse().map_err(|_| ApiError::url_param("since"))?))
    };
    let fold = Folding::of(&query);
    let listed = Listed { deleted: query.flag("include_deleted"), roots: fold.folds };
    let found = posts::window(&api.app, &actor, &channel, window, query.per_page().max(1), listed).await?;
    page(&api, &actor, found, &fold).await
}

async fn pinned(
    State(api): State<Api>,
    Session(actor): Session,
    Params(channel): Params<ChannelId>,
) -> ApiResult<PostList> {
    let found = posts::pinned(&api.app, &actor, &channel).await?;
    Ok(ApiJson(PostList::new(show(&api, &actor, found).await?)))
}

async fn around_unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, channel)): Params<(UserParam, ChannelId)>,
    query: QueryMap,
) -> ApiResult<PostList> {
    require_self(&actor, user)?;
    let before = query.number("limit_before", 60).min(MOST);
    let after = query.number("limit_after", 60).min(MOST);
    if after == 0 {
        return Err(ApiError::url_param("limit_after"));
    }
    let fold = Folding::of(&query);
    let listed = Listed { deleted: false, roots: fold.folds };
    let found = posts::around_unread(&api.app, &actor, &channel, before, after, listed).await?;
    page(&api, &actor, found, &fold).await
}

/// What somebody has saved for later, newest first.
async fn saved(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> ApiResult<PostList> {
    require_self(&actor, user)?;
    let in_channel: Option<ChannelId> = query.id("channel_id")?;
    let marked = preferences::list_category(&api.app, &actor, &actor.user_id, "flagged_post").await;
    let marked = match marked {
        Ok(list) => list,
        Err(preferences::Error::Absent) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let ids: Vec<PostId> = marked.iter().filter_map(|mark| mark.name.parse().ok()).collect();
    let mut found = posts::list_by_ids(&api.app, &actor, &ids).await?;
    found.retain(|post| in_channel.is_none_or(|channel| post.channel_id == channel));
    found.sort_by_key(|post| std::cmp::Reverse((post.create_at, post.id)));
    let skip = usize::try_from(query.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(query.per_page()).unwrap_or_default();
    let some = found.into_iter().skip(skip).take(take).collect();
    Ok(ApiJson(PostList::new(show(&api, &actor, some).await?)))
}

/// A thread, root and replies; from a reply on (`fromPost`, `fromCreateAt`) or what has changed (`fromUpdateAt`).
async fn thread(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<PostId>,
    query: QueryMap,
) -> ApiResult<PostList> {
    let from: Option<PostId> = query.id("fromPost")?;
    let changed_after = query.number("fromUpdateAt", 0);
    if from.is_some() != (query.number("fromCreateAt", 0) > 0) {
        return Err(ApiError::url_param("fromCreateAt"));
    }
    let upwards = match query.text("direction") {
        "" | "down" => false,
        "up" => true,
        _ => return Err(ApiError::url_param("direction")),
    };
    let per_page = query.number("perPage", 0).min(MOST);
    let limit = if per_page == 0 { i64::MAX } else { per_page };
    let pivot = from.map(|from| (Millis(query.number("fromCreateAt", 0)), from));
    let (root, mut replies, has_next) = if upwards || changed_after > 0 {
        // Cut here: the other way round is asked for rarely and in threads of one screen.
        let (root, all, _) = posts::thread(&api.app, &actor, &id, None, i64::MAX).await?;
        let before = |post: &rialto_model::Post| !upwards || pivot.is_none_or(|at| (post.create_at, post.id) < at);
        let changed = |post: &rialto_model::Post| post.update_at.0 > changed_after;
        let mut some: Vec<_> = all.into_iter().filter(|post| before(post) && changed(post)).collect();
        let over = some.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        if upwards {
            some.drain(..over);
        } else {
            some.truncate(some.len() - over);
        }
        (root, some, over > 0)
    } else {
        posts::thread(&api.app, &actor, &id, pivot, limit).await?
    };
    replies.reverse();
    replies.push(root);
    let mut list = PostList::new(show(&api, &actor, replies).await?);
    list.has_next = Some(has_next);
    Folding::of(&query).beside(&api, &actor, &mut list).await?;
    Ok(ApiJson(list))
}
