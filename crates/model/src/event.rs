//! What the log records: every change, once, thin, in causal order.
//!
//! An event holds ids, small facts and what only the writer knew; never message text, so that deleting a post leaves
//! none of its words behind. Whoever follows the log reads the current rows when it acts.

use serde::{Deserialize, Serialize};

use crate::{
    Acknowledgement, ChannelId, ConnectionId, CustomEmoji, ItemId, Millis, PostId, Reaction, RemoteId, Seq, SessionId,
    ShareId, TeamId, ThreadUnread, UserId,
};

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are the ids of what the variant names")]
pub enum DomainEvent {
    /// An account or stand-in was made.
    UserCreated {
        user: UserId,
    },
    /// Profile, roles or activation changed.
    UserUpdated {
        user: UserId,
    },
    /// System roles changed.
    UserRolesChanged {
        user: UserId,
    },
    /// Presence changed; `status` is `online`, `away`, `dnd` or `offline`.
    StatusChanged {
        user: UserId,
        status: String,
    },
    /// A sign-in ended; None: all of the user's.
    SessionsRevoked {
        user: UserId,
        session: Option<SessionId>,
    },
    /// Preferences were set.
    PreferencesChanged {
        user: UserId,
        preferences: Vec<Preference>,
    },
    /// Preferences were removed.
    PreferencesDeleted {
        user: UserId,
        preferences: Vec<Preference>,
    },
    /// What the person has begun to write in a channel or thread changed; `from` is the connection that said so.
    DraftChanged {
        user: UserId,
        channel: ChannelId,
        root: Option<PostId>,
        change: Change,
        from: Option<ConnectionId>,
    },
    /// A message the person has posted later changed or is gone; `from` is the connection that said so.
    ScheduledPostChanged {
        user: UserId,
        post: ItemId,
        channel: ChannelId,
        root: Option<PostId>,
        change: Change,
        from: Option<ConnectionId>,
    },
    TeamCreated {
        team: TeamId,
    },
    TeamUpdated {
        team: TeamId,
    },
    TeamMemberAdded {
        team: TeamId,
        user: UserId,
    },
    TeamMemberRemoved {
        team: TeamId,
        user: UserId,
    },
    TeamMemberUpdated {
        team: TeamId,
        user: UserId,
    },
    ChannelCreated {
        channel: ChannelId,
        creator: Option<UserId>,
    },
    /// Names, header, purpose, type or the shared mark changed.
    ChannelUpdated {
        channel: ChannelId,
    },
    /// What its members may do here changed.
    ChannelModerated {
        channel: ChannelId,
    },
    ChannelArchived {
        channel: ChannelId,
    },
    /// A bookmark of the channel changed; `from` is the connection that said so.
    BookmarkChanged {
        bookmark: ItemId,
        channel: ChannelId,
        change: Change,
        from: Option<ConnectionId>,
    },
    /// The bookmarks of the channel stand in another order.
    BookmarksSorted {
        channel: ChannelId,
        from: Option<ConnectionId>,
    },
    /// The channel is gone for good; `team` is where it was.
    ChannelDeleted {
        channel: ChannelId,
        team: Option<TeamId>,
    },
    ChannelRestored {
        channel: ChannelId,
    },
    /// `by` is whoever added or removed them, the person themself included.
    ChannelMemberAdded {
        channel: ChannelId,
        user: UserId,
        by: Option<UserId>,
    },
    ChannelMemberRemoved {
        channel: ChannelId,
        user: UserId,
        by: Option<UserId>,
    },
    ChannelMemberUpdated {
        channel: ChannelId,
        user: UserId,
    },
    /// The person has seen the channel up to `at`.
    ChannelViewed {
        channel: ChannelId,
        user: UserId,
        at: Millis,
    },
    /// `mentions` are local people whose counters grew; `owner` is the post's owner connection.
    PostCreated {
        post: PostId,
        channel: ChannelId,
        owner: Option<RemoteId>,
        mentions: Vec<UserId>,
    },
    /// A peer has sent earlier messages of a channel, or reactions to them. They are no news to anybody: whoever shows
    /// the channel may look for them (behaviour 8.1).
    HistoryReceived {
        channel: ChannelId,
    },
    /// A message that is no news to anybody was kept.
    HistoryKept {
        post: PostId,
        channel: ChannelId,
    },
    /// Something else than before is known of the page a message links to.
    PreviewFound {
        post: PostId,
        channel: ChannelId,
    },
    /// Text, props or pin changed.
    PostEdited {
        post: PostId,
        channel: ChannelId,
        owner: Option<RemoteId>,
    },
    /// Somebody pinned a post or took a pin away; `owner` is the post's owner connection.
    PinChanged {
        post: PostId,
        channel: ChannelId,
        owner: Option<RemoteId>,
    },
    /// Deleted by its owner, or hidden by a moderator here when `hidden`.
    PostDeleted {
        post: PostId,
        channel: ChannelId,
        owner: Option<RemoteId>,
        by: Option<UserId>,
        hidden: bool,
    },
    /// How messages of `owner`'s people fared with the organisation of `remote`: for `owner` alone, whom we tell as the
    /// home of the channel (ruling 8.4).
    DeliveriesChanged {
        channel: ChannelId,
        owner: RemoteId,
        remote: RemoteId,
        posts: Vec<PostId>,
    },
    /// Something to tell `remote` alone about `user`'s place in a channel (ruling 8.4).
    MemberWord {
        channel: ChannelId,
        user: UserId,
        remote: RemoteId,
        word: MemberWord,
    },
    /// A thread has the reply, or, without one, lost a reply; `mentions` are local people it calls.
    ThreadChanged {
        root: PostId,
        channel: ChannelId,
        reply: Option<PostId>,
        mentions: Vec<UserId>,
    },
    /// Somebody follows a thread, or has left off.
    ThreadFollowed {
        root: PostId,
        channel: ChannelId,
        user: UserId,
        following: bool,
    },
    /// Somebody has read a thread up to `at`, or not from there on; what was unread before and is now.
    ThreadRead {
        root: PostId,
        channel: ChannelId,
        user: UserId,
        at: Millis,
        before: ThreadUnread,
        now: ThreadUnread,
    },
    /// Somebody has read all threads of a team.
    TeamThreadsRead {
        team: TeamId,
        user: UserId,
        at: Millis,
    },
    /// Somebody has read all threads of a channel.
    ChannelThreadsRead {
        channel: ChannelId,
        user: UserId,
        at: Millis,
    },
    /// Somebody has sorted the channels of a team otherwise.
    SidebarChanged {
        user: UserId,
        team: TeamId,
        change: SidebarChange,
    },
    /// An urgent message calls somebody once more (E-148).
    ReminderDue {
        post: PostId,
        channel: ChannelId,
        user: UserId,
    },
    ReactionAdded(Reaction),
    ReactionRemoved(Reaction),
    AcknowledgementAdded(Acknowledgement),
    AcknowledgementRemoved(Acknowledgement),
    /// Somebody here has given a picture a name.
    EmojiAdded(CustomEmoji),
    /// A picture here lost its name.
    EmojiRemoved(CustomEmoji),
    /// The emoji of a peer that shares this channel changed.
    PeerEmojiChanged {
        channel: ChannelId,
        remote: RemoteId,
    },
    /// A connection was made, confirmed, edited, removed or severed, or went on- or offline.
    RemoteChanged {
        remote: RemoteId,
    },
    /// An administrator changed settings.
    SettingsChanged {
        settings: Vec<String>,
    },
    /// A share begins here: home side, invite the peer; guest side, start sending.
    ShareStarted {
        share: ShareId,
        channel: ChannelId,
        remote: RemoteId,
    },
    /// State or mode of a share changed.
    ShareChanged {
        share: ShareId,
        channel: ChannelId,
        remote: RemoteId,
    },
    /// A share is over; nothing more is sent or taken for it.
    ShareEnded {
        share: ShareId,
        channel: ChannelId,
        remote: RemoteId,
    },
}

/// What servers tell each other of who may be in a channel, beside joins and leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum MemberWord {
    /// Somebody here asks to have a person of theirs.
    Asked { by: UserId, at: Millis },
    /// What became of their wish to have a person of ours: `added`, `refused` or `pending`.
    Answered { state: String },
    /// A person of theirs was removed here, or is welcome again.
    Blocked { blocked: bool, at: Millis },
}

/// What has become of the categories of a sidebar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidebarChange {
    /// There is one more.
    Created {
        /// Which.
        category: String,
    },
    /// Some are called otherwise, or hold something else.
    Updated,
    /// There is one less.
    Deleted {
        /// Which.
        category: String,
    },
    /// They stand in this order.
    Ordered {
        /// All of them.
        order: Vec<String>,
    },
}

/// What became of a small thing that clients keep a list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say what they are")]
pub enum Change {
    Added,
    Updated,
    Deleted,
}

/// A setting of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// Whose.
    pub user_id: UserId,
    /// Group, up to 32 bytes.
    pub category: String,
    /// Name in the group, up to 32 bytes.
    pub name: String,
    /// Up to 20,000 characters; empty in events about removed ones.
    pub value: String,
}

/// Who may hear of an event. A security decision, made once, where the event is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Members of the channel.
    Channel(ChannelId),
    /// Members of the team.
    Team(TeamId),
    /// One person.
    User(UserId),
    /// Everybody signed in.
    Server,
}

/// Who caused an event. It keeps echoes away: nothing returns over the connection it came from (SC-102).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This server or its people.
    Local,
    /// A peer.
    Remote(RemoteId),
}

impl Origin {
    /// The connection, if a peer caused it.
    pub fn remote(self) -> Option<RemoteId> {
        match self {
            Origin::Local => None,
            Origin::Remote(id) => Some(id),
        }
    }
}

/// An event as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Position.
    pub seq: Seq,
    /// When the transaction began.
    pub at: Millis,
    /// Who may hear of it.
    pub scope: Scope,
    /// Who caused it.
    pub origin: Origin,
    /// What happened.
    pub event: DomainEvent,
}
