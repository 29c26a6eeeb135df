//! Threads: who of our people follows which, and what of them they have not read. What peers send passes the same place
//! as what is written here, so that it counts alike (behaviour 3.4, SC-010). Source: client-api 5.5.

use std::collections::{HashMap, HashSet};

use rialto_model::{
    ChannelId, DomainEvent, Millis, Origin, Permission, Post, PostId, Scope, TeamId, ThreadMember, ThreadUnread, User,
    UserId,
};
pub use rialto_store::threads::{Filter, Place, Totals};
use rialto_store::{Snapshot, StoreError, Tx, channel_members, posts, threads, users};

use crate::access::{self, Denied, SessionUser};
use crate::shown_posts::{self, ShownPost};
use crate::{App, mentions, reminders};

/// Why something about a thread was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The person does not follow it.
    #[error("the thread is not followed")]
    NotFollowing,
    /// The post is of another thread.
    #[error("the post is no part of the thread")]
    OtherThread,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A thread as somebody sees it who follows it.
#[derive(Debug, Clone)]
pub struct ShownThread {
    /// How they stand to it.
    pub member: ThreadMember,
    /// Its first post.
    pub post: ShownPost,
    /// Who has replied, whoever wrote last at the end.
    pub participants: Vec<User>,
}

/// The threads somebody follows in a team.
///
/// # Errors
/// [`Error::Denied`] for a team that is not theirs; a thread to begin from that is not there is absent.
pub async fn list(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    filter: Filter,
    place: Around,
    limit: i64,
) -> Result<Vec<ShownThread>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let place = match place {
        Around::Newest => Place::Newest,
        Around::Before(id) => pivot(&mut view, actor, &id).await.map(|at| Place::Before(at, id))?,
        Around::After(id) => pivot(&mut view, actor, &id).await.map(|at| Place::After(at, id))?,
    };
    let members = threads::list(&mut view, &actor.user_id, team, filter, place, limit).await?;
    Ok(shown(&mut view, members).await?)
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Around {
    /// The threads with the newest replies.
    Newest,
    /// Those behind this one.
    Before(PostId),
    /// Those in front of this one.
    After(PostId),
}

/// Where a thread stands that the actor has followed; of another one nothing is to be learned, not even when it moved.
async fn pivot(view: &mut Snapshot, actor: &SessionUser, root: &PostId) -> Result<Millis, Error> {
    threads::get(view, &actor.user_id, root).await?.ok_or(Denied::Absent("post"))?;
    let root = posts::get(view, root).await?.ok_or(Denied::Absent("post"))?;
    Ok(root.last_reply_at)
}

/// How many threads somebody follows in a team, and what of them is unread.
///
/// # Errors
/// [`Error::Denied`] for a team that is not theirs.
pub async fn totals(app: &App, actor: &SessionUser, team: &TeamId, filter: Filter) -> Result<Totals, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    Ok(threads::totals(&mut view, &actor.user_id, team, filter).await?)
}

/// What is unread in the threads of these teams, those of direct and group channels left out, which belong to no team.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn unread_of_teams(app: &App, actor: &SessionUser, teams: &[TeamId]) -> Result<Vec<Totals>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let filter = Filter { unread: true, exclude_direct: true, ..Filter::default() };
    let mut found = Vec::new();
    for team in teams {
        found.push(threads::totals(&mut view, &actor.user_id, team, filter).await?);
    }
    Ok(found)
}

/// One thread that the actor follows.
///
/// # Errors
/// [`Error::NotFollowing`], [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, team: &TeamId, root: &PostId) -> Result<ShownThread, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access_to(&mut view, actor, team, root).await?;
    let member = followed(&mut view, actor, root).await?;
    one(&mut view, member).await
}

/// Follows a thread by hand, or leaves off until the person replies or follows again. Records
/// [`DomainEvent::ThreadFollowed`] if that is new.
///
/// # Errors
/// [`Error::Denied`]; only members of its channel follow a thread.
pub async fn follow(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    root: &PostId,
    following: bool,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let root = access_to(&mut tx, actor, team, root).await?;
    if set_following(&mut tx, actor, &root, following).await? {
        tx.commit().await?;
    }
    Ok(())
}

async fn set_following(tx: &mut Tx, actor: &SessionUser, root: &Post, following: bool) -> Result<bool, StoreError> {
    let was = threads::get(tx, &actor.user_id, &root.id).await?.is_some_and(|member| member.following);
    // The word is kept even where it says what is so: whoever never followed does not begin to by being called.
    let noted = threads::set_following(tx, &actor.user_id, root, following).await?;
    if was != following {
        let event =
            DomainEvent::ThreadFollowed { root: root.id, channel: root.channel_id, user: actor.user_id, following };
        tx.record(Scope::User(actor.user_id), Origin::Local, event);
    }
    Ok(noted)
}

/// The actor has read a thread up to what was written at `at`. Records [`DomainEvent::ThreadRead`].
///
/// # Errors
/// [`Error::NotFollowing`], [`Error::Denied`].
pub async fn read(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    root: &PostId,
    at: Millis,
) -> Result<ShownThread, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    access_to(&mut tx, actor, team, root).await?;
    let before = followed(&mut tx, actor, root).await?;
    // Nobody has read what is yet to come, whatever their clock says.
    let at = at.min(tx.now());
    threads::set_viewed(&mut tx, &actor.user_id, root, at).await?;
    settle(tx, app, before).await
}

/// A thread is unread to the actor from one of its posts on, who follows it from then on if they did not. Records
/// [`DomainEvent::ThreadRead`].
///
/// # Errors
/// [`Error::OtherThread`], [`Error::Denied`].
pub async fn unread_from(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    root: &PostId,
    from: &PostId,
) -> Result<ShownThread, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let root = access_to(&mut tx, actor, team, root).await?;
    let from = posts::get(&mut tx, from).await?.ok_or(Denied::Absent("post"))?;
    if from.id != root.id && from.root_id != Some(root.id) {
        return Err(Error::OtherThread);
    }
    set_following(&mut tx, actor, &root, true).await?;
    let before = followed(&mut tx, actor, &root.id).await?;
    threads::set_unread_from(&mut tx, &actor.user_id, &root.id, &from).await?;
    settle(tx, app, before).await
}

/// Tells what has become of how far somebody has read.
async fn settle(mut tx: Tx, app: &App, before: ThreadMember) -> Result<ShownThread, Error> {
    let (user, root) = (before.user_id, before.root_id);
    let member = threads::get(&mut tx, &user, &root).await?.ok_or(Error::NotFollowing)?;
    let event = DomainEvent::ThreadRead {
        root,
        channel: member.channel_id,
        user,
        at: member.last_viewed_at,
        before: before.unread,
        now: member.unread,
    };
    tx.record(Scope::User(user), Origin::Local, event);
    tx.commit().await?;
    one(&mut app.db.read(app.clock.now()).await?, member).await
}

/// The actor has read all threads they follow in a team, and those of direct and group channels. Records
/// [`DomainEvent::TeamThreadsRead`].
///
/// # Errors
/// [`Error::Denied`] for a team that is not theirs.
pub async fn read_all(app: &App, actor: &SessionUser, team: &TeamId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    access::team(&mut tx, actor, team, Permission::ViewTeam).await?;
    if threads::set_all_viewed(&mut tx, &actor.user_id, team).await? {
        let (user, at) = (actor.user_id, tx.now());
        tx.record(Scope::User(user), Origin::Local, DomainEvent::TeamThreadsRead { team: *team, user, at });
        tx.commit().await?;
    }
    Ok(())
}

/// Somebody has seen a channel with the replies in it.
pub(crate) async fn channel_viewed(tx: &mut Tx, user: &UserId, channel: &ChannelId) -> Result<(), StoreError> {
    if threads::set_channel_viewed(tx, user, channel).await? {
        let event = DomainEvent::ChannelThreadsRead { channel: *channel, user: *user, at: tx.now() };
        tx.record(Scope::User(*user), Origin::Local, event);
    }
    Ok(())
}

/// The live root `root`, of a channel of the team or of none, that the actor is in.
async fn access_to(view: &mut Snapshot, actor: &SessionUser, team: &TeamId, root: &PostId) -> Result<Post, Error> {
    access::team(view, actor, team, Permission::ViewTeam).await?;
    let root = posts::get(view, root).await?.filter(|post| post.gone_at().is_none() && post.root_id.is_none());
    let root = root.ok_or(Denied::Absent("post"))?;
    let access = access::channel(view, actor, &root.channel_id, Permission::ReadChannel).await?;
    if !access.is_member() {
        return Err(Denied::Forbidden(Permission::ReadChannel).into());
    }
    if access.channel().team_id.is_some_and(|of| of != *team) {
        return Err(Denied::Absent("post").into());
    }
    Ok(root)
}

async fn followed(view: &mut Snapshot, actor: &SessionUser, root: &PostId) -> Result<ThreadMember, Error> {
    let member = threads::get(view, &actor.user_id, root).await?;
    member.filter(|member| member.following).ok_or(Error::NotFollowing)
}

async fn one(view: &mut Snapshot, member: ThreadMember) -> Result<ShownThread, Error> {
    shown(view, vec![member]).await?.pop().ok_or(Error::NotFollowing)
}

/// Threads with their first posts and participants, in their order; those whose first post is not there are left out.
async fn shown(view: &mut Snapshot, members: Vec<ThreadMember>) -> Result<Vec<ShownThread>, StoreError> {
    let ids: Vec<PostId> = members.iter().map(|member| member.root_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = shown_posts::list(view, &ids).await?.into_iter().map(|shown| (shown.post.id, shown));
    let mut roots: HashMap<PostId, ShownPost> = found.collect();
    let mut writers = participants(view, &ids).await?;
    let shown = members.into_iter().filter_map(|member| {
        let post = roots.remove(&member.root_id)?;
        let participants = writers.remove(&member.root_id).unwrap_or_default();
        Some(ShownThread { member, post, participants })
    });
    Ok(shown.collect())
}

async fn participants(view: &mut Snapshot, roots: &[PostId]) -> Result<HashMap<PostId, Vec<User>>, StoreError> {
    let pairs = threads::participants(view, roots).await?;
    let people: HashSet<UserId> = pairs.iter().map(|(_, user)| *user).collect();
    let people: Vec<UserId> = people.into_iter().collect();
    let known: HashMap<UserId, User> =
        users::list_by_ids(view, &people).await?.into_iter().map(|user| (user.id, user)).collect();
    let mut by_root: HashMap<PostId, Vec<User>> = HashMap::new();
    for (root, user) in pairs {
        if let Some(user) = known.get(&user) {
            by_root.entry(root).or_default().push(user.clone());
        }
    }
    Ok(by_root)
}

/// What clients that fold threads are told beside the first post of one.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Whether the reader follows the thread.
    pub is_following: bool,
    /// Who has replied.
    pub participants: Vec<User>,
}

/// What is told beside these first posts of threads, which the actor may read.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn beside(app: &App, actor: &SessionUser, roots: &[PostId]) -> Result<HashMap<PostId, Beside>, StoreError> {
    if roots.is_empty() {
        return Ok(HashMap::new());
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let following: HashSet<PostId> =
        threads::followed_among(&mut view, &actor.user_id, roots).await?.into_iter().collect();
    let mut writers = participants(&mut view, roots).await?;
    let mut beside = |root: &PostId| Beside {
        is_following: following.contains(root),
        participants: writers.remove(root).unwrap_or_default(),
    };
    Ok(roots.iter().map(|root| (*root, beside(root))).collect())
}

/// A reply was written, here or elsewhere: whoever wrote it, what it answers or is called by either of them follows from
/// now on, unless they have left off. Records [`DomainEvent::ThreadChanged`].
pub(crate) async fn replied(
    tx: &mut Tx,
    reply: &Post,
    root: &PostId,
    mentioned: &[UserId],
    origin: Origin,
) -> Result<(), StoreError> {
    let Some(first) = posts::get(tx, root).await? else { return Ok(()) };
    reminders::answered(tx, root, &reply.user_id)?;
    let mut joining = named(tx, reply, mentioned).await?;
    if first.reply_count == 0 {
        // With the first answer it becomes a thread to those its beginning calls.
        let names = mentions::find(&first.message).names;
        if !names.is_empty() {
            joining.extend(channel_members::mentioned(tx, &first.channel_id, &names, false).await?);
        }
    }
    if !first.is_system() {
        joining.push(first.user_id);
    }
    joining.push(reply.user_id);
    // In one order, so that two replies at once do not wait for each other.
    joining.sort();
    joining.dedup();
    for user in joining {
        if user == reply.user_id {
            threads::join_by_writing(tx, root, reply)?;
        } else {
            threads::join_by_reply(tx, &user, root, reply)?;
        }
    }
    for user in mentioned {
        threads::add_mention(tx, root, &reply.id, user)?;
    }
    let event = DomainEvent::ThreadChanged {
        root: *root,
        channel: reply.channel_id,
        reply: Some(reply.id),
        mentions: mentioned.to_vec(),
    };
    tx.record(Scope::Channel(reply.channel_id), origin, event);
    Ok(())
}

/// Those of the people called who are called by their name: whoever is called with everybody does not follow for it.
async fn named(tx: &mut Tx, reply: &Post, mentioned: &[UserId]) -> Result<Vec<UserId>, StoreError> {
    let found = mentions::find(&reply.message);
    if !found.everybody {
        return Ok(mentioned.to_vec());
    }
    let mut people = channel_members::mentioned(tx, &reply.channel_id, &found.names, false).await?;
    people.retain(|user| mentioned.contains(user));
    Ok(people)
}

/// A reply is gone, so that what is unread is less. Records [`DomainEvent::ThreadChanged`].
pub(crate) fn reply_gone(tx: &mut Tx, root: PostId, channel: ChannelId, origin: Origin) {
    let event = DomainEvent::ThreadChanged { root, channel, reply: None, mentions: Vec::new() };
    tx.record(Scope::Channel(channel), origin, event);
}

/// A change of a thread that listeners are to hear of.
#[derive(Debug, Clone)]
pub struct Change {
    /// The thread.
    pub root: PostId,
    /// The reply that came; None if one went.
    pub reply: Option<PostId>,
    /// Whom it calls.
    pub mentions: Vec<UserId>,
    /// Who would hear of it.
    pub listeners: Vec<UserId>,
}

/// What one listener is told of a change.
#[derive(Debug, Clone)]
pub struct Update {
    /// The thread as it is to them after the change.
    pub member: ThreadMember,
    /// What was unread before it; None where a reply went.
    pub before: Option<ThreadUnread>,
}

/// A thread with what its followers among the listeners are told.
#[derive(Debug, Clone)]
pub struct Updates {
    /// Its first post.
    pub post: ShownPost,
    /// Who has replied.
    pub participants: Vec<User>,
    /// Whom to tell what.
    pub people: Vec<Update>,
}

/// What followers are told of these changes, one after the other as they were made; None for a thread that is gone. The
/// rows are those of now, so what later changes of the list added is taken off again: clients add up the differences.
pub(crate) async fn updates(view: &mut Snapshot, changes: &[Change]) -> Result<Vec<Option<Updates>>, StoreError> {
    let mut later: HashMap<(PostId, UserId), ThreadUnread> = HashMap::new();
    let mut told = Vec::new();
    for change in changes.iter().rev() {
        told.push(update(view, change, &mut later).await?);
    }
    told.reverse();
    Ok(told)
}

async fn update(
    view: &mut Snapshot,
    change: &Change,
    later: &mut HashMap<(PostId, UserId), ThreadUnread>,
) -> Result<Option<Updates>, StoreError> {
    let followers = threads::followers(view, &change.root, &change.listeners).await?;
    if followers.is_empty() {
        return Ok(None);
    }
    let author = match &change.reply {
        Some(reply) => posts::get(view, reply).await?.map(|reply| reply.user_id),
        None => None,
    };
    let Some(post) = shown_posts::list(view, &[change.root]).await?.pop() else { return Ok(None) };
    if post.post.gone_at().is_some() {
        return Ok(None);
    }
    let participants = participants(view, &[change.root]).await?.remove(&change.root).unwrap_or_default();
    let mut people = Vec::new();
    for mut member in followers {
        let added = later.entry((change.root, member.user_id)).or_default();
        let less = |unread: ThreadUnread, by: ThreadUnread| ThreadUnread {
            replies: (unread.replies - by.replies).max(0),
            mentions: (unread.mentions - by.mentions).max(0),
        };
        member.unread = less(member.unread, *added);
        let news = ThreadUnread {
            replies: i64::from(author.is_some_and(|author| author != member.user_id)),
            mentions: i64::from(change.mentions.contains(&member.user_id)),
        };
        added.replies += news.replies;
        added.mentions += news.mentions;
        let before = change.reply.is_some().then(|| less(member.unread, news));
        people.push(Update { member, before });
    }
    Ok(Some(Updates { post, participants, people }))
}
