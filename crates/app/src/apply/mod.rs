//! What a peer sends, item by item: who owns it, whether it belongs here, whether it is news. Source: INV-1 to INV-12.
//!
//! Items were read and bounded by the wire; here they meet our rows. One refused item never holds back another, a
//! repeated one changes nothing, and one that comes before what it refers to waits for it (ruling 31).

mod posts;
mod reactions;
mod users;
mod waiting;

pub use waiting::release_stuck;

use rialto_model::{ChannelId, Millis, PostId, RemoteId, User, UserId};
use rialto_store::{StoreError, Tx, shares, users as user_rows};
use serde::{Deserialize, Serialize};

use crate::access::{self, Denied, RemoteActor, ShareAccess};
use crate::audit::{self, About};
use crate::{App, channel_members};

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
    /// Whom the sender says it mentions, by ids here; None: a sender that leaves it to the text.
    pub mentioned: Option<Vec<UserId>>,
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
}

/// Somebody of the peer's joins or leaves.
#[derive(Debug, Clone, Copy)]
pub struct IncomingMember {
    /// Who, on the wire.
    pub user_id: UserId,
    /// Joins, or leaves.
    pub joins: bool,
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
    /// Joins and leaves.
    pub members: Vec<IncomingMember>,
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
    /// Not possible in this form.
    Invalid,
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
            Code::Invalid => "invalid",
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
    /// Not now: the copy is archived, or the waiting room is full. The peer tries again (ruling 28).
    #[error("not now")]
    Later,
    /// Storage failed; the peer tries again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => Error::Store(error),
            Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare => Error::NotShared,
        }
    }
}

/// Applies what a peer sent for a channel. What was applied before a failure stays, and is known when it is repeated.
///
/// # Errors
/// [`Error`]; the peer is told to repeat, but for [`Error::NotShared`].
pub async fn items(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    items: IncomingItems,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let IncomingItems { users, posts, reactions, members } = items;
    // Even an empty frame answers whether the channel is shared (ruling 40).
    let (mut tx, share) = open(app, actor, channel).await?;
    let now = tx.now();
    shares::touch_sync(&mut tx, channel, &actor.id(), now)?;
    let mut room = SLICE;
    let mut share = share;

    macro_rules! next_slice {
        () => {
            room -= 1;
            if room == 0 {
                tx.commit().await?;
                (tx, share) = open(app, actor, channel).await?;
                room = SLICE;
            }
        };
    }
    for user in &users {
        match users::apply(app, &mut tx, &share, user).await? {
            Applied::Refused(code) => outcome.refused_users.push((user.wire_id, code)),
            Applied::Changed | Applied::Known | Applied::Parked => outcome.users.push(user.wire_id),
        }
        next_slice!();
    }
    for post in &posts {
        if let Applied::Refused(code) = posts::apply(app, &mut tx, &share, post).await? {
            outcome.refused_posts.push((post.id, code));
        }
        outcome.posts_at = tx.now();
        next_slice!();
    }
    for reaction in &reactions {
        if let Applied::Refused(code) = reactions::apply(&mut tx, &share, reaction).await? {
            outcome.refused_reactions.push((reaction.clone(), code));
        }
        next_slice!();
    }
    for member in &members {
        match person(&mut tx, &share, &member.user_id).await? {
            None => outcome.refused_members.push((member.user_id, Code::NoUser)),
            Some(person) => {
                channel_members::apply(&mut tx, &share, person.id, member.joins).await?;
            }
        }
        next_slice!();
    }
    note_refusals(&mut tx, actor, channel, &outcome)?;
    tx.commit().await?;
    Ok(outcome)
}

async fn open(app: &App, actor: &RemoteActor, channel: &ChannelId) -> Result<(Tx, ShareAccess), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let share = access::share(&mut tx, actor, channel).await?;
    if share.channel().is_archived() {
        return Err(Error::Later);
    }
    Ok((tx, share))
}

/// One line for all refusals of a frame, with codes and numbers, never content.
fn note_refusals(tx: &mut Tx, actor: &RemoteActor, channel: &ChannelId, outcome: &Outcome) -> Result<(), StoreError> {
    let mut counts = std::collections::BTreeMap::<(&str, Code), usize>::new();
    let users = outcome.refused_users.iter().chain(&outcome.refused_members).map(|(_, code)| ("user", *code));
    let posts = outcome.refused_posts.iter().map(|(_, code)| ("post", *code));
    let reactions = outcome.refused_reactions.iter().map(|(_, code)| ("reaction", *code));
    for key in users.chain(posts).chain(reactions) {
        *counts.entry(key).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let detail =
        counts.iter().map(|((kind, code), n)| format!("{kind} {} {n}", code.as_str())).collect::<Vec<_>>().join(", ");
    let about =
        About { action: "sync_refused", channel: Some(*channel), result: "refused", detail: &detail, remote: None };
    audit::by_remote(tx, actor, about)
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

/// The person a peer means by a wire id: one it owns, under the alias it has here if any (ruling 52).
async fn person(tx: &mut Tx, share: &ShareAccess, wire_id: &UserId) -> Result<Option<User>, StoreError> {
    let remote: RemoteId = share.remote().id;
    let id = user_rows::alias(tx, &remote, wire_id).await?.unwrap_or(*wire_id);
    Ok(user_rows::get(tx, &id).await?.filter(|user| user.remote_id == Some(remote)))
}

/// The people of these wire ids as this server knows them, whoever owns them: for rewriting mentions.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn known_people(
    app: &App,
    actor: &RemoteActor,
    wire_ids: &[UserId],
) -> Result<std::collections::HashMap<UserId, User>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = std::collections::HashMap::new();
    for wire_id in wire_ids {
        let id = user_rows::alias(&mut view, &actor.id(), wire_id).await?.unwrap_or(*wire_id);
        if let Some(user) = user_rows::get(&mut view, &id).await? {
            found.insert(*wire_id, user);
        }
    }
    Ok(found)
}
