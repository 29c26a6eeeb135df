//! What somebody has begun to write and not posted. Source: client-api 2.3 and 5.5.

use crate::{ChannelId, FileId, FileInfo, Millis, PostId, Priority, UserId};

/// Words somebody has begun to write in a channel or thread: one draft a place and person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose.
    pub user_id: UserId,
    /// Where it is to be posted.
    pub channel_id: ChannelId,
    /// In which thread.
    pub root_id: Option<PostId>,
    /// When it was begun.
    pub create_at: Millis,
    /// Version.
    pub update_at: Millis,
    /// The text so far.
    pub message: String,
    /// As in a post.
    pub kind: String,
    /// A JSON object, as text.
    pub props: String,
    /// Files of its author's that are not posted yet, in order.
    pub file_ids: Vec<FileId>,
    /// How urgent it is to be; None for a standard one.
    pub priority: Option<Priority>,
}

impl Draft {
    /// True if posting it would say nothing.
    pub fn is_empty(&self) -> bool {
        self.message.trim().is_empty() && self.file_ids.is_empty() && self.priority.is_none() && self.props.len() <= 2
    }
}

/// A draft with those of its files that are here, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDraft {
    /// The draft.
    pub draft: Draft,
    /// Its files.
    pub files: Vec<FileInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_of_blanks_says_nothing() {
        let blank = Draft {
            user_id: UserId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            root_id: None,
            create_at: Millis(1),
            update_at: Millis(1),
            message: " \n".to_owned(),
            kind: String::new(),
            props: "{}".to_owned(),
            file_ids: Vec::new(),
            priority: None,
        };
        assert!(blank.is_empty());
        assert!(!Draft { message: "a".to_owned(), ..blank.clone() }.is_empty());
        assert!(!Draft { file_ids: vec![FileId::from_random([3; 16])], ..blank.clone() }.is_empty());
        assert!(!Draft { priority: Some(Priority::default()), ..blank }.is_empty());
    }
}
