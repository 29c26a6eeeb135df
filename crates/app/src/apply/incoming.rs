//! What a peer sends, as the wire read it: items that are bounded and well-formed, and nothing more yet.

use rialto_model::{ChannelId, FileId, Millis, Post, PostId, Priority, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::Code;
use crate::delivery_states::Receipt;
use crate::{member_requests, mentions};

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
    /// History, or a root from before the share: nobody is called (ruling 8.4).
    #[serde(default)]
    pub is_old: bool,
}

impl IncomingPost {
    /// The row of a new post: nobody has answered it or reacted yet.
    pub(crate) fn row(&self, channel_id: ChannelId, user_id: UserId, create_at: Millis, update_at: Millis) -> Post {
        Post {
            id: self.id,
            channel_id,
            user_id,
            root_id: self.root_id,
            create_at,
            update_at,
            edit_at: self.edit_at,
            delete_at: None,
            hidden_at: None,
            is_pinned: self.is_pinned,
            kind: self.kind.clone(),
            message: self.message.clone(),
            props: self.props.clone(),
            hashtags: mentions::hashtags(&self.message),
            file_ids: Vec::new(),
            remote_id: None,
            remote_update_at: Millis(0),
            reply_count: 0,
            last_reply_at: Millis(0),
            has_reactions: false,
        }
    }
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
    pub(super) fn version(&self) -> Millis {
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

/// Somebody of the peer's has pinned a post or taken a pin away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingPin {
    /// Who, on the wire.
    pub user_id: UserId,
    /// What.
    pub post_id: PostId,
    /// Pinned, or not.
    pub pinned: bool,
    /// By their server's clock.
    pub at: Millis,
}

/// Where the sender of a frame stood in its log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncomingPosition {
    /// Its epoch; empty: it does not say.
    pub epoch: String,
    /// Its position.
    pub seq: Seq,
    /// Up to here we are missing nothing of it.
    pub low: Seq,
    /// The position of the last frame that we have confirmed to it.
    pub after: Option<Seq>,
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
    /// Pins and their ends; another Rialto's only.
    pub pins: Vec<IncomingPin>,
    /// How our messages fared with third organisations; another Rialto's only.
    pub receipts: Vec<Receipt>,
    /// Who may be in the channel, beside joins and leaves; another Rialto's only.
    pub member_words: Vec<member_requests::Incoming>,
    /// People of the frame who could not even be read.
    pub unreadable: Vec<UserId>,
    /// The home says that the frame is history and no news (ruling 8.4).
    pub history: bool,
    /// Where the sender stood in its log (ruling 8.4).
    pub position: Option<IncomingPosition>,
    /// What was refused before it got here, by the audit log's word for its kind: for that log alone.
    pub refused: Vec<(&'static str, Code)>,
}
