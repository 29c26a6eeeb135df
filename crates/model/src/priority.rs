//! How urgent a post is, and who has acknowledged it. Source: client-api 2.3, wire 5.7 and 5.9.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, Millis, PostId, RemoteId, UserId};

/// How urgent a root post is, and what its author asks of readers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Priority {
    /// `""` for standard, `important` or `urgent`.
    pub level: String,
    /// Readers are asked to acknowledge it.
    pub requested_ack: bool,
    /// Those it mentions are reminded until they react.
    pub persistent_notifications: bool,
}

impl Priority {
    /// True if it says nothing a post without one would not say.
    pub fn is_standard(&self) -> bool {
        *self == Self::default()
    }

    /// True for the words there are.
    pub fn is_level(word: &str) -> bool {
        matches!(word, "" | "important" | "urgent")
    }
}

/// That somebody has acknowledged a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub user_id: UserId,
    /// What.
    pub post_id: PostId,
    /// Where that is.
    pub channel_id: ChannelId,
    /// When; None: taken back.
    pub acknowledged_at: Option<Millis>,
    /// Owner connection.
    pub remote_id: Option<RemoteId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_something_is_not_standard() {
        assert!(Priority::default().is_standard());
        assert!(!Priority { requested_ack: true, ..Priority::default() }.is_standard());
        assert!(Priority::is_level("urgent") && Priority::is_level("") && !Priority::is_level("panic"));
    }
}
