//! Posts one at a time: writing, editing, deleting, pinning, reading. Source: client-api 5.5.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rialto_app::posts::{self, Error};
use rialto_app::reminders::Unfit;
use rialto_app::shown_posts::{self, ShownPost};
use rialto_app::{SessionUser, Volatile, channel_members, channels, teams};
use rialto_model::{Permission, PostId, UserId};
use rialto_wire::v4::channels::ChannelUnreadAt;
use rialto_wire::v4::posts::{NewEphemeralPost, NewPost, PostInfo, PostPatch, PostUpdate};
use rialto_wire::v4::{Post, StatusOk};
use serde_json::{Map, Value};

use super::channel_lists::require_self;
use super::{embeds, files, id_lists};
use crate::extract::{ApiJson, Params, Session, UserParam};
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/posts", post(create))
        .route("/posts/ids", post(by_ids))
        .route("/posts/ephemeral", post(create_ephemeral))
        .route("/posts/{post_id}", get(get_one).put(update).delete(delete))
        .route("/posts/{post_id}/patch", put(patch))
        .route("/posts/{post_id}/pin", post(pin))
        .route("/posts/{post_id}/unpin", post(unpin))
        .route("/posts/{post_id}/info", get(info))
        .route("/users/{user_id}/posts/{post_id}/set_unread", post(set_unread))
}

/// A post as clients see it.
pub(crate) fn wire_post(shown: &ShownPost) -> Post {
    Post::from(&shown.post)
        .with_reactions(&shown.reactions)
        .with_files(&shown.files)
        .with_priority(shown.priority.as_ref(), &shown.acknowledgements)
        .with_page(shown.preview.as_ref())
        .with_pending_id(&shown.pending_post_id)
}

/// One post with what is shown beside it.
pub(super) async fn show(api: &Api, post: rialto_model::Post) -> ApiResult<Post> {
    let shown = shown_posts::show(&api.app, vec![post]).await?;
    let shown = shown.first().ok_or_else(|| ApiError::internal("a post shows nothing"))?;
    Ok(ApiJson(wire_post(shown)))
}

/// The text of props as the domain takes it; empty if there are none.
pub(super) fn props_text(props: Map<String, Value>) -> String {
    if props.is_empty() { String::new() } else { Value::Object(props).to_string() }
}

fn new_post(body: NewPost) -> Result<posts::NewPost, ApiError> {
    let root_id = Some(body.root_id).filter(|id| !id.is_empty());
    Ok(posts::NewPost {
        message: body.message,
        root_id: root_id.map(|id| id.parse().map_err(|_| Error::Root)).transpose()?,
        kind: body.kind,
        props: props_text(body.props),
        file_ids: files::file_ids(&body.file_ids)?,
        pending_post_id: body.pending_post_id,
        priority: body.metadata.priority.map(Into::into),
    })
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewPost>,
) -> Result<(StatusCode, ApiJson<Post>), ApiError> {
    let channel = id_lists::one(&body.channel_id, "channel_id")?;
    let pending = body.pending_post_id.clone();
    let new = new_post(body)?;
    let has_priority = new.priority.is_some();
    let post = posts::create(&api.app, &actor, &channel, new).await?;
    if !post.file_ids.is_empty() || has_priority {
        return Ok((StatusCode::CREATED, show(&api, post).await?));
    }
    Ok((StatusCode::CREATED, ApiJson(Post::from(&post).with_pending_id(&pending))))
}

/// A text for one person, which is stored nowhere.
async fn create_ephemeral(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewEphemeralPost>,
) -> Result<(StatusCode, ApiJson<Post>), ApiError> {
    actor.require(Permission::CreatePostEphemeral)?;
    let user: UserId = id_lists::one(&body.user_id, "user_id")?;
    let id = id_lists::one(&body.post.channel_id, "channel_id")?;
    channels::get(&api.app, &actor, &id).await?;
    let new = new_post(body.post)?;
    let post = crate::hub::ephemeral_post(&api.app, user, id, new.root_id, new.message);
    let shown = Post::from(&post);
    api.app.bus.tell(Volatile::Ephemeral { user, channel: id, root: post.root_id, message: post.message });
    Ok((StatusCode::CREATED, ApiJson(shown)))
}

async fn get_one(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<Post> {
    let ApiJson(mut post) = show(&api, posts::get(&api.app, &actor, &id).await?).await?;
    embeds::add(&api, &actor, std::slice::from_mut(&mut post)).await?;
    Ok(ApiJson(post))
}

async fn by_ids(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<Vec<String>>,
) -> ApiResult<Vec<Post>> {
    let ids: Vec<PostId> = id_lists::parse(&body, "post_ids")?;
    let found = posts::list_by_ids(&api.app, &actor, &ids).await?;
    let mut list: Vec<Post> = shown_posts::show(&api.app, found).await?.iter().map(wire_post).collect();
    embeds::add(&api, &actor, &mut list).await?;
    Ok(ApiJson(list))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<PostId>,
    ApiJson(body): ApiJson<PostUpdate>,
) -> ApiResult<Post> {
    if body.id != id.as_str() {
        return Err(ApiError::body_param("id"));
    }
    let patch = posts::PostPatch {
        message: Some(body.message),
        props: body.props.map(props_text),
        is_pinned: Some(body.is_pinned),
        file_ids: body.file_ids.as_deref().map(files::file_ids).transpose()?,
    };
    edit(&api, &actor, &id, patch).await
}

async fn patch(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<PostId>,
    ApiJson(body): ApiJson<PostPatch>,
) -> ApiResult<Post> {
    let patch = posts::PostPatch {
        message: body.message,
        props: body.props.map(props_text),
        is_pinned: body.is_pinned,
        file_ids: body.file_ids.as_deref().map(files::file_ids).transpose()?,
    };
    edit(&api, &actor, &id, patch).await
}

async fn edit(api: &Api, actor: &SessionUser, id: &PostId, patch: posts::PostPatch) -> ApiResult<Post> {
    show(api, posts::edit(&api.app, actor, id, patch).await?).await
}

async fn delete(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<StatusOk> {
    posts::delete(&api.app, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn pin(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<StatusOk> {
    posts::set_pinned(&api.app, &actor, &id, true).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn unpin(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<StatusOk> {
    posts::set_pinned(&api.app, &actor, &id, false).await?;
    Ok(ApiJson(StatusOk::default()))
}

/// Where a post stands, for who follows a link to it.
async fn info(State(api): State<Api>, Session(actor): Session, Params(id): Params<PostId>) -> ApiResult<PostInfo> {
    let post = posts::get(&api.app, &actor, &id).await?;
    let channel = channels::get(&api.app, &actor, &post.channel_id).await?;
    let member = channel_members::list_by_ids(&api.app, &actor, &channel.id, &[actor.user_id]).await?;
    let team = match channel.team_id {
        Some(team) => Some(teams::get(&api.app, &actor, &team).await?.team),
        None => None,
    };
    let memberships = teams::list_memberships(&api.app, &actor, &actor.user_id).await?;
    Ok(ApiJson(PostInfo {
        channel_id: channel.id,
        channel_type: channel.kind.letter().to_owned(),
        channel_display_name: channel.display_name,
        has_joined_channel: !member.is_empty(),
        team_id: team.as_ref().map_or_else(String::new, |team| team.id.to_string()),
        team_type: team.as_ref().map_or("", |team| team.kind.letter()).to_owned(),
        has_joined_team: memberships.iter().any(|member| Some(member.team_id) == channel.team_id),
        team_display_name: team.map_or_else(String::new, |team| team.display_name),
    }))
}

async fn set_unread(
    State(api): State<Api>,
    Session(actor): Session,
    Params((user, id)): Params<(UserParam, PostId)>,
) -> ApiResult<ChannelUnreadAt> {
    require_self(&actor, user)?;
    let (channel, member) = channel_members::set_unread_from(&api.app, &actor, &id).await?;
    Ok(ApiJson(ChannelUnreadAt {
        team_id: channel.team_id.map_or_else(String::new, |team| team.to_string()),
        user_id: actor.user_id,
        channel_id: channel.id,
        msg_count: member.msg_count,
        mention_count: member.mention_count,
        mention_count_root: member.mention_count_root,
        urgent_mention_count: 0,
        msg_count_root: member.msg_count_root,
        last_viewed_at: member.last_viewed_at.0,
    }))
}

fn unfit_id(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Off => "api.post.post_priority.persistent_notification_disabled.request_error",
        Unfit::Nobody => "api.post.post_priority.min_recipients_persistent_notification_post.request_error",
        Unfit::TooMany(_) => "api.post.post_priority.max_recipients_persistent_notification_post.request_error",
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Archived => Self::bad_request(
                "api.post.create_post.can_not_post_to_deleted.error",
                "Can not post to an archived channel.",
            ),
            Error::Root => Self::bad_request("api.post.create_post.root_id.app_error", "Invalid RootId parameter."),
            Error::TooLong { max } => Self::bad_request(
                "model.post.is_valid.message_length.app_error",
                format!("The message is longer than {max} characters."),
            ),
            Error::Empty => Self::body_param("message"),
            Error::TooManyFiles => Self::bad_request("model.post.is_valid.file_ids.app_error", "Too many files."),
            Error::Priority => Self::bad_request(
                "api.post.post_priority.priority_post_only_allowed_for_root_post.request_error",
                "Only the first message of a thread has a priority, and reminders are for urgent ones.",
            ),
            Error::Reminder(unfit) => Self::bad_request(unfit_id(unfit), format!("This cannot remind: {unfit}.")),
            Error::Props => Self::bad_request("model.post.is_valid.props.app_error", "Invalid props."),
            Error::Kind => Self::bad_request("model.post.is_valid.type.app_error", "Invalid type."),
            Error::NotAuthor => Self::permissions(),
            Error::TooLate => Self::bad_request(
                "api.post.update_post.permissions_time_limit.app_error",
                "The time in which messages may be edited is over.",
            ),
            Error::SystemPost => {
                Self::bad_request("api.post.update_post.system_message.app_error", "Unable to update a system message.")
            }
            Error::Store(error) => error.into(),
        }
    }
}
