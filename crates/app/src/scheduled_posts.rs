//! Messages that are posted later, in their author's name and with the rights the author has then.
//!
//! The post and the end of its row are one transaction, so that each is posted once whatever breaks in between. What cannot
//! be posted stays with the reason, until its author changes or removes it. Source: client-api 5.5 and 9.5,
//! `ServiceSettings.ScheduledPosts`.

use rialto_model::draft::{Draft, Failure, ScheduledPost, ShownScheduledPost};
use rialto_model::event::Change;
use rialto_model::{ChannelId, ConnectionId, DomainEvent, ItemId, Millis, Origin, Permission, Scope, TeamId};
use rialto_store::{Snapshot, StoreError, Tx, scheduled_posts as rows, users};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::drafts::{not_posted, with_files};
use crate::posts::{self, NewPost};

/// Messages of one round; what is due beyond them comes with the next.
const ROUND: i64 = 200;
/// What could not be posted for so long, because the server did not run, is not posted without its author's word, ms.
const LATE: i64 = 24 * 3_600_000;

/// Why a message was not taken for later.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is posted later here.
    #[error("nothing is posted later here")]
    Off,
    /// There is none of the actor's.
    #[error("no such message")]
    Absent,
    /// Its time is over.
    #[error("not in the future")]
    Past,
    /// What a post would be refused for too.
    #[error(transparent)]
    Post(#[from] posts::Error),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Error::Post(denied.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Post(error.into())
    }
}

fn allowed(app: &App) -> Result<(), Error> {
    if app.settings.get().scheduled_posts { Ok(()) } else { Err(Error::Off) }
}

/// Takes a message to be posted at `at`. `from` is the connection of the client, which is not told. Records
/// [`DomainEvent::ScheduledPostChanged`].
///
/// # Errors
/// [`Error`]; nothing is kept then. Source: API v4 `POST /posts/schedule`.
pub async fn schedule(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    words: NewPost,
    at: Millis,
    from: Option<ConnectionId>,
) -> Result<ShownScheduledPost, Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    let draft = Draft {
        user_id: actor.user_id,
        channel_id: *channel,
        root_id: words.root_id,
        create_at: now,
        update_at: now,
        message: String::new(),
        kind: String::new(),
        props: String::new(),
        file_ids: Vec::new(),
        priority: None,
    };
    let id = app.ids.id(ItemId::from_random);
    let empty = ScheduledPost { id, draft, scheduled_at: at, processed_at: None, failure: None };
    let kept = filled(app, &mut tx, actor, empty, words).await?;
    put(&mut tx, &kept.post, Change::Added, from).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Gives a message of the actor's that is to be posted later other words or another time; one that could not be posted is
/// tried again then. Records [`DomainEvent::ScheduledPostChanged`].
///
/// # Errors
/// [`Error`]; nothing changes then. Source: API v4 `PUT /posts/schedule/ID`.
pub async fn update(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    words: NewPost,
    at: Millis,
    from: Option<ConnectionId>,
) -> Result<ShownScheduledPost, Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut post = own(&mut tx, actor, id).await?;
    post.draft.update_at = post.draft.update_at.next_version(tx.now());
    let renewed = ScheduledPost { scheduled_at: at, processed_at: None, failure: None, ..post };
    // Where it goes is settled.
    let words = NewPost { root_id: renewed.draft.root_id, ..words };
    let kept = filled(app, &mut tx, actor, renewed, words).await?;
    put(&mut tx, &kept.post, Change::Updated, from).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Puts the words into a message, if the actor could post them now.
async fn filled(
    app: &App,
    tx: &mut Tx,
    actor: &SessionUser,
    mut post: ScheduledPost,
    words: NewPost,
) -> Result<ShownScheduledPost, Error> {
    if post.scheduled_at <= tx.now() {
        return Err(Error::Past);
    }
    let words = posts::checked(app, words)?;
    let channel = post.draft.channel_id;
    let access = access::channel(tx, actor, &channel, Permission::CreatePost).await?;
    if access.channel().is_archived() {
        return Err(posts::Error::Archived.into());
    }
    if let Some(root) = &words.root_id {
        posts::check_root(tx, &channel, root).await?;
    }
    if !words.file_ids.is_empty() {
        access.require(Permission::UploadFile)?;
    }
    let files = not_posted(tx, &actor.user_id, &channel, &words.file_ids).await?;
    if files.is_empty() && words.message.trim().is_empty() && words.props.len() <= 2 {
        return Err(posts::Error::Empty.into());
    }
    let NewPost { message, kind, props, priority, .. } = words;
    let file_ids = files.iter().map(|file| file.id).collect();
    post.draft = Draft { message, kind, props, priority, file_ids, ..post.draft };
    Ok(ShownScheduledPost { post, files })
}

/// Removes a message of the actor's that is to be posted later; answers it as it was. Records
/// [`DomainEvent::ScheduledPostChanged`].
///
/// # Errors
/// [`Error`]. Source: API v4 `DELETE /posts/schedule/ID`.
pub async fn delete(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    from: Option<ConnectionId>,
) -> Result<ShownScheduledPost, Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = own(&mut tx, actor, id).await?;
    rows::delete(&mut tx, id).await?;
    record(&mut tx, &post, Change::Deleted, from);
    let shown = show(&mut tx, vec![post]).await?.into_iter().next().ok_or(Error::Absent)?;
    tx.commit().await?;
    Ok(shown)
}

/// One that is the actor's; whether others have one of the id is not told.
async fn own(tx: &mut Tx, actor: &SessionUser, id: &ItemId) -> Result<ScheduledPost, Error> {
    rows::lock(tx, id).await?.filter(|post| post.draft.user_id == actor.user_id).ok_or(Error::Absent)
}

/// What of the actor's is to be posted later in a team, and in conversations if `direct` says so.
///
/// # Errors
/// [`Error`]; without `view_team` in the team.
pub async fn list(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    direct: bool,
) -> Result<(Vec<ShownScheduledPost>, Option<Vec<ShownScheduledPost>>), Error> {
    allowed(app)?;
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let in_team = rows::list(&mut view, &actor.user_id, Some(team)).await?;
    let in_team = show(&mut view, in_team).await?;
    if !direct {
        return Ok((in_team, None));
    }
    let talks = rows::list(&mut view, &actor.user_id, None).await?;
    Ok((in_team, Some(show(&mut view, talks).await?)))
}

/// One by its id, for whoever tells its author of it.
pub(crate) async fn of_id(view: &mut Snapshot, id: &ItemId) -> Result<Option<ShownScheduledPost>, StoreError> {
    let found = rows::get(view, id).await?;
    Ok(show(view, found.into_iter().collect()).await?.into_iter().next())
}

async fn show(view: &mut Snapshot, found: Vec<ScheduledPost>) -> Result<Vec<ShownScheduledPost>, StoreError> {
    let drafts = found.iter().map(|post| post.draft.clone()).collect();
    let shown = with_files(view, drafts).await?;
    Ok(found.into_iter().zip(shown).map(|(post, shown)| ShownScheduledPost { post, files: shown.files }).collect())
}

async fn put(tx: &mut Tx, post: &ScheduledPost, change: Change, from: Option<ConnectionId>) -> Result<(), StoreError> {
    rows::put(tx, post).await?;
    record(tx, post, change, from);
    Ok(())
}

fn record(tx: &mut Tx, post: &ScheduledPost, change: Change, from: Option<ConnectionId>) {
    let Draft { user_id: user, channel_id: channel, root_id: root, .. } = post.draft;
    let event = DomainEvent::ScheduledPostChanged { user, post: post.id, channel, root, change, from };
    tx.record(Scope::User(user), Origin::Local, event);
}

/// Posts what is due. To be called by one node every few seconds; what it leaves over when it ends, the next call posts.
///
/// # Errors
/// The first [`StoreError`]; what it concerns is tried again with the next call, and the others were posted.
pub async fn send_due(app: &App) -> Result<(), StoreError> {
    if !app.settings.get().scheduled_posts {
        return Ok(());
    }
    let now = app.clock.now();
    let due = rows::due(&mut app.db.read(now).await?, now, ROUND).await?;
    let mut outcome = Ok(());
    for post in due {
        let sent = send(app, &post.id).await;
        outcome = outcome.and(sent);
    }
    outcome
}

async fn send(app: &App, id: &ItemId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(post) = due(&mut tx, id).await? else { return Ok(()) };
    let sent = match post_now(app, &mut tx, &post).await {
        Ok(()) => {
            rows::delete(&mut tx, id).await?;
            record(&mut tx, &post, Change::Deleted, None);
            tx.commit().await.map_err(Refused::Store)
        }
        Err(refused) => {
            drop(tx);
            Err(refused)
        }
    };
    let failure = match sent {
        Ok(()) => return Ok(()),
        Err(Refused::For(failure)) => failure,
        // The database takes these words at no time.
        Err(Refused::Store(StoreError::Rejected(_) | StoreError::Corrupt(_))) => Failure::Unknown,
        Err(Refused::Store(error)) => return Err(error),
    };
    let mut tx = app.db.begin(app.clock.now()).await?;
    // Its author may have changed or removed it meanwhile.
    let Some(mut post) = due(&mut tx, id).await? else { return Ok(()) };
    let now = tx.now();
    post.draft.update_at = post.draft.update_at.next_version(now);
    let failed = ScheduledPost { processed_at: Some(now), failure: Some(failure), ..post };
    put(&mut tx, &failed, Change::Updated, None).await?;
    tx.commit().await
}

/// The message, if its time has come and it was not tried yet.
async fn due(tx: &mut Tx, id: &ItemId) -> Result<Option<ScheduledPost>, StoreError> {
    let now = tx.now();
    Ok(rows::lock(tx, id).await?.filter(|post| post.processed_at.is_none() && post.scheduled_at <= now))
}

enum Refused {
    For(Failure),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Store(error)
    }
}

impl From<posts::Error> for Refused {
    fn from(error: posts::Error) -> Self {
        Refused::For(match error {
            posts::Error::Store(error) | posts::Error::Denied(Denied::Store(error)) => return Refused::Store(error),
            posts::Error::Denied(Denied::Absent(_)) => Failure::ChannelNotFound,
            posts::Error::Denied(Denied::Forbidden(_)) => Failure::NoChannelPermission,
            posts::Error::Denied(Denied::ReadOnlyShare | Denied::Closed(_) | Denied::Paused) => Failure::UnableToSend,
            posts::Error::Archived => Failure::ChannelArchived,
            posts::Error::Root => Failure::ThreadDeleted,
            posts::Error::TooLong { .. }
            | posts::Error::TooManyFiles
            | posts::Error::Empty
            | posts::Error::Props
            | posts::Error::Kind
            | posts::Error::Priority
            | posts::Error::Reminder(_) => Failure::InvalidPost,
            posts::Error::NotAuthor | posts::Error::TooLate | posts::Error::SystemPost => Failure::Unknown,
        })
    }
}

async fn post_now(app: &App, tx: &mut Tx, post: &ScheduledPost) -> Result<(), Refused> {
    if tx.now().since(post.scheduled_at) > LATE {
        return Err(Refused::For(Failure::UnableToSend));
    }
    let draft = post.draft.clone();
    let author = users::get(tx, &draft.user_id).await?.ok_or(Refused::For(Failure::UserMissing))?;
    if author.delete_at.is_some() {
        return Err(Refused::For(Failure::UserDeleted));
    }
    let words = NewPost {
        message: draft.message,
        root_id: draft.root_id,
        kind: draft.kind,
        props: draft.props,
        file_ids: draft.file_ids,
        pending_post_id: String::new(),
        priority: draft.priority,
    };
    let words = posts::checked(app, words)?;
    posts::write(app, tx, &SessionUser::in_absence(&author), &draft.channel_id, words).await?;
    Ok(())
}
