//! What became of a frame's items, for the peer's answer and for the audit log.

use rialto_model::{ChannelId, Millis, PostId, UserId};
use rialto_store::StoreError;

use super::{IncomingAcknowledgement, IncomingPin, IncomingReaction, Item};
use crate::App;
use crate::access::RemoteActor;
use crate::audit::{self, About};

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
    /// A rule of the connection forbids it (behaviour 8.6).
    Policy,
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
            Code::Policy => "policy",
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
    /// Posts that are kept and wait for something.
    pub parked_posts: Vec<(PostId, Code)>,
    /// Pins refused.
    pub refused_pins: Vec<(IncomingPin, Code)>,
    /// When the last post was applied; 0 without any.
    pub posts_at: Millis,
}

impl Outcome {
    pub(super) fn refuse(&mut self, item: Item<'_>, code: Code) {
        match item {
            Item::User(user) => self.refused_users.push((user.wire_id, code)),
            Item::Post(post) => self.refused_posts.push((post.id, code)),
            Item::Reaction(reaction) => self.refused_reactions.push((reaction.clone(), code)),
            Item::Acknowledgement(ack) => self.refused_acknowledgements.push((ack.clone(), code)),
            Item::Status(status) => self.refused_statuses.push((status.user_id, code)),
            Item::Member(member) => self.refused_members.push((member.user_id, code)),
            Item::Pin(pin) => self.refused_pins.push((pin.clone(), code)),
        }
    }
}

/// One line for all refusals of a frame, with codes and numbers, never content.
pub(super) async fn note_refusals(
    app: &App,
    actor: &RemoteActor,
    channel: Option<ChannelId>,
    outcome: &Outcome,
    before: &[(&'static str, Code)],
) -> Result<(), StoreError> {
    let mut counts = std::collections::BTreeMap::<(&str, Code), usize>::new();
    let users = outcome.refused_users.iter().chain(&outcome.refused_members).map(|(_, code)| ("user", *code));
    let posts = outcome.refused_posts.iter().map(|(_, code)| ("post", *code));
    let reactions = outcome.refused_reactions.iter().map(|(_, code)| ("reaction", *code));
    let acks = outcome.refused_acknowledgements.iter().map(|(_, code)| ("ack", *code));
    let statuses = outcome.refused_statuses.iter().map(|(_, code)| ("status", *code));
    let pins = outcome.refused_pins.iter().map(|(_, code)| ("pin", *code));
    let all = users.chain(posts).chain(reactions).chain(acks).chain(statuses).chain(pins);
    for key in all.chain(before.iter().copied()) {
        *counts.entry(key).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let detail =
        counts.iter().map(|((kind, code), n)| format!("{kind} {} {n}", code.as_str())).collect::<Vec<_>>().join(", ");
    let about = About { action: "sync_refused", channel, result: "refused", detail: &detail, remote: None };
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
