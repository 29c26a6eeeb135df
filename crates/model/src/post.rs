//! Posts and reactions.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, FileId, Millis, PostId, RemoteId, UserId};

/// Files one post may carry (client-api 10).
pub const MAX_FILES: usize = 10;

/// A message. Its owner is the connection it came from, or this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Same on every server that holds it.
    pub id: PostId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// Author.
    pub user_id: UserId,
    /// First post of the thread, None for a root post.
    pub root_id: Option<PostId>,
    /// Origin's creation time, never after receipt (ruling 59).
    pub create_at: Millis,
    /// Local version: grows with every change of the row, by our clock (INV-10).
    pub update_at: Millis,
    /// Last edit of the text, by the owner's clock.
    pub edit_at: Option<Millis>,
    /// Deleted by its owner, everywhere.
    pub delete_at: Option<Millis>,
    /// Deleted by a moderator of this server, here only (behaviour 4.4.2).
    pub hidden_at: Option<Millis>,
    /// Pinned.
    pub is_pinned: bool,
    /// `""`, `me`, `system_...` and so on.
    pub kind: String,
    /// The text; empty once deleted.
    pub message: String,
    /// A JSON object, as text.
    pub props: String,
    /// Hashtags in the text, separated by spaces.
    pub hashtags: String,
    /// Its files in order; those of a peer may still be on their way.
    pub file_ids: Vec<FileId>,
    /// Owner connection, immutable (INV-2).
    pub remote_id: Option<RemoteId>,
    /// The owner's version of the row (ruling 59); 0 for local posts.
    pub remote_update_at: Millis,
    /// Replies, counted on the root.
    pub reply_count: i64,
    /// Creation time of the newest reply, on the root.
    pub last_reply_at: Millis,
    /// Whether anybody has reacted.
    pub has_reactions: bool,
}

impl Post {
    /// When it disappeared for readers of this server, by whoever's hand.
    pub fn gone_at(&self) -> Option<Millis> {
        self.delete_at.or(self.hidden_at)
    }

    /// System posts are written by each server for itself and never sent (behaviour 3, ruling 48).
    pub fn is_system(&self) -> bool {
        self.kind.starts_with("system_")
    }
}

/// What a post said before an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostVersion {
    /// Names the version.
    pub id: PostId,
    /// Of which post.
    pub post_id: PostId,
    /// When it was replaced: the version of the post that did.
    pub replaced_at: Millis,
    /// The version of the post that it was.
    pub update_at: Millis,
    /// The edit that made it; None for what was posted first.
    pub edit_at: Option<Millis>,
    /// The text.
    pub message: String,
    /// A JSON object, as text.
    pub props: String,
    /// Hashtags in the text, separated by spaces.
    pub hashtags: String,
    /// Its files in order; those that were taken out later among them.
    pub file_ids: Vec<FileId>,
}

/// One person's emoji on one post. `delete_at` set: taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Who reacted.
    pub user_id: UserId,
    /// To what.
    pub post_id: PostId,
    /// Where that is.
    pub channel_id: ChannelId,
    /// As given (ruling 75).
    pub emoji_name: String,
    /// When, by the owner's clock.
    pub create_at: Millis,
    /// Version.
    pub update_at: Millis,
    /// Set when taken back.
    pub delete_at: Option<Millis>,
    /// Owner connection.
    pub remote_id: Option<RemoteId>,
}
