//! What people have begun to write: kept here, so that all their clients have it. Posting does not take a draft away; the
//! client that posts says so itself. Source: client-api 5.5 and 9.5, `ServiceSettings.AllowSyncedDrafts`.

use rialto_model::draft::{Draft, ShownDraft};
use rialto_model::event::Change;
use rialto_model::{
    ChannelId, ConnectionId, DomainEvent, FileId, FileInfo, Origin, Permission, PostId, Scope, TeamId, UserId,
};
use rialto_store::{Snapshot, StoreError, Tx, drafts as rows, files};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::posts::{self, NewPost};

/// Why a draft was not kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Drafts stay with the clients here.
    #[error("drafts are not kept here")]
    Off,
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
    if app.settings.get().synced_drafts { Ok(()) } else { Err(Error::Off) }
}

/// Keeps what the actor has begun to write in a channel or thread, in the place of what was kept before. One that says
/// nothing takes the former away. `from` is the connection of the client, which is not told. Records
/// [`DomainEvent::DraftChanged`] if anything changed.
///
/// # Errors
/// [`Error`]; nothing is kept then. Source: API v4 `POST /drafts`.
pub async fn save(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    words: NewPost,
    from: Option<ConnectionId>,
) -> Result<ShownDraft, Error> {
    allowed(app)?;
    let words = posts::well_formed(app, words)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let access = access::channel(&mut tx, actor, channel, Permission::CreatePost).await?;
    if access.channel().is_archived() {
        return Err(posts::Error::Archived.into());
    }
    if let Some(root) = &words.root_id {
        posts::check_root(&mut tx, channel, root).await?;
    }
    let files = not_posted(&mut tx, &actor.user_id, channel, &words.file_ids).await?;
    let before = rows::get(&mut tx, &actor.user_id, channel, words.root_id.as_ref()).await?;
    let now = tx.now();
    let draft = Draft {
        user_id: actor.user_id,
        channel_id: *channel,
        root_id: words.root_id,
        create_at: before.as_ref().map_or(now, |before| before.create_at),
        update_at: before.as_ref().map_or(now, |before| before.update_at.next_version(now)),
        message: words.message,
        kind: words.kind,
        props: words.props,
        file_ids: files.iter().map(|file| file.id).collect(),
        priority: words.priority,
    };
    let change = match &before {
        None if draft.is_empty() => None,
        None => Some(Change::Added),
        Some(_) if draft.is_empty() => Some(Change::Deleted),
        Some(before) if *before == (Draft { update_at: before.update_at, ..draft.clone() }) => None,
        Some(_) => Some(Change::Updated),
    };
    match change {
        None => return Ok(ShownDraft { draft: before.unwrap_or(draft), files }),
        Some(Change::Deleted) => drop(rows::delete(&mut tx, &draft.user_id, channel, draft.root_id.as_ref()).await?),
        Some(Change::Added | Change::Updated) => rows::put(&mut tx, &draft).await?,
    }
    if let Some(change) = change {
        record(&mut tx, &draft.user_id, channel, draft.root_id, change, from);
    }
    tx.commit().await?;
    Ok(ShownDraft { draft, files })
}

/// Takes a draft of the actor's away, if there is one. Records [`DomainEvent::DraftChanged`] then.
///
/// # Errors
/// [`Error::Off`]; storage. Source: API v4 `DELETE /users/U/channels/C/drafts`.
pub async fn delete(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    root: Option<PostId>,
    from: Option<ConnectionId>,
) -> Result<(), Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    if rows::delete(&mut tx, &actor.user_id, channel, root.as_ref()).await? {
        record(&mut tx, &actor.user_id, channel, root, Change::Deleted, from);
        tx.commit().await?;
    }
    Ok(())
}

/// The actor's drafts in a team and in conversations, newest first.
///
/// # Errors
/// [`Error`]; without `view_team` in the team.
pub async fn list(app: &App, actor: &SessionUser, team: &TeamId) -> Result<Vec<ShownDraft>, Error> {
    allowed(app)?;
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let found = rows::list(&mut view, &actor.user_id, team).await?;
    Ok(with_files(&mut view, found).await?)
}

fn record(
    tx: &mut Tx,
    user: &UserId,
    channel: &ChannelId,
    root: Option<PostId>,
    change: Change,
    from: Option<ConnectionId>,
) {
    let event = DomainEvent::DraftChanged { user: *user, channel: *channel, root, change, from };
    tx.record(Scope::User(*user), Origin::Local, event);
}

/// The draft of a person in a place, for whoever tells them of it.
pub(crate) async fn of_place(
    view: &mut Snapshot,
    (user, channel, root): &(UserId, ChannelId, Option<PostId>),
) -> Result<Option<ShownDraft>, StoreError> {
    let found = rows::get(view, user, channel, root.as_ref()).await?;
    Ok(with_files(view, found.into_iter().collect()).await?.into_iter().next())
}

/// Drafts with those of their files that are there.
pub(crate) async fn with_files(view: &mut Snapshot, drafts: Vec<Draft>) -> Result<Vec<ShownDraft>, StoreError> {
    let ids: Vec<FileId> = drafts.iter().flat_map(|draft| draft.file_ids.iter().copied()).collect();
    let found = if ids.is_empty() { Vec::new() } else { files::list_by_ids(view, &ids).await? };
    let shown = drafts.into_iter().map(|draft| {
        let here = draft.file_ids.iter().filter_map(|id| found.iter().find(|file| file.id == *id));
        let files = here.filter(|file| is_free(file, &draft.user_id, &draft.channel_id)).cloned().collect();
        ShownDraft { draft, files }
    });
    Ok(shown.collect())
}

/// Of these files those that the person can post in the channel, in their order; the others stay out, as they would of a
/// post.
pub(crate) async fn not_posted(
    view: &mut Snapshot,
    user: &UserId,
    channel: &ChannelId,
    ids: &[FileId],
) -> Result<Vec<FileInfo>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = files::list_by_ids(view, ids).await?;
    let place = |file: &FileInfo| ids.iter().position(|id| *id == file.id);
    let mut free: Vec<FileInfo> = found.into_iter().filter(|file| is_free(file, user, channel)).collect();
    free.sort_by_key(place);
    Ok(free)
}

fn is_free(file: &FileInfo, user: &UserId, channel: &ChannelId) -> bool {
    file.user_id == *user && file.channel_id == *channel && file.post_id.is_none() && file.remote_id.is_none()
}
