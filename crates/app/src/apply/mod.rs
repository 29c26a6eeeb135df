//! What a peer sends, item by item: who owns it, whether it belongs here, whether it is news. Source: INV-1 to INV-12.
//!
//! Items were read and bounded by the wire; here they meet our rows. One refused item never holds back another, a
//! repeated one changes nothing, and one that comes before what it refers to waits for it (ruling 31).

#[cfg(test)]
mod ownership_tests;
mod people;
#[cfg(test)]
mod people_tests;
mod posts;
mod reactions;
mod users;
#[cfg(test)]
mod version_tests;
mod waiting;
#[cfg(test)]
mod waiting_tests;

pub(crate) use users::RELAYED;
pub use waiting::release_stuck;

use std::collections::HashSet;

use rialto_model::{ChannelId, DomainEvent, FileId, Millis, PostId, Priority, RemoteId, Scope, User, UserId};
use rialto_store::{StoreError, Tx, member_versions, shares, users as user_rows};
use serde::{Deserialize, Serialize};

use crate::access::{self, Denied, RemoteActor, ShareAccess};
use crate::audit::{self, About};
use crate::{App, arrivals, channel_members};

/// Items of one transaction: long frames write in slices, or they would be everyone's p99.
const SLICE: usize = 50;

/// A person as a peer describes them.
#[derive(Debug, Clone)]
pub struct IncomingUser {
    /// The id on the wire.
    pub wire_id: UserId,
    /// The name the peer knows them by.
    pub username: String,
    /// Names they may get here, in order of preference.
    pub stand_ins: Vec<String>,
    /// The peer speaks for a third organisation.
    pub relayed: bool,
    /// By the owner's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// Deactivated at home.
    pub delete_at: Option<Millis>,
    /// Shown name.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Job title.
    pub position: String,
    /// Language tag, may be empty.
    pub locale: String,
    /// Time zone.
    pub timezone: std::collections::BTreeMap<String, String>,
    /// A JSON object in a string.
    pub custom_status: Option<String>,
    /// An integration's account at home.
    pub is_bot: bool,
    /// A guest at home.
    pub is_guest: bool,
    /// The real address, if the home shares it.
    pub email: Option<String>,
}

/// A post as a peer sends it, its text already in our terms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IncomingPost {
    /// Same everywhere.
    pub id: PostId,
    /// The author's id on the wire.
    pub user_id: UserId,
    /// The thread.
    pub root_id: Option<PostId>,
    /// By the owner's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// Last edit.
    pub edit_at: Option<Millis>,
    /// Deleted by its owner.
    pub delete_at: Option<Millis>,
    /// Pinned.
    pub is_pinned: bool,
    /// The text.
    pub message: String,
    /// A JSON object as text.
    pub props: String,
    /// `type` of API v4.
    pub kind: String,
    /// Its files in order, here or still to come.
    #[serde(default)]
    pub file_ids: Vec<FileId>,
    /// Whom the sender says it mentions, by ids here; None: a sender that leaves it to the text.
    pub mentioned: Option<Vec<UserId>>,
    /// How urgent it is; None where the sender does not say.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// The home says that it is history and no news (ruling 8.4).
    #[serde(default)]
    pub history: bool,
}

/// A reaction as a peer sends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IncomingReaction {
    /// Whose, on the wire.
    pub user_id: UserId,
    /// To what.
    pub post_id: PostId,
    /// As given.
    pub emoji_name: String,
    /// By the owner's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// Taken back.
    pub delete_at: Option<Millis>,
    /// The home says that it is history and no news (ruling 8.4).
    #[serde(default)]
    pub history: bool,
}

impl IncomingReaction {
    /// The owner's version; old servers set one time only.
    fn version(&self) -> Millis {
        self.update_at.max(self.create_at).max(self.delete_at.unwrap_or_default())
    }
}

/// Somebody of the peer's joins or leaves.
#[derive(Debug, Clone, Copy)]
pub struct IncomingMember {
    /// Who, on the wire.
    pub user_id: UserId,
    /// Joins, or leaves.
    pub joins: bool,
    /// When, by the peer's clock; 0: it does not say.
    pub at: Millis,
}

/// Somebody of the peer's is online, away and so on.
#[derive(Debug, Clone)]
pub struct IncomingStatus {
    /// Who, on the wire.
    pub user_id: UserId,
    /// `online`, `away`, `dnd`, `offline` or `ooo`.
    pub status: String,
    /// Chosen by hand.
    pub manual: bool,
    /// By the owner's clock.
    pub last_activity_at: Millis,
    /// Seconds.
    pub dnd_end_time: i64,
}

/// Somebody of the peer's has acknowledged a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingAcknowledgement {
    /// Who, on the wire.
    pub user_id: UserId,
    /// What.
    pub post_id: PostId,
    /// By the owner's clock; None: taken back.
    pub acknowledged_at: Option<Millis>,
    /// It came with the post, whose sender lists everybody it knows of: only its own people's counts (ruling 64).
    #[serde(default)]
    pub beside_post: bool,
}

/// Everything a frame brings for one channel.
#[derive(Debug, Clone, Default)]
pub struct IncomingItems {
    /// Profiles, applied first.
    pub users: Vec<IncomingUser>,
    /// Posts.
    pub posts: Vec<IncomingPost>,
    /// Reactions.
    pub reactions: Vec<IncomingReaction>,
    /// Acknowledgements.
    pub acknowledgements: Vec<IncomingAcknowledgement>,
    /// Presence.
    pub statuses: Vec<IncomingStatus>,
    /// Joins and leaves.
    pub members: Vec<IncomingMember>,
    /// People of the frame who could not even be read.
    pub unreadable: Vec<UserId>,
    /// The frame brings history (ruling 8.4).
    pub history: bool,
    /// What was refused before it got here, by the audit log's word for its kind: for that log alone.
    pub refused: Vec<(&'static str, Code)>,
}

/// Why an item was not taken; the words of ruling 8.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Somebody else's.
    NotOwner,
    /// The share is read-only.
    ReadOnly,
    /// No such person of the peer's.
    NoUser,
    /// Refers to a thread that is none.
    NoRoot,
    /// Refers to a post of another channel.
    NoPost,
    /// More than one may have.
    Quota,
    /// Somebody here has removed or deactivated the person (behaviour 4.4.5).
    BlockedMember,
    /// Not possible in this form.
    Invalid,
    /// Switched off here.
    Disabled,
}

impl Code {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::NotOwner => "not_owner",
            Code::ReadOnly => "read_only",
            Code::NoUser => "no_user",
            Code::NoRoot => "no_root",
            Code::NoPost => "no_post",
            Code::Quota => "quota",
            Code::BlockedMember => "blocked_member",
            Code::Invalid => "invalid",
            Code::Disabled => "disabled",
        }
    }
}

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Something changed.
    Changed,
    /// It was known, or means nothing here: success.
    Known,
    /// It is kept and waits for something.
    Parked,
    /// It was refused.
    Refused(Code),
}

/// What became of a frame's items. What is listed nowhere was taken or known.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// People taken, by wire id: all of them, every time (wire 5.5).
    pub users: Vec<UserId>,
    /// People refused.
    pub refused_users: Vec<(UserId, Code)>,
    /// Posts refused.
    pub refused_posts: Vec<(PostId, Code)>,
    /// Reactions refused.
    pub refused_reactions: Vec<(IncomingReaction, Code)>,
    /// Acknowledgements refused.
    pub refused_acknowledgements: Vec<(IncomingAcknowledgement, Code)>,
    /// People whose presence was refused.
    pub refused_statuses: Vec<(UserId, Code)>,
    /// Joins and leaves refused.
    pub refused_members: Vec<(UserId, Code)>,
    /// When the last post was applied; 0 without any.
    pub posts_at: Millis,
}

/// Why a whole frame was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The channel is not shared with the peer, whatever else it is (ruling 29).
    #[error("not shared")]
    NotShared,
    /// The channel is archived here; the peer tries again (ruling 28).
    #[error("paused")]
    Paused,
    /// No earlier messages are taken here (behaviour 8.1).
    #[error("no history is taken")]
    NoHistory,
    /// Storage failed, or the waiting room is full; the peer tries again (ruling 28).
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => Error::Store(error),
            Denied::Paused => Error::Paused,
            Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) => Error::NotShared,
        }
    }
}

/// One item of a frame.
#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    User(&'a IncomingUser),
    Post(&'a IncomingPost),
    Reaction(&'a IncomingReaction),
    Acknowledgement(&'a IncomingAcknowledgement),
    Status(&'a IncomingStatus),
    Member(&'a IncomingMember),
}

/// Applies what a peer sent for a channel: people, then posts, reactions, memberships. What was applied before a failure
/// stays, and is known when it is repeated.
///
/// # Errors
/// [`Error`]; the peer is told to repeat, but for [`Error::NotShared`].
pub async fn items(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    items: IncomingItems,
) -> Result<Outcome, Error> {
    let all: Vec<Item<'_>> = (items.users.iter().map(Item::User))
        .chain(items.posts.iter().map(Item::Post))
        .chain(items.reactions.iter().map(Item::Reaction))
        .chain(items.acknowledgements.iter().map(Item::Acknowledgement))
        .chain(items.members.iter().map(Item::Member))
        .chain(items.statuses.iter().map(Item::Status))
        .collect();
    let mut outcome = Outcome::default();
    if all.is_empty() {
        // Even an empty frame answers whether the channel is shared (ruling 40).
        slice(app, actor, channel, &[], &items, &mut outcome).await?;
    }
    for part in all.chunks(SLICE) {
        match slice(app, actor, channel, part, &items, &mut outcome).await {
            Err(Error::Store(error)) if error.is_about_values() => {
                // One of them cannot be stored, whatever is tried; the others must not suffer for it.
                for item in part {
                    let alone = std::slice::from_ref(item);
                    match slice(app, actor, channel, alone, &items, &mut outcome).await {
                        Err(Error::Store(error)) if error.is_about_values() => outcome.refuse(*item, Code::Invalid),
                        other => other?,
                    }
                }
            }
            other => other?,
        }
    }
    note_refusals(app, actor, channel, &outcome, &items.refused).await?;
    Ok(outcome)
}

/// Applies items in one transaction; `outcome` learns of them only if it commits.
async fn slice(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    part: &[Item<'_>],
    frame: &IncomingItems,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let share = access::share(&mut tx, actor, channel).await?;
    // Only the home of a channel has a past to tell of; a guest's word would keep news from our people.
    let history = frame.history && !share.share().home;
    if history && !app.settings.get().workspaces.accept_history {
        return Err(Error::NoHistory);
    }
    let now = tx.now();
    shares::touch_sync(&mut tx, channel, &actor.id(), now)?;
    let mut done = Vec::with_capacity(part.len());
    let mut refused: HashSet<UserId> = outcome.refused_users.iter().map(|(id, _)| *id).collect();
    refused.extend(&frame.unreadable);
    let conversation = share.channel().kind.is_direct_or_group();
    let disabled = conversation && !app.settings.get().direct_messages_enabled();
    for item in part {
        let applied = if disabled {
            Applied::Refused(Code::Disabled)
        } else if nobody_to_wait_for(&mut tx, &share, *item, &refused).await? {
            Applied::Refused(Code::NoUser)
        } else {
            one(app, &mut tx, &share, *item).await?
        };
        if let (Item::User(user), Applied::Refused(_)) = (item, applied) {
            refused.insert(user.wire_id);
        }
        done.push(applied);
    }
    let grew = |(item, applied): (&Item<'_>, &Applied)| {
        *applied == Applied::Changed && matches!(item, Item::Post(_) | Item::Reaction(_))
    };
    if history && part.iter().zip(&done).any(grew) {
        let event = DomainEvent::HistoryReceived { channel: *channel };
        tx.record(Scope::Channel(*channel), share.origin(), event);
    }
    if part.iter().any(|item| matches!(item, Item::User(_) | Item::Member(_))) {
        arrivals::sum_up(&mut tx, &share.share().id).await?;
    }
    tx.commit().await?;
    for (item, applied) in part.iter().zip(done) {
        match (item, applied) {
            (_, Applied::Refused(code)) => outcome.refuse(*item, code),
            (Item::User(user), _) => outcome.users.push(user.wire_id),
            (Item::Post(_), _) => outcome.posts_at = now,
            (Item::Reaction(_) | Item::Member(_) | Item::Acknowledgement(_) | Item::Status(_), _) => {}
        }
    }
    Ok(())
}

/// Whether an item's author came in the same frame and was refused: then it would wait for nobody, and is refused too
/// (ruling 30). Who is known here from before may go on, and who is somebody else's is refused as such.
async fn nobody_to_wait_for(
    tx: &mut Tx,
    share: &ShareAccess,
    item: Item<'_>,
    refused: &HashSet<UserId>,
) -> Result<bool, StoreError> {
    let author = match item {
        Item::Post(post) if post.delete_at.is_none() => post.user_id,
        Item::Reaction(reaction) => reaction.user_id,
        Item::Acknowledgement(ack) => ack.user_id,
        Item::User(_) | Item::Post(_) | Item::Member(_) | Item::Status(_) => return Ok(false),
    };
    Ok(refused.contains(&author)
        && person(tx, share, &author).await?.is_none()
        && user_rows::get(tx, &author).await?.is_none())
}

async fn one(app: &App, tx: &mut Tx, share: &ShareAccess, item: Item<'_>) -> Result<Applied, StoreError> {
    match item {
        Item::User(user) => users::apply(app, tx, share, user).await,
        Item::Post(post) => posts::apply(app, tx, share, post).await,
        Item::Reaction(reaction) => reactions::apply(tx, share, reaction).await,
        Item::Acknowledgement(ack) => people::apply_acknowledgement(tx, share, ack).await,
        Item::Status(status) => people::apply_status(tx, share, status).await,
        Item::Member(member) => match person(tx, share, &member.user_id).await? {
            None => Ok(Applied::Refused(Code::NoUser)),
            Some(person) => {
                // A frame that comes late or twice must not undo what came after it (E-126, INV-12).
                let channel = &share.channel().id;
                if member.at.0 > 0 && !member_versions::advance(tx, channel, &person.id, member.at).await? {
                    return Ok(Applied::Known);
                }
                let changed = channel_members::apply(app, tx, share, person.id, member.joins).await?;
                Ok(if changed { Applied::Changed } else { Applied::Known })
            }
        },
    }
}

impl Outcome {
    fn refuse(&mut self, item: Item<'_>, code: Code) {
        match item {
            Item::User(user) => self.refused_users.push((user.wire_id, code)),
            Item::Post(post) => self.refused_posts.push((post.id, code)),
            Item::Reaction(reaction) => self.refused_reactions.push((reaction.clone(), code)),
            Item::Acknowledgement(ack) => self.refused_acknowledgements.push((ack.clone(), code)),
            Item::Status(status) => self.refused_statuses.push((status.user_id, code)),
            Item::Member(member) => self.refused_members.push((member.user_id, code)),
        }
    }
}

/// One line for all refusals of a frame, with codes and numbers, never content.
async fn note_refusals(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    outcome: &Outcome,
    before: &[(&'static str, Code)],
) -> Result<(), StoreError> {
    let mut counts = std::collections::BTreeMap::<(&str, Code), usize>::new();
    let users = outcome.refused_users.iter().chain(&outcome.refused_members).map(|(_, code)| ("user", *code));
    let posts = outcome.refused_posts.iter().map(|(_, code)| ("post", *code));
    let reactions = outcome.refused_reactions.iter().map(|(_, code)| ("reaction", *code));
    let acks = outcome.refused_acknowledgements.iter().map(|(_, code)| ("ack", *code));
    let statuses = outcome.refused_statuses.iter().map(|(_, code)| ("status", *code));
    for key in users.chain(posts).chain(reactions).chain(acks).chain(statuses).chain(before.iter().copied()) {
        *counts.entry(key).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let detail =
        counts.iter().map(|((kind, code), n)| format!("{kind} {} {n}", code.as_str())).collect::<Vec<_>>().join(", ");
    let about =
        About { action: "sync_refused", channel: Some(*channel), result: "refused", detail: &detail, remote: None };
    let mut tx = app.db.begin(app.clock.now()).await?;
    audit::by_remote(&mut tx, actor, about)?;
    tx.commit().await
}

/// Notes that a peer was refused a whole frame.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_refused_frame(
    app: &App,
    actor: &RemoteActor,
    topic: &str,
    channel: Option<ChannelId>,
    code: &str,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let about = About { action: "frame_refused", channel, result: code, detail: topic, remote: None };
    audit::by_remote(&mut tx, actor, about)?;
    tx.commit().await
}

/// Describes a peer's person in a conversation it opens. None if the peer may not speak for them.
pub(crate) async fn introduce(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    incoming: &IncomingUser,
) -> Result<Option<User>, StoreError> {
    match users::apply(app, tx, share, incoming).await? {
        Applied::Refused(_) | Applied::Parked => Ok(None),
        Applied::Changed | Applied::Known => owned(tx, share, &incoming.wire_id).await,
    }
}

/// The person a peer means by a wire id and may speak for in the channel: in a conversation, only who takes part.
async fn person(tx: &mut Tx, share: &ShareAccess, wire_id: &UserId) -> Result<Option<User>, StoreError> {
    let Some(person) = owned(tx, share, wire_id).await? else { return Ok(None) };
    let channel = share.channel();
    let outsider = channel.kind.is_direct_or_group()
        && rialto_store::channel_members::get(tx, &channel.id, &person.id).await?.is_none();
    Ok((!outsider).then_some(person))
}

/// The person a peer means by a wire id: one it owns, under the alias it has here if any (ruling 52). People of third
/// organisations it told of as home of another channel are not its to speak for here (ruling 53).
pub(crate) async fn owned(tx: &mut Tx, share: &ShareAccess, wire_id: &UserId) -> Result<Option<User>, StoreError> {
    let remote: RemoteId = share.remote().id;
    let id = user_rows::alias(tx, &remote, wire_id).await?.unwrap_or(*wire_id);
    let mine = |user: &User| user.remote_id == Some(remote) && (share.may_relay() || !users::is_relayed(user));
    Ok(user_rows::get(tx, &id).await?.filter(mine))
}

/// The people of these wire ids as readers of the channel know them: the peer's own, and members (ruling 61).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn known_people(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    wire_ids: &[UserId],
) -> Result<std::collections::HashMap<UserId, User>, StoreError> {
    let mut found = std::collections::HashMap::new();
    if wire_ids.is_empty() {
        return Ok(found);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    for wire_id in wire_ids {
        let id = user_rows::alias(&mut view, &actor.id(), wire_id).await?.unwrap_or(*wire_id);
        let Some(user) = user_rows::get(&mut view, &id).await? else { continue };
        let member = rialto_store::channel_members::get(&mut view, channel, &id).await?.is_some();
        if member || user.remote_id == Some(actor.id()) {
            found.insert(*wire_id, user);
        }
    }
    Ok(found)
}

/// For posts that messages link to: the name of our team, if they stand in a channel shared with the peer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn linked_teams(
    app: &App,
    actor: &RemoteActor,
    posts: &[PostId],
) -> Result<std::collections::HashMap<PostId, String>, StoreError> {
    crate::outbox::linked_teams(app, &actor.id(), posts).await
}
